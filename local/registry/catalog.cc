#include "local/registry/catalog.h"

#include <nlohmann/json.hpp>

#include "local/object/json.h"

namespace rha::local::registry {
namespace {

template <typename Predicate>
ResourcePtr FirstOf(const std::vector<ResourcePtr>& resources, Predicate predicate) {
  for (const auto& resource : resources) {
    if (predicate(*resource)) return resource;
  }
  return nullptr;
}

}  // namespace

Catalog::Catalog() {
  for (auto& resource : BuiltInResources()) {
    built_in_.push_back(std::make_shared<const Resource>(std::move(resource)));
  }
}

std::vector<ResourcePtr> Catalog::All() const {
  const std::lock_guard lock(mutex_);
  std::vector<ResourcePtr> all = built_in_;
  for (const auto& [name, versions] : custom_) {
    all.insert(all.end(), versions.begin(), versions.end());
  }
  return all;
}

ResourcePtr Catalog::Find(const std::string& group, const std::string& version,
                          const std::string& plural) const {
  return FirstOf(All(), [&](const Resource& r) {
    return r.plural == plural && r.group == group && r.version == version;
  });
}

ResourcePtr Catalog::FindKind(const std::string& api_version, const std::string& kind) const {
  return FirstOf(
      All(), [&](const Resource& r) { return r.kind == kind && r.ApiVersion() == api_version; });
}

ResourcePtr Catalog::FindId(const std::string& id) const {
  return FirstOf(All(), [&](const Resource& r) { return r.Id() == id; });
}

void Catalog::SetCustom(const nlohmann::json& crd) {
  std::vector<ResourcePtr> versions;
  for (auto& resource : ResourcesOf(crd)) {
    versions.push_back(std::make_shared<const Resource>(std::move(resource)));
  }
  const std::lock_guard lock(mutex_);
  custom_[object::Name(crd)] = std::move(versions);
}

void Catalog::RemoveCustom(const std::string& crd_name) {
  const std::lock_guard lock(mutex_);
  custom_.erase(crd_name);
}

}  // namespace rha::local::registry
