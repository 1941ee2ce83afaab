// Collections: list, watch, delete.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "local/api_server/api.h"
#include "local/api_server/limits.h"
#include "local/api_server/table.h"
#include "local/api_server/watch.h"
#include "local/object/base64.h"
#include "local/object/json.h"
#include "local/object/numbers.h"

namespace rha::local::api_server {

using object::Json;
using store::Object;

namespace {

struct Selection {
  object::LabelSelector labels;
  object::FieldSelector fields;
};

object::Answer<Selection> SelectionOf(const Request& request, const std::string& more_fields) {
  auto labels = object::ParseLabelSelector(request.Query("labelSelector"));
  if (!labels.ok()) return object::BadRequest(labels.status().message());
  std::string text = request.Query("fieldSelector");
  if (!more_fields.empty()) text += (text.empty() ? "" : ",") + more_fields;
  auto fields = object::ParseFieldSelector(text);
  if (!fields.ok()) return object::BadRequest(fields.status().message());
  return Selection{*std::move(labels), *std::move(fields)};
}

std::string PositionOf(const Json& object) {
  return object::Namespace(object) + "/" + object::Name(object);
}

// One page: `limit` objects behind the continue token, and the token of the next page.
struct Page {
  std::vector<Object> objects;
  std::string next;
  size_t left = 0;
};

Page PageOf(const std::vector<Object>& all, const Selection& selection, const Request& request) {
  Page page;
  size_t limit =
      static_cast<size_t>(std::max<int64_t>(0, object::ParseInt(request.Query("limit"))));
  if (limit == 0) limit = all.size();
  limit = std::min(limit, std::max(all.size(), kListPageMax));
  const std::string after = object::Base64Decode(request.Query("continue")).value_or("");
  for (const auto& object : all) {
    if (!after.empty() && PositionOf(*object) <= after) continue;
    if (!selection.labels.Matches(*object) || !selection.fields.Matches(*object)) continue;
    if (page.objects.size() < limit) {
      page.objects.push_back(object);
    } else {
      ++page.left;
    }
  }
  if (page.left > 0) page.next = object::Base64Encode(PositionOf(*page.objects.back()));
  return page;
}

}  // namespace

Response Api::Watch(const Call& call, const std::string& field_selector) const {
  auto selection = SelectionOf(call.request, field_selector);
  if (!selection.ok()) return ErrorResponse(selection.error());
  WatchOptions options;
  options.resource = call.resource;
  options.name_space = call.target.name_space;
  options.labels = selection->labels;
  options.fields = selection->fields;
  options.resource_version = call.request.Query("resourceVersion");
  options.bookmarks = call.request.QueryFlag("allowWatchBookmarks");
  options.initial_events = call.request.QueryFlag("sendInitialEvents");
  options.table = WantsTable(call.request);
  options.include = call.request.Query("includeObject", "Metadata");
  const int64_t seconds = object::ParseInt(call.request.Query("timeoutSeconds"));
  options.timeout_seconds = seconds > 0 ? seconds : kWatchSecondsDefault;
  Response response;
  response.stream = [options, &registry = registry_](Stream& stream) {
    RunWatch(registry, options, stream);
  };
  return response;
}

Response Api::List(const Call& call) const {
  if (call.request.QueryFlag("watch")) return Watch(call, "");
  auto selection = SelectionOf(call.request, "");
  if (!selection.ok()) return ErrorResponse(selection.error());
  const auto all = registry_.List(*call.resource, call.target.name_space);
  const Page page = PageOf(all.objects, *selection, call.request);
  Json metadata{{"resourceVersion", std::to_string(all.version)}};
  if (!page.next.empty()) {
    metadata["continue"] = page.next;
    metadata["remainingItemCount"] = page.left;
  }
  if (WantsTable(call.request)) {
    Json table = MakeTable(
        *call.resource, page.objects,
        {registry_.clock().UnixMillis(), call.request.Query("includeObject", "Metadata"), true});
    table["metadata"] = metadata;
    return JsonResponse(200, table);
  }
  Json items = Json::array();
  for (const auto& object : page.objects) items.push_back(*object);
  return JsonResponse(200, {{"kind", call.resource->list_kind},
                            {"apiVersion", call.resource->ApiVersion()},
                            {"metadata", metadata},
                            {"items", std::move(items)}});
}

Response Api::DeleteCollection(const Call& call) const {
  auto selection = SelectionOf(call.request, "");
  if (!selection.ok()) return ErrorResponse(selection.error());
  Json items = Json::array();
  const auto all = registry_.List(*call.resource, call.target.name_space);
  for (const auto& object : all.objects) {
    if (!selection->labels.Matches(*object) || !selection->fields.Matches(*object)) continue;
    registry::DeleteOptions options;
    options.dry_run = call.request.Query("dryRun") == "All";
    auto deleted = registry_.Delete(
        {*call.resource, object::Namespace(*object), object::Name(*object)}, options);
    if (deleted.ok()) items.push_back(*deleted->object);
    if (!deleted.ok() && deleted.error().code != 404) return ErrorResponse(deleted.error());
  }
  return JsonResponse(200, {{"kind", call.resource->list_kind},
                            {"apiVersion", call.resource->ApiVersion()},
                            {"metadata", {{"resourceVersion", std::to_string(all.version)}}},
                            {"items", std::move(items)}});
}

}  // namespace rha::local::api_server
