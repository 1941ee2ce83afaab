#include "common/k8s/request.h"

#include <nlohmann/json.hpp>

namespace rha::k8s {
namespace {

void AppendEncoded(std::string_view text, bool keep_slash, std::string* out) {
  static constexpr char kHex[] = "0123456789ABCDEF";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '-' || c == '_' || c == '.' || c == '~' || (keep_slash && c == '/');
    if (plain) {
      *out += c;
    } else {
      *out += '%';
      *out += kHex[byte >> 4];
      *out += kHex[byte & 15];
    }
  }
}

std::string CollectionPath(const ResourceType& type, const std::string& ns) {
  std::string path = type.group.empty() ? "/api/" : "/apis/" + std::string(type.group) + "/";
  path += type.version;
  if (type.namespaced && !ns.empty()) path += "/namespaces/" + ns;
  return path + "/" + std::string(type.plural);
}

std::string ObjectPath(const ObjectRef& ref, const std::string& subresource) {
  std::string path = CollectionPath(*ref.type, ref.key.ns) + "/" + ref.key.name;
  if (!subresource.empty()) path += "/" + subresource;
  return path;
}

void AddQuery(const char* name, const std::string& value, HttpRequest* request) {
  if (!value.empty()) request->query.emplace_back(name, value);
}

void AddWriteQuery(const std::string& field_manager, bool dry_run, HttpRequest* request) {
  AddQuery("fieldManager", field_manager, request);
  if (dry_run) AddQuery("dryRun", "All", request);
}

HttpRequest PatchRequest(const ObjectRef& ref, const char* content_type, const Json& patch,
                         const WriteOptions& options) {
  HttpRequest request{.method = HttpMethod::kPatch,
                      .path = ObjectPath(ref, options.subresource),
                      .content_type = content_type,
                      .body = DumpJson(patch)};
  AddWriteQuery(options.field_manager, options.dry_run, &request);
  return request;
}

}  // namespace

const char* MethodName(HttpMethod method) {
  switch (method) {
    case HttpMethod::kGet:
      return "GET";
    case HttpMethod::kPost:
      return "POST";
    case HttpMethod::kPut:
      return "PUT";
    case HttpMethod::kPatch:
      return "PATCH";
    case HttpMethod::kDelete:
      return "DELETE";
  }
  return "GET";
}

std::string HttpRequest::Target() const {
  std::string target;
  AppendEncoded(path, /*keep_slash=*/true, &target);
  char separator = '?';
  for (const auto& [name, value] : query) {
    target += separator;
    separator = '&';
    AppendEncoded(name, false, &target);
    target += '=';
    AppendEncoded(value, false, &target);
  }
  return target;
}

HttpRequest GetRequest(const ObjectRef& ref, const std::string& subresource) {
  return {.method = HttpMethod::kGet, .path = ObjectPath(ref, subresource)};
}

HttpRequest ListRequest(const ResourceType& type, const ListOptions& options) {
  HttpRequest request{.method = HttpMethod::kGet, .path = CollectionPath(type, options.ns)};
  AddQuery("labelSelector", options.label_selector, &request);
  AddQuery("fieldSelector", options.field_selector, &request);
  if (options.limit > 0) AddQuery("limit", std::to_string(options.limit), &request);
  AddQuery("continue", options.continue_token, &request);
  return request;
}

HttpRequest WatchRequest(const ResourceType& type, const WatchOptions& options) {
  HttpRequest request{.method = HttpMethod::kGet, .path = CollectionPath(type, options.ns)};
  AddQuery("watch", "true", &request);
  AddQuery("allowWatchBookmarks", "true", &request);
  AddQuery("labelSelector", options.label_selector, &request);
  AddQuery("fieldSelector", options.field_selector, &request);
  AddQuery("resourceVersion", options.resource_version, &request);
  if (options.timeout_s > 0)
    AddQuery("timeoutSeconds", std::to_string(options.timeout_s), &request);
  return request;
}

HttpRequest CreateRequest(const ResourceType& type, const Json& object,
                          const WriteOptions& options) {
  HttpRequest request{.method = HttpMethod::kPost,
                      .path = CollectionPath(type, KeyOf(object).ns),
                      .content_type = "application/json",
                      .body = DumpJson(object)};
  AddWriteQuery(options.field_manager, options.dry_run, &request);
  return request;
}

HttpRequest ReplaceRequest(const ResourceType& type, const Json& object,
                           const WriteOptions& options) {
  HttpRequest request{.method = HttpMethod::kPut,
                      .path = ObjectPath({&type, KeyOf(object)}, options.subresource),
                      .content_type = "application/json",
                      .body = DumpJson(object)};
  AddWriteQuery(options.field_manager, options.dry_run, &request);
  return request;
}

HttpRequest MergePatchRequest(const ObjectRef& ref, const Json& patch,
                              const WriteOptions& options) {
  return PatchRequest(ref, "application/merge-patch+json", patch, options);
}

HttpRequest JsonPatchRequest(const ObjectRef& ref, const Json& patch, const WriteOptions& options) {
  return PatchRequest(ref, "application/json-patch+json", patch, options);
}

HttpRequest ApplyRequest(const ResourceType& type, const Json& object,
                         const ApplyOptions& options) {
  HttpRequest request = PatchRequest({&type, KeyOf(object)}, "application/apply-patch+yaml", object,
                                     {options.field_manager, options.subresource, options.dry_run});
  AddQuery("force", options.force ? "true" : "false", &request);
  return request;
}

HttpRequest DeleteRequest(const ObjectRef& ref, const DeleteOptions& options) {
  Json body = {{"apiVersion", "v1"}, {"kind", "DeleteOptions"}};
  if (!options.propagation.empty()) body["propagationPolicy"] = options.propagation;
  if (!options.uid.empty()) body["preconditions"] = {{"uid", options.uid}};
  return {.method = HttpMethod::kDelete,
          .path = ObjectPath(ref, {}),
          .content_type = "application/json",
          .body = DumpJson(body)};
}

}  // namespace rha::k8s
