// The API server as the verbs use it: any kind, found by discovery. One thread.
#pragma once

#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "common/base/status.h"
#include "common/k8s/api.h"
#include "common/k8s/config.h"
#include "common/k8s/http.h"

namespace rha::cli {

struct Kind {
  std::string group, version, plural, kind, singular;
  std::vector<std::string> short_names;
  bool namespaced = true;
  std::string ApiVersion() const { return group.empty() ? version : group + "/" + version; }
};

// Which cluster and namespace, in kubectl's words.
struct Access {
  std::string kubeconfig;  // empty: $KUBECONFIG, the pod's service account, ~/.kube/config
  std::string context;     // empty: the kubeconfig's current one
  std::string name_space;  // empty: that of the context
};

class ClusterClient {
 public:
  static Result<std::unique_ptr<ClusterClient>> Connect(const Access& access);

  const Access& access() const { return access_; }
  const k8s::ClusterConfig& config() const { return config_; }
  // The one that was asked for, or the context's.
  const std::string& name_space() const { return name_space_; }
  // The verbs on types that are known without discovery. Any thread.
  k8s::Api api() { return k8s::Api(*transport_); }
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
  Access access_;
  k8s::ClusterConfig config_;
  std::string name_space_;
  std::vector<Kind> kinds_;
};

}  // namespace rha::cli
