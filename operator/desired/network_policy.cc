// NetworkPolicy NAME: clients reach the ports of node and sentinel from where the spec says, the
// pods each other, anybody the metrics and what else the pod template declares; nobody the rest.
#include <nlohmann/json.hpp>

#include "operator/desired/desired.h"
#include "operator/desired/names.h"

namespace rha::op::desired {
namespace {

using k8s::Json;

bool IsClientPort(int64_t port) { return port == kNodePort || port == kSentinelPort; }

Json PolicyPort(const Json& port) {
  const std::string protocol = k8s::StringAt(port, "protocol");
  return {{"port", k8s::IntAt(port, "containerPort")},
          {"protocol", protocol.empty() ? "TCP" : protocol}};
}

// An empty list of ports would mean all of them.
void AddRule(Json ports, Json* ingress) {
  if (!ports.empty()) ingress->push_back({{"ports", std::move(ports)}});
}

Json Rules(const api::NetworkPolicySpec& spec, const k8s::Json& pods, const Json& own_pods) {
  Json clients = Json::array();
  Json others = Json::array();
  const Json* containers = k8s::Find(pods, "spec.template.spec.containers");
  for (const Json& container : containers ? *containers : Json::array()) {
    const Json* ports = k8s::Find(container, "ports");
    for (const Json& port : ports ? *ports : Json::array()) {
      Json& list = IsClientPort(k8s::IntAt(port, "containerPort")) ? clients : others;
      list.push_back(PolicyPort(port));
    }
  }
  Json ingress = Json::array();
  AddRule(std::move(clients), &ingress);
  if (spec.from && !ingress.empty()) {
    ingress.front()["from"] = *spec.from;
    ingress.front()["from"].push_back({{"podSelector", {{"matchLabels", own_pods}}}});
  }
  AddRule(std::move(others), &ingress);
  return ingress;
}

}  // namespace

k8s::Json NetworkPolicy(const api::RedisHa& redisha, const k8s::Json& pods) {
  Json object = NewChild(k8s::kNetworkPolicies, redisha, redisha.key.name);
  const Json own_pods = SelectorLabels(redisha.key.name);
  const api::NetworkPolicySpec& spec = redisha.spec.network_policy;
  // The operator deletes nothing: a policy that is switched off lets everything through.
  Json ingress = spec.enabled ? Rules(spec, pods, own_pods) : Json::array({Json::object()});
  object["spec"] = {{"podSelector", {{"matchLabels", own_pods}}},
                    {"policyTypes", {"Ingress"}},
                    {"ingress", std::move(ingress)}};
  return object;
}

}  // namespace rha::op::desired
