// The API server as the verbs use it: any kind, found by discovery. One thread.
#pragma once

#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "common/base/status.h"
#include "common/k8s/http.h"

namespace rha::cli {

struct Kind {
  std::string group, version, plural, kind, singular;
  std::vector<std::string> short_names;
  bool namespaced = true;
  std::string ApiVersion() const { return group.empty() ? version : group + "/" + version; }
};

class ClusterClient {
 public:
  // `kubeconfig` empty: $KUBECONFIG, the pod's service account, ~/.kube/config.
  static Result<std::unique_ptr<ClusterClient>> Connect(const std::string& kubeconfig);

  const std::string& default_namespace() const { return default_namespace_; }
  // By plural, singular, short name or kind; kNotFound otherwise.
  Result<Kind> FindKind(const std::string& word);
  Result<Kind> FindType(const std::string& api_version, const std::string& kind);

  // `name` empty: the list. `table`: as rows for people.
  Result<nlohmann::json> Get(const Kind& kind, const std::string& name_space,
                             const std::string& name, bool table = false,
                             const std::string& label_selector = "");
  struct Applied {
    nlohmann::json object;
    bool created = false;
  };
  // Server-side apply; the object needs apiVersion, kind and a name.
  Result<Applied> Apply(const nlohmann::json& object, bool force);

 private:
  Status Discover();
  Result<nlohmann::json> Call(const k8s::HttpRequest& request, const std::string& what,
                              int* code = nullptr);

  std::unique_ptr<k8s::HttpTransport> transport_;
  std::string default_namespace_;
  std::vector<Kind> kinds_;
};

}  // namespace rha::cli
