// The registry as a controller uses it: by kind, errors logged in one place. Any thread.
#pragma once

#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "local/registry/registry.h"

namespace rha::local::controllers {

using store::Object;

// Names of kinds in the store.
inline constexpr const char* kPods = "pods";
inline constexpr const char* kClaims = "persistentvolumeclaims";
inline constexpr const char* kServices = "services";
inline constexpr const char* kStatefulSets = "statefulsets.apps";
inline constexpr const char* kReplicaSets = "replicasets.apps";
inline constexpr const char* kDeployments = "deployments.apps";
inline constexpr const char* kRevisions = "controllerrevisions.apps";
inline constexpr const char* kBudgets = "poddisruptionbudgets.policy";
inline constexpr const char* kNamespaces = "namespaces";
inline constexpr const char* kDefinitions = "customresourcedefinitions.apiextensions.k8s.io";

class Client {
 public:
  Client(registry::Registry& registry, std::string manager)
      : registry_(registry), manager_(std::move(manager)) {}

  registry::Registry& registry() const { return registry_; }
  int64_t NowMillis() const { return registry_.clock().UnixMillis(); }

  Object Get(const std::string& id, const std::string& name_space, const std::string& name) const;
  std::vector<Object> List(const std::string& id, const std::string& name_space = "") const;
  // The pods (or others) whose controlling owner has this uid.
  std::vector<Object> Owned(const std::string& id, const std::string& name_space,
                            const std::string& owner_uid) const;

  // The same, kept true: objects that `matches` and that nobody controls become the owner's, its
  // own that do not match any more are released (controller_ref_manager.go).
  using Matches = std::function<bool(const nlohmann::json&)>;
  std::vector<Object> Claim(const std::string& id, const nlohmann::json& owner,
                            const Matches& matches);

  // Null: refused, and logged unless it exists already.
  Object Create(nlohmann::json object);
  // Applies the object's fields as this controller's.
  Object Apply(const nlohmann::json& object);
  // Merge patch of the object itself or its status. Null: refused.
  Object Patch(const nlohmann::json& object, const nlohmann::json& patch,
               const std::string& subresource = "");
  // Replaces the status if it differs.
  void SetStatus(const nlohmann::json& object, nlohmann::json status);
  bool Delete(const nlohmann::json& object, const registry::DeleteOptions& options = {});

 private:
  Object SetOwners(const nlohmann::json& object, nlohmann::json owners);
  registry::ResourcePtr ResourceOf(const nlohmann::json& object) const;
  registry::WriteOptions Options(const std::string& subresource = "") const;

  registry::Registry& registry_;
  std::string manager_;
};

// {apiVersion, kind, name, uid, controller, blockOwnerDeletion}
nlohmann::json OwnerReference(const nlohmann::json& owner);
// The owner reference with controller: true, or null.
const nlohmann::json* ControllerOf(const nlohmann::json& object);
bool IsDeleting(const nlohmann::json& object);
// Status of a condition: "True", "False", "Unknown"; "" when it is missing.
std::string ConditionStatus(const nlohmann::json& object, std::string_view type);
bool IsPodReady(const nlohmann::json& pod);
// "25%" of `total`, or the number itself; null is 0.
int64_t ShareOf(const nlohmann::json* value, int64_t total, bool round_up);

}  // namespace rha::local::controllers
