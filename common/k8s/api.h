// The typed verbs against a server: request.h → transport → JSON or a Status that says what was
// attempted ("get secrets default/demo-auth: … (HTTP 404, NotFound)").
//
// Any thread; calls block (limits.h kRequestTimeout). Nothing is cached or retried here.
#pragma once

#include <string>
#include <vector>

#include "common/base/status.h"
#include "common/k8s/errors.h"
#include "common/k8s/http.h"
#include "common/k8s/json.h"
#include "common/k8s/request.h"

namespace rha::k8s {

struct ObjectList {
  std::vector<ObjectPtr> items;
  std::string resource_version;
  std::string continue_token;
};

class Api {
 public:
  // The transport must outlive the Api.
  explicit Api(HttpTransport& transport) : transport_(transport) {}

  Result<Json> Get(const ObjectRef& ref, const std::string& subresource = {});
  // All pages.
  Result<ObjectList> List(const ResourceType& type, ListOptions options);
  Result<Json> Create(const ResourceType& type, const Json& object,
                      const WriteOptions& options = {});
  // Replaces the whole object; the resourceVersion inside it makes lost updates a kConflict.
  Result<Json> Replace(const ResourceType& type, const Json& object,
                       const WriteOptions& options = {});
  Result<Json> MergePatch(const ObjectRef& ref, const Json& patch,
                          const WriteOptions& options = {});
  Result<Json> JsonPatch(const ObjectRef& ref, const Json& patch, const WriteOptions& options = {});
  Result<Json> Apply(const ResourceType& type, const Json& object, const ApplyOptions& options);
  Status Delete(const ObjectRef& ref, const DeleteOptions& options = {});
  // Any path, such as "/version".
  Result<Json> GetPath(const std::string& path);

  HttpTransport& transport() { return transport_; }

 private:
  Result<Json> Call(const std::string& what, const HttpRequest& request);

  HttpTransport& transport_;
};

// The items of a list answer, each with apiVersion and kind filled in (lists leave them out).
enum class ManagedFields { kKeep, kDrop };  // no cache needs them, and they are half the bytes
Result<ObjectList> ParseList(const ResourceType& type, std::string_view body,
                             ManagedFields managed_fields = ManagedFields::kKeep);

}  // namespace rha::k8s
