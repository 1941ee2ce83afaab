#include "local/controllers/client.h"

#include <nlohmann/json.hpp>

#include "common/base/log.h"
#include "local/object/json.h"
#include "local/object/numbers.h"

namespace rha::local::controllers {

using object::Json;
using object::Str;

Object Client::Get(const std::string& id, const std::string& name_space,
                   const std::string& name) const {
  return registry_.store().Get({id, name_space, name});
}

std::vector<Object> Client::List(const std::string& id, const std::string& name_space) const {
  return registry_.store().List(id, name_space).objects;
}

std::vector<Object> Client::Owned(const std::string& id, const std::string& name_space,
                                  const std::string& owner_uid) const {
  std::vector<Object> owned;
  for (auto& object : List(id, name_space)) {
    const Json* owner = ControllerOf(*object);
    if (owner != nullptr && Str(*owner, {"uid"}) == owner_uid) owned.push_back(std::move(object));
  }
  return owned;
}

std::vector<Object> Client::Claim(const std::string& id, const Json& owner,
                                  const Matches& matches) {
  std::vector<Object> claimed;
  const std::string uid = object::Uid(owner);
  for (auto& object : List(id, object::Namespace(owner))) {
    const Json* controller = ControllerOf(*object);
    if (controller != nullptr && Str(*controller, {"uid"}) != uid) continue;
    Json owners = object::Items(*object, {"metadata", "ownerReferences"});
    if (controller != nullptr) {
      if (matches(*object)) {
        claimed.push_back(std::move(object));
        continue;
      }
      Json others = Json::array();
      for (const auto& each : owners) {
        if (Str(each, {"uid"}) != uid) others.push_back(each);
      }
      SetOwners(*object, std::move(others));
    } else if (matches(*object) && !IsDeleting(*object)) {
      owners.push_back(OwnerReference(owner));
      Object adopted = SetOwners(*object, std::move(owners));
      if (adopted != nullptr) claimed.push_back(std::move(adopted));
    }
  }
  return claimed;
}

// Unless it has changed since it was read, which is an event that leads here again.
Object Client::SetOwners(const Json& object, Json owners) {
  return Patch(object, {{"metadata",
                         {{"resourceVersion", Str(object, {"metadata", "resourceVersion"})},
                          {"ownerReferences", std::move(owners)}}}});
}

registry::ResourcePtr Client::ResourceOf(const Json& object) const {
  return registry_.catalog().FindKind(Str(object, {"apiVersion"}), Str(object, {"kind"}));
}

registry::WriteOptions Client::Options(const std::string& subresource) const {
  registry::WriteOptions options;
  options.manager = manager_;
  options.subresource = subresource;
  return options;
}

Object Client::Create(Json object) {
  const auto resource = ResourceOf(object);
  const registry::Place place{*resource, object::Namespace(object), object::Name(object)};
  auto created = registry_.Create(place, std::move(object), Options());
  if (created.ok()) return *created;
  if (created.error().reason != "AlreadyExists") {
    log::Warn("{}: create {}/{}: {}", manager_, place.name_space, place.name,
              created.error().message);
  }
  return nullptr;
}

Object Client::Apply(const Json& object) {
  const auto resource = ResourceOf(object);
  auto applied = registry_.Patch({*resource, object::Namespace(object), object::Name(object)},
                                 {registry::PatchKind::kApply, object, true}, Options());
  if (applied.ok()) return *applied;
  log::Warn("{}: apply {}/{}: {}", manager_, object::Namespace(object), object::Name(object),
            applied.error().message);
  return nullptr;
}

Object Client::Patch(const Json& object, const Json& patch, const std::string& subresource) {
  const auto resource = ResourceOf(object);
  if (resource == nullptr) return nullptr;
  auto patched = registry_.Patch({*resource, object::Namespace(object), object::Name(object)},
                                 {registry::PatchKind::kMerge, patch, false}, Options(subresource));
  if (patched.ok()) return *patched;
  if (patched.error().code != 404) {
    log::Warn("{}: patch {}/{}: {}", manager_, object::Namespace(object), object::Name(object),
              patched.error().message);
  }
  return nullptr;
}

void Client::SetStatus(const Json& object, Json status) {
  if (object::Map(object, {"status"}) == status) return;
  const auto resource = ResourceOf(object);
  const std::string uid = object::Uid(object);
  auto done = registry_.Mutate({*resource, object::Namespace(object), object::Name(object)},
                               Options("status"), [&](const Json& current) -> object::Answer<Json> {
                                 if (object::Uid(current) != uid)
                                   return object::NotFound(resource->Named(""));
                                 Json next = current;
                                 next["status"] = status;
                                 return next;
                               });
  if (!done.ok() && done.error().code != 404) {
    log::Warn("{}: set status of {}: {}", manager_, object::Name(object), done.error().message);
  }
}

bool Client::Delete(const Json& object, const registry::DeleteOptions& options) {
  const auto resource = ResourceOf(object);
  if (resource == nullptr) return false;
  registry::DeleteOptions guarded = options;
  guarded.uid = object::Uid(object);
  return registry_.Delete({*resource, object::Namespace(object), object::Name(object)}, guarded)
      .ok();
}

Json OwnerReference(const Json& owner) {
  return {{"apiVersion", Str(owner, {"apiVersion"})},
          {"kind", Str(owner, {"kind"})},
          {"name", object::Name(owner)},
          {"uid", object::Uid(owner)},
          {"controller", true},
          {"blockOwnerDeletion", true}};
}

const Json* ControllerOf(const Json& object) {
  for (const auto& owner : object::Items(object, {"metadata", "ownerReferences"})) {
    if (object::Bool(owner, {"controller"})) return &owner;
  }
  return nullptr;
}

bool IsDeleting(const Json& object) {
  return !Str(object, {"metadata", "deletionTimestamp"}).empty();
}

std::string ConditionStatus(const Json& object, std::string_view type) {
  for (const auto& condition : object::Items(object, {"status", "conditions"})) {
    if (Str(condition, {"type"}) == type) return Str(condition, {"status"});
  }
  return "";
}

int64_t ShareOf(const Json* value, int64_t total, bool round_up) {
  if (value == nullptr) return 0;
  if (value->is_number()) return value->get<int64_t>();
  if (!value->is_string()) return 0;
  const int64_t percent = object::ParseInt(value->get_ref<const std::string&>());
  return (percent * total + (round_up ? 99 : 0)) / 100;
}

bool IsPodReady(const Json& pod) {
  return Str(pod, {"status", "phase"}) == "Running" && ConditionStatus(pod, "Ready") == "True";
}

}  // namespace rha::local::controllers
