#include "common/k8s/api.h"

#include <nlohmann/json.hpp>

#include "common/k8s/limits.h"

namespace rha::k8s {

Result<ObjectList> ParseList(const ResourceType& type, std::string_view body,
                             ManagedFields managed_fields) {
  RHA_ASSIGN_OR_RETURN(Json parsed, ParseJson(body));
  ObjectList list;
  list.resource_version = StringAt(parsed, "metadata.resourceVersion");
  list.continue_token = StringAt(parsed, "metadata.continue");
  const auto items = parsed.is_object() ? parsed.find("items") : parsed.end();
  if (items == parsed.end()) return Status(Code::kCorrupt, "answer has no items");
  if (items->is_null()) return list;
  if (!items->is_array()) return Status(Code::kCorrupt, "items is no array");
  for (Json& item : *items) {
    if (!item.is_object()) return Status(Code::kCorrupt, "an item is no object");
    item["apiVersion"] = type.ApiVersion();
    item["kind"] = std::string(type.kind);
    if (managed_fields == ManagedFields::kDrop) DropManagedFields(&item);
    list.items.push_back(std::make_shared<const Json>(std::move(item)));
  }
  return list;
}

Result<Json> Api::Call(const std::string& what, const HttpRequest& request) {
  auto response = transport_.Send(request);
  if (!response.ok()) return response.status().Context(what);
  if (response->status < 200 || response->status > 299) {
    return ToStatus(ParseApiError(*response)).Context(what);
  }
  auto parsed = ParseJson(response->body);
  if (!parsed.ok()) return parsed.status().Context(what);
  return parsed;
}

Result<Json> Api::Get(const ObjectRef& ref, const std::string& subresource) {
  return Call("get " + ref.ToString(), GetRequest(ref, subresource));
}

Result<ObjectList> Api::List(const ResourceType& type, ListOptions options) {
  const std::string what = "list " + std::string(type.plural);
  if (options.limit == 0) options.limit = kListPageSize;
  ObjectList all;
  do {
    auto response = transport_.Send(ListRequest(type, options));
    if (!response.ok()) return response.status().Context(what);
    if (response->status != 200) return ToStatus(ParseApiError(*response)).Context(what);
    auto page = ParseList(type, response->body);
    if (!page.ok()) return page.status().Context(what);
    all.items.insert(all.items.end(), page->items.begin(), page->items.end());
    all.resource_version = page->resource_version;
    options.continue_token = page->continue_token;
  } while (!options.continue_token.empty());
  return all;
}

Result<Json> Api::Create(const ResourceType& type, const Json& object,
                         const WriteOptions& options) {
  return Call("create " + ObjectRef{&type, KeyOf(object)}.ToString(),
              CreateRequest(type, object, options));
}

Result<Json> Api::Replace(const ResourceType& type, const Json& object,
                          const WriteOptions& options) {
  return Call("update " + ObjectRef{&type, KeyOf(object)}.ToString(),
              ReplaceRequest(type, object, options));
}

Result<Json> Api::MergePatch(const ObjectRef& ref, const Json& patch, const WriteOptions& options) {
  return Call("patch " + ref.ToString(), MergePatchRequest(ref, patch, options));
}

Result<Json> Api::JsonPatch(const ObjectRef& ref, const Json& patch, const WriteOptions& options) {
  return Call("patch " + ref.ToString(), JsonPatchRequest(ref, patch, options));
}

Result<Json> Api::Apply(const ResourceType& type, const Json& object, const ApplyOptions& options) {
  return Call("apply " + ObjectRef{&type, KeyOf(object)}.ToString(),
              ApplyRequest(type, object, options));
}

Status Api::Delete(const ObjectRef& ref, const DeleteOptions& options) {
  return Call("delete " + ref.ToString(), DeleteRequest(ref, options)).status();
}

Result<Json> Api::GetPath(const std::string& path) {
  return Call("get " + path, {.method = HttpMethod::kGet, .path = path});
}

}  // namespace rha::k8s
