#include "cli/cluster_client.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "cli/exec_credential.h"
#include "common/k8s/config.h"
#include "common/k8s/cpprest_http.h"
#include "local/object/json.h"

namespace rha::cli {
namespace {

namespace object = local::object;
using object::Json;
using object::Str;

constexpr const char* kFieldManager = "redisha";
constexpr const char* kTableAccept =
    "application/json;as=Table;v=v1;g=meta.k8s.io,application/json";

std::string Lower(std::string text) {
  for (char& c : text) c = static_cast<char>(tolower(c));
  return text;
}

std::string PathOf(const Kind& kind, const std::string& name_space, const std::string& name) {
  std::string path = kind.group.empty() ? "/api/" : "/apis/" + kind.group + "/";
  path += kind.version;
  if (kind.namespaced && !name_space.empty()) path += "/namespaces/" + name_space;
  path += "/" + kind.plural;
  return name.empty() ? path : path + "/" + name;
}

}  // namespace

Result<std::unique_ptr<ClusterClient>> ClusterClient::Connect(const Access& access) {
  auto client = std::make_unique<ClusterClient>();
  client->access_ = access;
  RHA_ASSIGN_OR_RETURN(client->config_, k8s::LoadConfig(access.kubeconfig, access.context,
                                                        /*exec_plugins=*/true));
  if (client->config_.exec) RHA_RETURN_IF_ERROR(TakeCredentials(&client->config_));
  const std::string& ns = client->config_.ns;
  client->name_space_ = !access.name_space.empty() ? access.name_space
                        : ns.empty()               ? "default"
                                                   : ns;
  RHA_ASSIGN_OR_RETURN(client->transport_, k8s::MakeCpprestTransport(client->config_));
  return client;
}

Result<Json> ClusterClient::Call(const k8s::HttpRequest& request, const std::string& what,
                                 int* code) {
  RHA_ASSIGN_OR_RETURN(const k8s::HttpResponse response, transport_->Send(request));
  if (code != nullptr) *code = response.status;
  RHA_ASSIGN_OR_RETURN(Json body, object::ParseJson(response.body));
  if (response.status < 400) return body;
  const std::string message = Str(body, {"message"}, "HTTP " + std::to_string(response.status));
  const Code reason = response.status == 404                             ? Code::kNotFound
                      : response.status == 409                           ? Code::kConflict
                      : response.status == 401 || response.status == 403 ? Code::kDenied
                      : response.status < 500                            ? Code::kInvalid
                                                                         : Code::kUnavailable;
  return Status(reason, what + ": " + message);
}

Status ClusterClient::Discover() {
  if (!kinds_.empty()) return Status::Ok();
  std::vector<std::pair<std::string, std::string>> versions{{"", "v1"}};
  k8s::HttpRequest request;
  request.path = "/apis";
  RHA_ASSIGN_OR_RETURN(const Json groups, Call(request, "list API groups"));
  for (const auto& group : object::Items(groups, {"groups"})) {
    versions.emplace_back(Str(group, {"name"}), Str(group, {"preferredVersion", "version"}));
  }
  for (const auto& [group, version] : versions) {
    request.path = group.empty() ? "/api/" + version : "/apis/" + group + "/" + version;
    const auto list = Call(request, "list resources of " + group);
    if (!list.ok()) continue;  // an aggregated API that is down hides only its own kinds
    for (const auto& entry : object::Items(*list, {"resources"})) {
      if (Str(entry, {"name"}).find('/') != std::string::npos) continue;
      Kind kind{group,
                version,
                Str(entry, {"name"}),
                Str(entry, {"kind"}),
                Str(entry, {"singularName"}),
                {},
                object::Bool(entry, {"namespaced"})};
      for (const auto& name : object::Items(entry, {"shortNames"})) {
        kind.short_names.push_back(name.get<std::string>());
      }
      kinds_.push_back(std::move(kind));
    }
  }
  return Status::Ok();
}

Result<Kind> ClusterClient::FindKind(const std::string& word) {
  RHA_RETURN_IF_ERROR(Discover());
  const std::string lower = Lower(word);
  for (const auto& kind : kinds_) {
    const bool is_short = std::find(kind.short_names.begin(), kind.short_names.end(), lower) !=
                          kind.short_names.end();
    if (kind.plural == lower || kind.singular == lower || Lower(kind.kind) == lower || is_short ||
        kind.plural + "." + kind.group == lower) {
      return kind;
    }
  }
  return Status(Code::kNotFound, "the server has no resource type \"" + word + "\"");
}

Result<Kind> ClusterClient::FindType(const std::string& api_version, const std::string& kind) {
  // A definition just applied brings a new type: discovery is done anew when one is missing.
  for (int attempt = 0; attempt < 2; ++attempt) {
    RHA_RETURN_IF_ERROR(Discover());
    for (const auto& known : kinds_) {
      if (known.kind == kind && known.ApiVersion() == api_version) return known;
    }
    kinds_.clear();
  }
  return Status(Code::kNotFound, "the server knows no kind " + kind + " in " + api_version +
                                     "; is its CustomResourceDefinition installed?");
}

Result<Json> ClusterClient::Get(const Kind& kind, const std::string& name_space,
                                const std::string& name, bool table,
                                const std::string& label_selector) {
  k8s::HttpRequest request;
  request.path = PathOf(kind, name_space, name);
  if (!label_selector.empty()) request.query.emplace_back("labelSelector", label_selector);
  if (table) request.accept = kTableAccept;
  return Call(request, "get " + kind.plural + (name.empty() ? "" : " " + name));
}

Result<ClusterClient::Applied> ClusterClient::Apply(const Json& object, bool force) {
  const std::string name = object::Name(object);
  if (name.empty()) return Status(Code::kInvalid, "an object has no metadata.name");
  RHA_ASSIGN_OR_RETURN(const Kind kind,
                       FindType(Str(object, {"apiVersion"}), Str(object, {"kind"})));
  const std::string name_space = Str(object, {"metadata", "namespace"}, name_space_);
  k8s::HttpRequest request;
  request.method = k8s::HttpMethod::kPatch;
  request.path = PathOf(kind, kind.namespaced ? name_space : "", name);
  request.query = {{"fieldManager", kFieldManager},
                   {"fieldValidation", "Strict"},
                   {"force", force ? "true" : "false"}};
  request.content_type = "application/apply-patch+yaml";
  request.body = object::Dump(object);
  int code = 0;
  RHA_ASSIGN_OR_RETURN(Json applied, Call(request, "apply " + kind.singular + " " + name, &code));
  return Applied{std::move(applied), code == 201};
}

}  // namespace rha::cli
