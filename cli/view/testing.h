// Objects for the tests of this folder. Pure.
#pragma once

#include <string>

#include "cli/view/subject.h"
#include "common/k8s/json.h"
#include "common/k8s/time_format.h"

namespace rha::cli {

inline Json Parse(const std::string& text) { return *k8s::ParseJson(text); }

// "2026-11-01T12:00:00Z" plus seconds.
inline int64_t At(int64_t seconds) {
  return k8s::ParseTime("2026-11-01T12:00:00Z") + seconds * 1'000'000;
}

inline Json Pod(const std::string& name, const std::string& role, bool ready = true) {
  Json pod = Parse(R"({"metadata": {"namespace": "shop",
      "labels": {"app.kubernetes.io/instance": "cart"},
      "creationTimestamp": "2026-11-01T12:00:00Z"},
    "spec": {"nodeName": "node-a", "containers": [{"name": "node"}, {"name": "sentinel"}]},
    "status": {"phase": "Running", "podIP": "10.0.0.1"}})");
  pod["metadata"]["name"] = name;
  if (!role.empty()) pod["metadata"]["labels"]["ha.redisha.io/role"] = role;
  pod["status"]["conditions"] = {{{"type", "Ready"}, {"status", ready ? "True" : "False"}}};
  pod["status"]["containerStatuses"] = {{{"name", "node"}, {"ready", ready}, {"restartCount", 1}},
                                        {{"name", "sentinel"}, {"ready", true}}};
  return pod;
}

inline void Set(Json* redisha, const std::string& type, const std::string& status,
                const std::string& reason, const std::string& message) {
  for (Json& condition : (*redisha)["status"]["conditions"]) {
    if (condition["type"] == type) {
      condition = {{"type", type}, {"status", status}, {"reason", reason}, {"message", message}};
      return;
    }
  }
  (*redisha)["status"]["conditions"].push_back(
      {{"type", type}, {"status", status}, {"reason", reason}, {"message", message}});
}

// Three pods, cart-0 primary, all well.
inline Subject Healthy() {
  Subject subject;
  subject.redisha = Parse(R"({"metadata": {"name": "cart", "namespace": "shop", "generation": 2,
      "creationTimestamp": "2026-11-01T12:00:00Z"},
    "spec": {"replicas": 3},
    "status": {"observedGeneration": 2, "currentPrimary": "cart-0", "failoverCount": 1,
      "primarySince": "2026-11-01T12:01:00Z", "image": "example/redisha:1",
      "lastFailover": {"from": "cart-1", "to": "cart-0", "observedTime": "2026-11-01T12:01:00Z"},
      "quorum": {"voters": 3, "reachable": 3, "required": 2},
      "endpoints": {"primary": "cart.shop.svc:6379", "replicas": "cart-replicas.shop.svc:6379",
        "sentinel": "cart-sentinel.shop.svc:26379", "masterName": "shop.cart",
        "authSecret": "cart-auth/password"},
      "conditions": []}})");
  Set(&subject.redisha, "Ready", "True", "AllReady", "3 of 3 pods are ready");
  Set(&subject.redisha, "Progressing", "False", "UpToDate", "nothing is left to change");
  Set(&subject.redisha, "Degraded", "False", "Healthy", "nothing is wrong");
  Set(&subject.redisha, "PrimaryAvailable", "True", "PrimaryReady", "cart-0 takes writes");
  subject.pods = {Pod("cart-0", "primary"), Pod("cart-1", "replica"), Pod("cart-2", "replica")};
  return subject;
}

}  // namespace rha::cli
