// Role-based access control as Kubernetes has it: what the stored Roles, ClusterRoles and their
// bindings allow. Deny is the default. Any thread.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "local/store/store.h"

namespace rha::local::registry {

struct User {
  std::string name;
  std::vector<std::string> groups;
};

constexpr const char* kMasters = "system:masters";  // who is in this group may do everything

// A service account's user ("system:serviceaccount:NS:NAME") or another one's, with its groups.
User UserNamed(const std::string& name);

// What somebody wants to do: to a resource, or to a path that is none.
struct Access {
  std::string verb;
  std::string group, resource, subresource, name_space, name;
  std::string path;  // not empty: not a resource

  // "User "x" cannot get resource "pods" in API group "" in the namespace "default"".
  std::string Denial(const User& user) const;
};

// Whether one rule of a role allows it. Pure.
bool RuleAllows(const nlohmann::json& rule, const Access& access);

class Authorizer {
 public:
  explicit Authorizer(const store::Store& store) : store_(store) {}

  bool Allows(const User& user, const Access& access) const;
  // All rules that bind the user in the namespace; an administrator's is one that allows all.
  std::vector<nlohmann::json> RulesOf(const User& user, const std::string& name_space) const;
  // Nobody grants what he does not hold. Of a Role or a binding: the rules that it would grant and
  // the user lacks, as text, one for each; of other objects none.
  std::vector<std::string> Lacking(const User& user, const nlohmann::json& object,
                                   const std::string& name_space) const;

 private:
  nlohmann::json RulesOfRole(const nlohmann::json& reference, const std::string& name_space) const;

  const store::Store& store_;
};

}  // namespace rha::local::registry
