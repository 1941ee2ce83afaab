// Verbs of the API as HttpRequest values: what to ask is decided here, without I/O.
//
// Pure functions; any thread. Objects are JSON; server-side apply sends JSON under the YAML content
// type, which is a subset of it.
#pragma once

#include <string>

#include "common/k8s/http.h"
#include "common/k8s/json.h"
#include "common/k8s/object_ref.h"

namespace rha::k8s {

struct ListOptions {
  std::string ns;  // empty: all namespaces
  std::string label_selector;
  std::string field_selector;
  int limit = 0;
  std::string continue_token;
};

struct WatchOptions {
  std::string ns;
  std::string label_selector;
  std::string field_selector;
  std::string resource_version;
  int timeout_s = 0;
};

struct WriteOptions {
  std::string field_manager;
  std::string subresource;  // "status", "scale" or empty
  bool dry_run = false;
};

struct ApplyOptions {
  std::string field_manager;
  std::string subresource;
  bool force = true;  // an operator owns what it applies
  bool dry_run = false;
};

struct DeleteOptions {
  std::string
      propagation;  // "Background", "Foreground", "Orphan" or empty for the server's default
  std::string uid;  // precondition, when not empty
};

HttpRequest GetRequest(const ObjectRef& ref, const std::string& subresource = {});
HttpRequest ListRequest(const ResourceType& type, const ListOptions& options);
HttpRequest WatchRequest(const ResourceType& type, const WatchOptions& options);
// The namespace and name are taken from the object.
HttpRequest CreateRequest(const ResourceType& type, const Json& object,
                          const WriteOptions& options);
HttpRequest ReplaceRequest(const ResourceType& type, const Json& object,
                           const WriteOptions& options);
HttpRequest MergePatchRequest(const ObjectRef& ref, const Json& patch, const WriteOptions& options);
HttpRequest JsonPatchRequest(const ObjectRef& ref, const Json& patch, const WriteOptions& options);
HttpRequest ApplyRequest(const ResourceType& type, const Json& object, const ApplyOptions& options);
HttpRequest DeleteRequest(const ObjectRef& ref, const DeleteOptions& options);

}  // namespace rha::k8s
