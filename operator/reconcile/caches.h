// The operator's view of the cluster: one informer per kind, limited to what carries our label.
//
// Any thread may read. on_change is called with the RedisHA that an object belongs to, on the
// informers' threads. Secrets are not watched: the operator may not list them.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "common/k8s/informer.h"
#include "operator/reconcile/observe.h"

namespace rha::op::reconcile {

struct CachesOptions {
  std::string ns;  // empty: all namespaces
  int server_minor = 34;
};

class Caches {
 public:
  using OnChange = std::function<void(const k8s::ObjectKey& redisha)>;

  Caches(k8s::Api& api, const CachesOptions& options, OnChange on_change);
  ~Caches() { Stop(); }

  void Start();
  void Stop();
  bool synced() const;
  // False when stopped first.
  bool WaitSynced(std::stop_token stop);
  // What keeps the caches from being synced, for a readiness page.
  std::vector<std::string> Errors() const;

  Observed Observe(const k8s::ObjectKey& redisha) const;
  std::vector<k8s::ObjectPtr> AllRedisHas() const { return redishas_->All(); }

 private:
  std::unique_ptr<k8s::Informer> redishas_;
  std::unique_ptr<k8s::Informer> pods_;
  std::vector<std::unique_ptr<k8s::Informer>> children_;
  std::vector<k8s::Informer*> all_;
};

}  // namespace rha::op::reconcile
