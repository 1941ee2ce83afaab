// What reads and writes of API objects mean, whoever asks: the server on the wire, a controller or
// the kubelet. Fills in what the system owns (uid, generation, managedFields, defaults), validates,
// and keeps the rules of deletion.
// Any thread; a write that loses a race is retried where the client left the version open.
#pragma once

#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "common/base/clock.h"
#include "local/object/api_error.h"
#include "local/registry/catalog.h"
#include "local/store/store.h"

namespace rha::local::registry {

using object::Answer;
using store::Object;

struct WriteOptions {
  std::string manager = "redisha-local";
  std::string subresource;  // "" or "status"
  std::string validation;   // "Strict", "Warn", "Ignore"; "" is Warn
  bool dry_run = false;
  std::vector<std::string>* warnings = nullptr;
};

enum class PatchKind { kMerge, kStrategic, kJson, kApply };

struct PatchRequest {
  PatchKind kind = PatchKind::kMerge;
  const nlohmann::json& body;
  bool force = false;  // of kApply: take fields from their owners
};

struct DeleteOptions {
  std::string propagation;  // "Background", "Foreground", "Orphan"; "" is the kind's default
  std::string uid, resource_version;  // preconditions, if not empty
  std::optional<int64_t> grace_period_seconds;
  bool dry_run = false;
};

struct Deleted {
  Object object;
  bool gone = false;  // false: it only was marked and goes later
};

// Where an object is. `resource` must outlive it.
struct Place {
  const Resource& resource;
  std::string name_space, name;
};

class Registry {
 public:
  Registry(store::Store& store, const Clock& clock);

  Catalog& catalog() { return catalog_; }
  store::Store& store() { return store_; }
  const Clock& clock() const { return clock_; }

  Answer<Object> Get(const Place& place) const;
  store::Snapshot List(const Resource& resource, const std::string& name_space) const;

  // place.name may be empty where the object has a name or generateName.
  Answer<Object> Create(const Place& place, nlohmann::json object, const WriteOptions& options);
  Answer<Object> Update(const Place& place, nlohmann::json object, const WriteOptions& options);
  Answer<Object> Patch(const Place& place, const PatchRequest& patch, const WriteOptions& options);
  Answer<Deleted> Delete(const Place& place, const DeleteOptions& options);

  // Reads, lets `change` alter a copy, writes; again when somebody was faster.
  using Change = std::function<Answer<nlohmann::json>(const nlohmann::json& current)>;
  Answer<Object> Mutate(const Place& place, const WriteOptions& options, const Change& change);

  // autoscaling/v1 Scale of a resource that has it.
  Answer<nlohmann::json> GetScale(const Place& place) const;
  Answer<nlohmann::json> UpdateScale(const Place& place, const nlohmann::json& scale,
                                     const WriteOptions& options);

  store::Key KeyOf(const Place& place) const;
  // The object as the served version shows it; the stored one itself where nothing differs.
  Object Present(const Resource& resource, const Object& stored) const;

 private:
  Answer<nlohmann::json> PrepareCreate(const Place& place, nlohmann::json object,
                                       const WriteOptions& options, bool applied);
  Answer<nlohmann::json> PrepareUpdate(const Place& place, const nlohmann::json& current,
                                       nlohmann::json next, const WriteOptions& options,
                                       bool applied);
  object::Refusal Shape(const Resource& resource, nlohmann::json& object, const nlohmann::json* old,
                        const WriteOptions& options) const;
  object::Refusal CheckNamespace(const Place& place) const;
  void Admit(const Resource& resource, nlohmann::json& object) const;
  void AdmitPod(nlohmann::json& pod) const;
  std::string FreeClusterIp() const;
  Answer<Object> Write(const Place& place, nlohmann::json next, uint64_t expected);
  Answer<Object> MutateTracked(const Place& place, const WriteOptions& options,
                               const Change& change, bool applied);
  Answer<nlohmann::json> ApplyPatch(const Resource& resource, const nlohmann::json& current,
                                    const PatchRequest& patch, const WriteOptions& options) const;
  Answer<Object> CreateByApply(const Place& place, const PatchRequest& patch,
                               const WriteOptions& options);
  Answer<Deleted> EraseNow(const Place& place, const Object& current);

  store::Store& store_;
  const Clock& clock_;
  Catalog catalog_;
};

std::string NewUid();

}  // namespace rha::local::registry
