// Deletion: graceful for pods, by finalizers for everything, and what becomes of dependents.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "local/object/json.h"
#include "local/object/times.h"
#include "local/registry/limits.h"
#include "local/registry/registry.h"

namespace rha::local::registry {

using object::Int;
using object::Items;
using object::Json;
using object::Make;
using object::Str;

namespace {

void AddFinalizer(Json& object, const char* finalizer) {
  Json& list = Make(object, {"metadata", "finalizers"});
  if (!list.is_array()) list = Json::array();
  if (std::find(list.begin(), list.end(), Json(finalizer)) == list.end()) list.push_back(finalizer);
}

// Seconds a pod gets before it is removed; 0: at once.
int64_t GraceOf(const Resource& resource, const Json& object, const DeleteOptions& options) {
  if (resource.kind != "Pod") return 0;
  const std::string phase = Str(object, {"status", "phase"});
  if (Str(object, {"spec", "nodeName"}).empty() || phase == "Succeeded" || phase == "Failed") {
    return 0;
  }
  return options.grace_period_seconds.value_or(
      Int(object, {"spec", "terminationGracePeriodSeconds"}, kPodGraceSeconds));
}

object::Refusal CheckPreconditions(const Place& place, const Json& object,
                                   const DeleteOptions& options) {
  const auto subject = place.resource.Named(place.name);
  if (!options.uid.empty() && options.uid != object::Uid(object)) {
    return object::Conflict(subject, "Precondition failed: UID in precondition: " + options.uid +
                                         ", UID in object meta: " + object::Uid(object));
  }
  const std::string version = Str(object, {"metadata", "resourceVersion"});
  if (!options.resource_version.empty() && options.resource_version != version) {
    return object::Conflict(subject, "Precondition failed: ResourceVersion in precondition: " +
                                         options.resource_version +
                                         ", ResourceVersion in object meta: " + version);
  }
  return std::nullopt;
}

// The object marked for deletion, with the finalizers its propagation asks for.
Json Marked(const Place& place, const Json& current, const DeleteOptions& options,
            int64_t now_unix_ms) {
  Json next = current;
  const int64_t grace = GraceOf(place.resource, current, options);
  const bool marked = !Str(current, {"metadata", "deletionTimestamp"}).empty();
  const bool shorter = grace < Int(current, {"metadata", "deletionGracePeriodSeconds"});
  if (!marked || shorter) {
    next["metadata"]["deletionTimestamp"] = object::Timestamp(now_unix_ms + grace * 1000);
    next["metadata"]["deletionGracePeriodSeconds"] = grace;
    if (place.resource.generation) {
      next["metadata"]["generation"] = Int(current, {"metadata", "generation"}) + 1;
    }
  }
  if (options.propagation == "Foreground") AddFinalizer(next, "foregroundDeletion");
  if (options.propagation == "Orphan") AddFinalizer(next, "orphan");
  if (place.resource.kind == "Namespace") Make(next, {"status", "phase"}) = "Terminating";
  return next;
}

}  // namespace

Answer<Deleted> Registry::EraseNow(const Place& place, const Object& current) {
  auto erased = store_.Erase(KeyOf(place), store::VersionOf(*current));
  if (!erased.ok()) {
    if (erased.status().code() == Code::kConflict) {
      return object::Conflict(place.resource.Named(place.name), "the object has been modified");
    }
    return object::NotFound(place.resource.Named(place.name));
  }
  if (place.resource.kind == "CustomResourceDefinition") catalog_.RemoveCustom(place.name);
  return Deleted{Present(place.resource, *erased), true};
}

Answer<Deleted> Registry::Delete(const Place& place, const DeleteOptions& options) {
  for (int attempt = 0;; ++attempt) {
    const Object current = store_.Get(KeyOf(place));
    if (current == nullptr) return object::NotFound(place.resource.Named(place.name));
    LOCAL_REFUSE_IF(CheckPreconditions(place, *current, options));
    Json next = Marked(place, *current, options, clock_.UnixMillis());
    const bool held = !Items(next, {"metadata", "finalizers"}).empty() ||
                      !Items(next, {"spec", "finalizers"}).empty();
    const bool waits = Int(next, {"metadata", "deletionGracePeriodSeconds"}) > 0;
    if (options.dry_run) return Deleted{current, !held && !waits};
    Answer<Deleted> done = object::Internal("unreachable");
    if (!held && !waits) {
      done = EraseNow(place, current);
    } else if (next == *current) {
      return Deleted{Present(place.resource, current), false};
    } else {
      auto stored = store_.Put(KeyOf(place), std::move(next), store::VersionOf(*current));
      if (stored.ok()) return Deleted{Present(place.resource, *stored), false};
      done = stored.status().code() == Code::kConflict
                 ? object::Conflict(place.resource.Named(place.name), stored.status().message())
                 : object::Internal(stored.status().message());
    }
    if (done.ok() || done.error().code != 409 || attempt >= kConflictRetries) return done;
  }
}

}  // namespace rha::local::registry
