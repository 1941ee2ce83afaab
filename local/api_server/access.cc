// Who asks, and whether he may: authentication, impersonation, RBAC, and the API's own answers
// about them (`kubectl auth can-i`).
#include <algorithm>
#include <nlohmann/json.hpp>

#include "local/api_server/api.h"
#include "local/object/json.h"
#include "local/object/selector.h"

namespace rha::local::api_server {

using object::ApiError;
using object::Json;
using object::Str;
using registry::Access;
using registry::User;

namespace {

std::string VerbOf(const Request& request, const Target& target) {
  const bool one = !target.name.empty();
  if (request.method == "GET") {
    if (request.QueryFlag("watch")) return "watch";
    // A terminal's doors open by GET too (WebSocket), but that does not make them a reading.
    const std::string& sub = target.subresource;
    if (sub == "exec" || sub == "attach" || sub == "portforward") return "create";
    return one ? "get" : "list";
  }
  if (request.method == "POST") return "create";
  if (request.method == "PUT") return "update";
  if (request.method == "PATCH") return "patch";
  if (request.method == "DELETE") return one ? "delete" : "deletecollection";
  return request.method;
}

// A rule with resourceNames also holds for a list of the one object that it names.
std::string NameSelected(const Request& request) {
  constexpr std::string_view kField = "metadata.name=";
  const std::string selector = request.Query("fieldSelector");
  if (!selector.starts_with(kField) || selector.find(',') != std::string::npos) return {};
  const std::string name = selector.substr(kField.size());
  return name.starts_with('=') ? name.substr(1) : name;
}

Access AccessOf(const Request& request, const Target& target) {
  const std::string name = target.name.empty() ? NameSelected(request) : target.name;
  return {VerbOf(request, target),
          target.group,
          target.resource,
          target.subresource,
          target.resource == "namespaces" ? target.name : target.name_space,
          name,
          ""};
}

ApiError Denied(const User& user, const Access& access, const std::string& name) {
  const std::string why = access.Denial(user);
  if (!access.path.empty()) return {403, "Forbidden", "forbidden: " + why};
  ApiError error = object::Forbidden({access.group, access.resource, "", name}, why);
  if (name.empty()) {
    error.message = object::Subject{access.group, access.resource, "", ""}.Qualified() +
                    " is forbidden: " + why;
  }
  return error;
}

Access AccessAsked(const Json& spec) {
  const Json* path = object::Find(spec, {"nonResourceAttributes"});
  if (path != nullptr) return {.verb = Str(*path, {"verb"}), .path = Str(*path, {"path"})};
  const Json& of = object::Map(spec, {"resourceAttributes"});
  return {Str(of, {"verb"}),
          Str(of, {"group"}),
          Str(of, {"resource"}),
          Str(of, {"subresource"}),
          Str(of, {"namespace"}),
          Str(of, {"name"}),
          ""};
}

}  // namespace

object::Answer<User> Api::Authenticate(const Request& request) const {
  const auto name = tokens_.User(request.authorization);
  if (!name) return ApiError{401, "Unauthorized", "Unauthorized"};
  User user = registry::UserNamed(*name);
  if (*name == tokens_.admin()) user.groups.emplace_back(registry::kMasters);
  if (request.impersonate_user.empty()) return user;
  Access access{.verb = "impersonate", .resource = "users", .name = request.impersonate_user};
  if (!authorizer_.Allows(user, access)) return Denied(user, access, access.name);
  User other = registry::UserNamed(request.impersonate_user);
  other.groups.insert(other.groups.end(), request.impersonate_groups.begin(),
                      request.impersonate_groups.end());
  return other;
}

object::Refusal Api::Authorize(const User& user, const Request& request,
                               const Target& target) const {
  const Access access = AccessOf(request, target);
  if (authorizer_.Allows(user, access)) return std::nullopt;
  return Denied(user, access, target.name);
}

// Server-side apply to nothing makes the object: that is a creation, too.
object::Refusal Api::AuthorizeCreation(const Call& call) const {
  Access access = AccessOf(call.request, call.target);
  access.verb = "create";
  if (authorizer_.Allows(call.user, access)) return std::nullopt;
  return Denied(call.user, access, call.target.name);
}

object::Refusal Api::RefuseEscalation(const Call& call, const Json& body) const {
  if (call.resource->group != "rbac.authorization.k8s.io") return std::nullopt;
  const auto lacking = authorizer_.Lacking(call.user, body, call.target.name_space);
  if (lacking.empty()) return std::nullopt;
  std::string why =
      "user \"" + call.user.name + "\" is attempting to grant RBAC permissions not currently held:";
  for (const auto& rule : lacking) why += "\n" + rule;
  return object::Forbidden(call.resource->Named(object::Name(body)), why);
}

Response Api::Review(const User& user, const Request& request, const Target& target) const {
  auto body = DecodeBody(request);
  if (!body.ok()) return ErrorResponse(body.error());
  const Json spec = object::Map(*body, {"spec"});
  if (target.resource == "selfsubjectrulesreviews") {
    Json resources = Json::array(), paths = Json::array();
    for (const auto& rule : authorizer_.RulesOf(user, Str(spec, {"namespace"}))) {
      (object::Items(rule, {"nonResourceURLs"}).empty() ? resources : paths).push_back(rule);
    }
    (*body)["status"] = {
        {"resourceRules", resources}, {"nonResourceRules", paths}, {"incomplete", false}};
    return JsonResponse(201, *body);
  }
  User about = user;
  if (target.resource != "selfsubjectaccessreviews") {
    if (auto refusal = Authorize(user, request, target)) return ErrorResponse(*refusal);
    about = registry::UserNamed(Str(spec, {"user"}));
    for (const auto& group : object::Items(spec, {"groups"})) {
      if (group.is_string()) about.groups.push_back(group.get<std::string>());
    }
  }
  (*body)["status"] = {{"allowed", authorizer_.Allows(about, AccessAsked(spec))}};
  return JsonResponse(201, *body);
}

// `kubectl create token`. Tokens of a local cluster do not expire.
Response Api::HandleToken(const Call& call) const {
  if (call.request.method != "POST") return ErrorResponse(object::MethodNotAllowed());
  auto account = registry_.Get(call.place);
  if (!account.ok()) return ErrorResponse(account.error());
  const std::string token = tokens_.ServiceAccount(call.place.name_space, call.place.name);
  return JsonResponse(201, {{"apiVersion", "authentication.k8s.io/v1"},
                            {"kind", "TokenRequest"},
                            {"metadata", {{"name", call.place.name}}},
                            {"status", {{"token", token}, {"expirationTimestamp", nullptr}}}});
}

}  // namespace rha::local::api_server
