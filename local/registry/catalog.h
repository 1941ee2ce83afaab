// The kinds served right now: those built in and those of the stored CustomResourceDefinitions.
// Any thread; a Resource handed out stays valid when its definition goes.
#pragma once

#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "local/registry/resource.h"

namespace rha::local::registry {

class Catalog {
 public:
  Catalog();

  ResourcePtr Find(const std::string& group, const std::string& version,
                   const std::string& plural) const;
  ResourcePtr FindKind(const std::string& api_version, const std::string& kind) const;
  // Any served version of a store id ("pods", "redishas.ha.redisha.io").
  ResourcePtr FindId(const std::string& id) const;
  std::vector<ResourcePtr> All() const;

  void SetCustom(const nlohmann::json& crd);
  void RemoveCustom(const std::string& crd_name);

 private:
  mutable std::mutex mutex_;
  std::vector<ResourcePtr> built_in_;
  std::map<std::string, std::vector<ResourcePtr>> custom_;  // by the definition's name
};

}  // namespace rha::local::registry
