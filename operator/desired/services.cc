// The Services: NAME (writes), NAME-replicas (reads), NAME-sentinel, NAME-pods (one DNS name a
// pod).
#include <nlohmann/json.hpp>

#include "operator/desired/desired.h"
#include "operator/desired/names.h"

namespace rha::op::desired {
namespace {

// protocol is spelled out because old servers need it to merge ports in server-side apply.
k8s::Json Port(const char* name, int port) {
  return {{"name", name}, {"port", port}, {"protocol", "TCP"}, {"targetPort", port}};
}

k8s::Json Service(const api::RedisHa& redisha, const std::string& name, k8s::Json ports,
                  std::string_view role = {}) {
  k8s::Json object = NewChild(k8s::kServices, redisha, name);
  k8s::Json selector = SelectorLabels(redisha.key.name);
  if (!role.empty()) selector[std::string(kLabelRole)] = std::string(role);
  object["spec"] = {
      {"type", "ClusterIP"}, {"selector", std::move(selector)}, {"ports", std::move(ports)}};
  return object;
}

}  // namespace

k8s::Json PrimaryService(const api::RedisHa& redisha) {
  return Service(redisha, redisha.key.name, k8s::Json::array({Port("redis", kNodePort)}),
                 kRolePrimary);
}

k8s::Json ReplicasService(const api::RedisHa& redisha) {
  return Service(redisha, ReplicasServiceName(redisha.key.name),
                 k8s::Json::array({Port("redis", kNodePort)}), kRoleReplica);
}

k8s::Json SentinelService(const api::RedisHa& redisha) {
  k8s::Json object = Service(redisha, SentinelServiceName(redisha.key.name),
                             k8s::Json::array({Port("sentinel", kSentinelPort)}));
  // A sentinel answers clients also while the node beside it is down, which is when they ask.
  object["spec"]["publishNotReadyAddresses"] = true;
  return object;
}

k8s::Json PodsService(const api::RedisHa& redisha) {
  k8s::Json object =
      Service(redisha, PodsServiceName(redisha.key.name),
              k8s::Json::array({Port("redis", kNodePort), Port("sentinel", kSentinelPort),
                                Port("http-metrics", kMetricsPort)}));
  object["spec"]["clusterIP"] = "None";
  // Members must find each other before any of them can be ready.
  object["spec"]["publishNotReadyAddresses"] = true;
  return object;
}

}  // namespace rha::op::desired
