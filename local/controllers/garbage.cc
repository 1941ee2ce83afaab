// Garbage collection by owner references, and the end of old events.
//
// One sweep looks at everything: a local cluster is small, and a sweep that remembers nothing
// cannot remember wrongly. It runs after each deletion and for objects that wait on their
// dependents.
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "local/controllers/all.h"
#include "local/controllers/client.h"
#include "local/object/json.h"
#include "local/object/times.h"

namespace rha::local::controllers {
namespace {

using object::Items;
using object::Json;
using object::Str;

constexpr int64_t kEventKeptMillis = 3600'000;  // as the API server's --event-ttl
constexpr Millis kSweepInterval(60'000);
constexpr const char* kForeground = "foregroundDeletion";
constexpr const char* kOrphan = "orphan";

bool HasFinalizer(const Json& object, const char* name) {
  for (const auto& finalizer : Items(object, {"metadata", "finalizers"})) {
    if (finalizer == name) return true;
  }
  return false;
}

class GarbageCollector final : public Controller {
 public:
  explicit GarbageCollector(registry::Registry& registry)
      : client_(registry, "garbage-collector") {}

  const char* Name() const override { return "garbage"; }

  void OnEvent(const store::Event& event, WorkSink& sink) override {
    const bool owned = !Items(*event.object, {"metadata", "ownerReferences"}).empty();
    const bool gone = event.change == store::Change::kDeleted;
    const bool waits = IsDeleting(*event.object) && (HasFinalizer(*event.object, kForeground) ||
                                                     HasFinalizer(*event.object, kOrphan));
    const bool fresh = owned && event.change == store::Change::kAdded;
    if ((gone && event.key.resource != "events") || waits || fresh) sink.Add({});
  }

  std::optional<Millis> Reconcile(const Work& /*work*/) override {
    Collect();
    for (const auto& [uid, object] : objects_) Visit(*object);
    DropOldEvents();
    objects_.clear();
    dependents_.clear();
    return kSweepInterval;
  }

 private:
  void Collect() {
    std::set<std::string> seen;
    for (const auto& resource : client_.registry().catalog().All()) {
      if (resource->kind == "Event" || !seen.insert(resource->Id()).second) continue;
      for (const auto& object : client_.List(resource->Id())) {
        objects_[object::Uid(*object)] = object;
        for (const auto& owner : Items(*object, {"metadata", "ownerReferences"})) {
          dependents_[Str(owner, {"uid"})].push_back(object);
        }
      }
    }
  }

  void Visit(const Json& object) {
    const std::string uid = object::Uid(object);
    if (IsDeleting(object) && HasFinalizer(object, kOrphan)) {
      for (const auto& child : dependents_[uid]) DropOwner(*child, uid);
      DropFinalizer(object, kOrphan);
      return;
    }
    if (IsDeleting(object) && HasFinalizer(object, kForeground)) {
      bool blocked = false;
      for (const auto& child : dependents_[uid]) {
        blocked = blocked || Blocks(*child, uid);
        if (!IsDeleting(*child)) client_.Delete(*child, {.propagation = "Foreground"});
      }
      if (!blocked) DropFinalizer(object, kForeground);
      return;
    }
    CheckOwners(object);
  }

  static bool Blocks(const Json& child, const std::string& owner_uid) {
    for (const auto& owner : Items(child, {"metadata", "ownerReferences"})) {
      if (Str(owner, {"uid"}) == owner_uid) return object::Bool(owner, {"blockOwnerDeletion"});
    }
    return false;
  }

  // The sweep's picture is not of one moment: an owner missing in it may be new, so the store is
  // asked.
  bool Exists(const Json& owner, const std::string& name_space) const {
    const std::string uid = Str(owner, {"uid"});
    if (objects_.contains(uid)) return true;
    const auto resource =
        client_.registry().catalog().FindKind(Str(owner, {"apiVersion"}), Str(owner, {"kind"}));
    if (resource == nullptr) return false;
    const Object found =
        client_.Get(resource->Id(), resource->namespaced ? name_space : "", Str(owner, {"name"}));
    return found != nullptr && object::Uid(*found) == uid;
  }

  // Deletes an object none of whose owners is left.
  void CheckOwners(const Json& object) {
    const Json& owners = Items(object, {"metadata", "ownerReferences"});
    if (owners.empty() || IsDeleting(object)) return;
    Json alive = Json::array();
    for (const auto& owner : owners) {
      if (Exists(owner, object::Namespace(object))) alive.push_back(owner);
    }
    if (alive.size() == owners.size()) return;
    if (alive.empty()) {
      client_.Delete(object);
    } else {
      client_.Patch(object, {{"metadata", {{"ownerReferences", alive}}}});
    }
  }

  void DropOwner(const Json& child, const std::string& uid) {
    Json left = Json::array();
    for (const auto& owner : Items(child, {"metadata", "ownerReferences"})) {
      if (Str(owner, {"uid"}) != uid) left.push_back(owner);
    }
    client_.Patch(child, {{"metadata", {{"ownerReferences", left}}}});
  }

  void DropFinalizer(const Json& object, const char* name) {
    Json left = Json::array();
    for (const auto& finalizer : Items(object, {"metadata", "finalizers"})) {
      if (finalizer != name) left.push_back(finalizer);
    }
    client_.Patch(object, {{"metadata", {{"finalizers", left}}}});
  }

  void DropOldEvents() {
    const int64_t now = client_.NowMillis();
    for (const auto& event : client_.List("events")) {
      const auto last = object::ParseTimestamp(
          Str(*event, {"lastTimestamp"}, Str(*event, {"metadata", "creationTimestamp"})));
      if (last && now - *last > kEventKeptMillis) client_.Delete(*event);
    }
  }

  Client client_;
  std::map<std::string, Object> objects_;
  std::map<std::string, std::vector<Object>> dependents_;  // by the owner's uid
};

}  // namespace

ControllerPtr MakeGarbageCollector(registry::Registry& registry) {
  return std::make_unique<GarbageCollector>(registry);
}

}  // namespace rha::local::controllers
