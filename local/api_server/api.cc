#include "local/api_server/api.h"

#include <nlohmann/json.hpp>

#include "local/api_server/discovery.h"
#include "local/api_server/limits.h"
#include "local/api_server/protobuf.h"
#include "local/api_server/table.h"
#include "local/object/json.h"
#include "local/object/numbers.h"
#include "local/object/selector.h"

namespace rha::local::api_server {

using object::ApiError;
using object::Json;
using object::Str;
using registry::Place;
using store::Object;

namespace {

registry::WriteOptions WriteOptionsOf(const Request& request, const std::string& subresource,
                                      std::vector<std::string>* warnings) {
  registry::WriteOptions options;
  options.manager = request.Query("fieldManager", "unknown");
  options.subresource = subresource;
  options.validation = request.Query("fieldValidation");
  options.dry_run = request.Query("dryRun") == "All";
  options.warnings = warnings;
  return options;
}

object::Answer<registry::PatchKind> PatchKindOf(const std::string& content_type) {
  const std::string type = content_type.substr(0, content_type.find(';'));
  if (type == "application/merge-patch+json") return registry::PatchKind::kMerge;
  if (type == "application/strategic-merge-patch+json") return registry::PatchKind::kStrategic;
  if (type == "application/json-patch+json") return registry::PatchKind::kJson;
  if (type == "application/apply-patch+yaml") return registry::PatchKind::kApply;
  return object::UnsupportedMedia(type);
}

object::Answer<registry::DeleteOptions> DeleteOptionsOf(const Request& request) {
  registry::DeleteOptions options;
  Json body = Json::object();
  if (!request.body.empty()) {
    LOCAL_ASSIGN_OR_REFUSE(body, DecodeBody(request));
  }
  options.propagation = Str(body, {"propagationPolicy"}, request.Query("propagationPolicy"));
  if (object::Bool(body, {"orphanDependents"})) options.propagation = "Orphan";
  options.uid = Str(body, {"preconditions", "uid"});
  options.resource_version = Str(body, {"preconditions", "resourceVersion"});
  if (object::Find(body, {"gracePeriodSeconds"}) != nullptr) {
    options.grace_period_seconds = object::Int(body, {"gracePeriodSeconds"});
  } else if (!request.Query("gracePeriodSeconds").empty()) {
    options.grace_period_seconds = object::ParseInt(request.Query("gracePeriodSeconds"));
  }
  options.dry_run = request.Query("dryRun") == "All" || !object::Items(body, {"dryRun"}).empty();
  return options;
}

}  // namespace

bool WantsTable(const Request& request) {
  return request.accept.find("as=Table") != std::string::npos;
}

object::Answer<Json> DecodeBody(const Request& request) {
  const std::string type = request.content_type.substr(0, request.content_type.find(';'));
  Result<Json> body = Status(Code::kUnsupported, type);
  if (type == "application/vnd.kubernetes.protobuf") {
    body = DecodeProtobuf(request.body);
  } else if (type.ends_with("yaml")) {
    body = object::ParseYaml(request.body);
  } else if (type.empty() || type.ends_with("json")) {
    body = object::ParseJson(request.body);
  }
  if (body.ok()) return *std::move(body);
  if (body.status().code() == Code::kUnsupported) {
    return object::UnsupportedMedia(body.status().message());
  }
  return object::BadRequest(body.status().message());
}

Response Api::Handle(const Request& request) const {
  const bool open = request.path == "/healthz" || request.path == "/livez" ||
                    request.path == "/readyz" || request.path == "/version";
  auto user = open ? object::Answer<registry::User>(registry::User{}) : Authenticate(request);
  if (!user.ok()) return ErrorResponse(user.error());
  // What is served, everybody may know.
  if (request.method == "GET") {
    if (auto answer = AnswerDiscovery(request, registry_.catalog())) return *std::move(answer);
  }
  const auto target = ParseTargetPath(request.path);
  if (!target) return ErrorResponse(object::UnknownPath());
  if (target->group == "authorization.k8s.io") return Review(*user, request, *target);
  auto resource = registry_.catalog().Find(target->group, target->version, target->resource);
  if (auto refusal = Authorize(*user, request, *target)) return ErrorResponse(*refusal);
  if (resource == nullptr) return ErrorResponse(object::UnknownPath());
  const Place place{*resource, target->name_space, target->name};
  return HandleResource({request, *user, *target, resource, place});
}

Response Api::HandleResource(const Call& call) const {
  const std::string& sub = call.target.subresource;
  if (call.target.name.empty()) return HandleCollection(call);
  if (call.resource->namespaced && call.target.name_space.empty()) {
    return ErrorResponse(object::UnknownPath());
  }
  if (sub.empty() || (sub == "status" && call.resource->status)) return HandleObject(call);
  if (sub == "scale" && call.resource->scale) return HandleScale(call);
  if (call.resource->kind == "Pod" && sub == "log") return HandleLog(call);
  if (call.resource->kind == "Pod" && sub == "eviction") return HandleEviction(call);
  if (call.resource->kind == "ServiceAccount" && sub == "token") return HandleToken(call);
  if (call.resource->kind == "Pod" && sub == "exec") return HandleExec(call);
  if (call.resource->kind == "Pod" && sub == "attach") return HandleAttach(call);
  if (call.resource->kind == "Pod" && sub == "portforward") return HandlePortForward(call);
  return ErrorResponse(object::UnknownPath());
}

Response Api::HandleCollection(const Call& call) const {
  const std::string& method = call.request.method;
  if (method == "GET") return List(call);
  if (method == "POST") return Create(call);
  if (method == "DELETE") return DeleteCollection(call);
  return ErrorResponse(object::MethodNotAllowed());
}

Response Api::HandleObject(const Call& call) const {
  const std::string& method = call.request.method;
  if (method == "GET") {
    if (call.request.QueryFlag("watch")) return Watch(call, "metadata.name=" + call.target.name);
    auto found = registry_.Get(call.place);
    return found.ok() ? Show(call, 200, *found) : ErrorResponse(found.error());
  }
  if (method == "PUT") {
    auto body = DecodeBody(call.request);
    if (!body.ok()) return ErrorResponse(body.error());
    if (auto refusal = RefuseEscalation(call, *body)) return ErrorResponse(*refusal);
    std::vector<std::string> warnings;
    auto updated =
        registry_.Update(call.place, *std::move(body),
                         WriteOptionsOf(call.request, call.target.subresource, &warnings));
    if (!updated.ok()) return ErrorResponse(updated.error());
    Response response = Show(call, 200, *updated);
    response.warnings = warnings;
    return response;
  }
  if (method == "PATCH") return Patch(call);
  if (method == "DELETE" && call.target.subresource.empty()) return Delete(call);
  return ErrorResponse(object::MethodNotAllowed());
}

Response Api::Show(const Call& call, int status, const Object& object) const {
  if (!WantsTable(call.request)) return JsonResponse(status, *object);
  const TableOptions options{registry_.clock().UnixMillis(),
                             call.request.Query("includeObject", "Metadata"), true};
  Json table = MakeTable(*call.resource, {object}, options);
  table["metadata"]["resourceVersion"] = Str(*object, {"metadata", "resourceVersion"});
  return JsonResponse(status, table);
}

Response Api::Create(const Call& call) const {
  if (call.resource->namespaced && call.target.name_space.empty()) {
    return ErrorResponse(object::MethodNotAllowed());
  }
  auto body = DecodeBody(call.request);
  if (!body.ok()) return ErrorResponse(body.error());
  std::vector<std::string> warnings;
  if (auto refusal = RefuseEscalation(call, *body)) return ErrorResponse(*refusal);
  auto created =
      registry_.Create(call.place, *std::move(body), WriteOptionsOf(call.request, "", &warnings));
  if (!created.ok()) return ErrorResponse(created.error());
  Response response = Show(call, 201, *created);
  response.warnings = warnings;
  return response;
}

Response Api::Patch(const Call& call) const {
  auto kind = PatchKindOf(call.request.content_type);
  if (!kind.ok()) return ErrorResponse(kind.error());
  auto body = DecodeBody(call.request);
  if (!body.ok()) return ErrorResponse(body.error());
  const bool apply = *kind == registry::PatchKind::kApply;
  if (apply && call.request.Query("fieldManager").empty()) {
    return ErrorResponse(
        object::BadRequest("PatchOptions.meta.k8s.io \"\" is invalid: "
                           "fieldManager: Required value: is required for apply "
                           "patch"));
  }
  const bool known = registry_.store().Get(registry_.KeyOf(call.place)) != nullptr;
  if (auto refusal = RefuseEscalation(call, *body)) return ErrorResponse(*refusal);
  if (apply && !known) {
    if (auto refusal = AuthorizeCreation(call)) return ErrorResponse(*refusal);
  }
  std::vector<std::string> warnings;
  auto patched = registry_.Patch(call.place, {*kind, *body, call.request.QueryFlag("force")},
                                 WriteOptionsOf(call.request, call.target.subresource, &warnings));
  if (!patched.ok()) return ErrorResponse(patched.error());
  Response response = Show(call, known ? 200 : 201, *patched);
  response.warnings = warnings;
  return response;
}

Response Api::Delete(const Call& call) const {
  auto options = DeleteOptionsOf(call.request);
  if (!options.ok()) return ErrorResponse(options.error());
  auto deleted = registry_.Delete(call.place, *options);
  if (!deleted.ok()) return ErrorResponse(deleted.error());
  if (!deleted->gone || call.resource->kind == "Pod") return Show(call, 200, deleted->object);
  return JsonResponse(200, {{"kind", "Status"},
                            {"apiVersion", "v1"},
                            {"metadata", Json::object()},
                            {"status", "Success"},
                            {"details",
                             {{"name", call.target.name},
                              {"group", call.resource->group},
                              {"kind", call.resource->plural},
                              {"uid", object::Uid(*deleted->object)}}}});
}

Response Api::HandleScale(const Call& call) const {
  auto scale = registry_.GetScale(call.place);
  if (!scale.ok()) return ErrorResponse(scale.error());
  if (call.request.method == "GET") return JsonResponse(200, *scale);
  auto body = DecodeBody(call.request);
  if (!body.ok()) return ErrorResponse(body.error());
  if (call.request.method == "PATCH") {
    Json next = *scale;
    next["metadata"].erase("resourceVersion");
    auto kind = PatchKindOf(call.request.content_type);
    if (!kind.ok()) return ErrorResponse(kind.error());
    if (*kind == registry::PatchKind::kJson) {
      return ErrorResponse(object::UnsupportedMedia(call.request.content_type));
    }
    next.merge_patch(*body);
    *body = std::move(next);
  } else if (call.request.method != "PUT") {
    return ErrorResponse(object::MethodNotAllowed());
  }
  auto updated =
      registry_.UpdateScale(call.place, *body, WriteOptionsOf(call.request, "", nullptr));
  return updated.ok() ? JsonResponse(200, *updated) : ErrorResponse(updated.error());
}

// Evicts unless a PodDisruptionBudget says that one pod fewer is too few.
Response Api::HandleEviction(const Call& call) const {
  auto pod = registry_.Get(call.place);
  if (!pod.ok()) return ErrorResponse(pod.error());
  for (const auto& budget :
       registry_.store().List("poddisruptionbudgets.policy", call.target.name_space).objects) {
    const auto selector =
        object::FromLabelSelectorObject(object::Map(*budget, {"spec", "selector"}));
    if (!selector.Matches(**pod)) continue;
    if (object::Int(*budget, {"status", "disruptionsAllowed"}) > 0) continue;
    return ErrorResponse(
        ApiError{429, "TooManyRequests",
                 "Cannot evict pod as it would violate the pod's disruption budget."});
  }
  auto deleted = registry_.Delete(call.place, {});
  if (!deleted.ok()) return ErrorResponse(deleted.error());
  return JsonResponse(201, {{"kind", "Status"},
                            {"apiVersion", "v1"},
                            {"metadata", Json::object()},
                            {"status", "Success"}});
}

}  // namespace rha::local::api_server
