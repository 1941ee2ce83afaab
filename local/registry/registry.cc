#include "local/registry/registry.h"

#include <nlohmann/json.hpp>

#include "common/base/random_id.h"
#include "local/object/json.h"
#include "local/object/managed_fields.h"
#include "local/object/patch.h"
#include "local/object/times.h"
#include "local/registry/convert.h"
#include "local/registry/limits.h"

namespace rha::local::registry {

using object::ApiError;
using object::Find;
using object::Json;
using object::Map;
using object::Str;

std::string NewUid() {
  std::string hex = RandomHex(32);
  hex[12] = '4';
  hex[16] = "89ab"[hex[16] % 4];
  return hex.substr(0, 8) + "-" + hex.substr(8, 4) + "-" + hex.substr(12, 4) + "-" +
         hex.substr(16, 4) + "-" + hex.substr(20);
}

namespace {

ApiError StoreError(const Place& place, const Status& status) {
  const auto subject = place.resource.Named(place.name);
  if (status.code() == Code::kExists) return object::AlreadyExists(subject);
  if (status.code() == Code::kNotFound) return object::NotFound(subject);
  if (status.code() == Code::kConflict) {
    return object::Conflict(subject,
                            "the object has been modified; please apply your changes to the "
                            "latest version and try again");
  }
  return object::Internal(status.message());
}

bool Finished(const Json& object) {
  return !Str(object, {"metadata", "deletionTimestamp"}).empty() &&
         object::Items(object, {"metadata", "finalizers"}).empty() &&
         object::Int(object, {"metadata", "deletionGracePeriodSeconds"}) == 0 &&
         object::Items(object, {"spec", "finalizers"}).empty();
}

}  // namespace

Registry::Registry(store::Store& store, const Clock& clock) : store_(store), clock_(clock) {
  for (const auto& crd : store_.List("customresourcedefinitions.apiextensions.k8s.io").objects) {
    catalog_.SetCustom(*crd);
  }
}

store::Key Registry::KeyOf(const Place& place) const {
  return {StoreId(place.resource), place.resource.namespaced ? place.name_space : "", place.name};
}

Object Registry::Present(const Resource& resource, const Object& stored) const {
  if (!NeedsConversion(resource, *stored)) return stored;
  return std::make_shared<const Json>(FromStorage(resource, *stored));
}

Answer<Object> Registry::Get(const Place& place) const {
  const Object stored = store_.Get(KeyOf(place));
  if (stored == nullptr) return object::NotFound(place.resource.Named(place.name));
  return Present(place.resource, stored);
}

store::Snapshot Registry::List(const Resource& resource, const std::string& name_space) const {
  auto snapshot = store_.List(StoreId(resource), resource.namespaced ? name_space : "");
  for (auto& object : snapshot.objects) object = Present(resource, object);
  return snapshot;
}

Answer<Object> Registry::Create(const Place& place, Json object, const WriteOptions& options) {
  LOCAL_ASSIGN_OR_REFUSE(Json next, PrepareCreate(place, std::move(object), options, false));
  const Place at{place.resource, place.name_space, object::Name(next)};
  if (options.dry_run) {
    if (store_.Get(KeyOf(at)) != nullptr) {
      return object::AlreadyExists(place.resource.Named(at.name));
    }
    return std::make_shared<const Json>(std::move(next));
  }
  return Write(at, std::move(next), 0);
}

Answer<Object> Registry::Write(const Place& place, Json next, uint64_t expected) {
  const Resource& resource = place.resource;
  auto stored = store_.Put(KeyOf(place), ToStorage(resource, std::move(next)), expected);
  if (!stored.ok()) return StoreError(place, stored.status());
  if (resource.kind == "CustomResourceDefinition") catalog_.SetCustom(**stored);
  return Present(resource, *stored);
}

Answer<Object> Registry::Update(const Place& place, Json object, const WriteOptions& options) {
  if (place.resource.custom && Str(object, {"metadata", "resourceVersion"}).empty()) {
    return object::Invalid(
        place.resource.Named(place.name),
        {{"FieldValueInvalid", "Invalid value: 0: must be specified for an update",
          "metadata.resourceVersion"}});
  }
  return Mutate(place, options, [&](const Json&) -> Answer<Json> { return object; });
}

Answer<Object> Registry::Mutate(const Place& place, const WriteOptions& options,
                                const Change& change) {
  return MutateTracked(place, options, change, false);
}

Answer<Object> Registry::MutateTracked(const Place& place, const WriteOptions& options,
                                       const Change& change, bool applied) {
  for (int attempt = 0;; ++attempt) {
    LOCAL_ASSIGN_OR_REFUSE(const Object current, Get(place));
    LOCAL_ASSIGN_OR_REFUSE(Json next, change(*current));
    const std::string sent = Str(next, {"metadata", "resourceVersion"});
    const std::string present = Str(*current, {"metadata", "resourceVersion"});
    if (!sent.empty() && sent != present) {
      return StoreError(place, Status(Code::kConflict, "stale"));
    }
    LOCAL_ASSIGN_OR_REFUSE(next, PrepareUpdate(place, *current, std::move(next), options, applied));
    if (next == *current) return current;
    if (options.dry_run) return std::make_shared<const Json>(std::move(next));
    if (Finished(next)) {
      auto erased = EraseNow(place, current);
      if (erased.ok()) return erased->object;
      if (erased.error().code != 409 || attempt >= kConflictRetries) return erased.error();
      continue;
    }
    auto written = Write(place, std::move(next), store::VersionOf(*current));
    // A client that named no version meant "whatever is there now"; a patch is computed anew.
    if (written.ok() || written.error().code != 409 || attempt >= kConflictRetries) return written;
  }
}

Answer<Json> Registry::ApplyPatch(const Resource& resource, const Json& current,
                                  const PatchRequest& patch, const WriteOptions& options) const {
  Json next = current;
  switch (patch.kind) {
    case PatchKind::kMerge:
      object::MergePatch(next, patch.body);
      return next;
    case PatchKind::kJson: {
      auto patched = object::JsonPatch(current, patch.body);
      if (!patched.ok()) {
        return ApiError{422, "Invalid", patched.status().message()};
      }
      return *std::move(patched);
    }
    case PatchKind::kStrategic: {
      if (resource.custom) {
        return ApiError{415, "UnsupportedMediaType",
                        "the body of the request was in an unknown format - accepted media types "
                        "include: application/json-patch+json, application/merge-patch+json, "
                        "application/apply-patch+yaml"};
      }
      const Status done =
          object::StrategicMergePatch(next, patch.body, object::FieldType::BuiltIn());
      if (!done.ok()) return object::BadRequest(done.message());
      return next;
    }
    case PatchKind::kApply:
      break;
  }
  Json applied = patch.body;
  if (options.subresource.empty() && resource.status) applied.erase("status");
  if (options.subresource == "status") {
    Json narrow = Json::object();
    if (const Json* status = Find(applied, {"status"})) narrow["status"] = *status;
    applied = std::move(narrow);
  }
  const object::Writer writer{options.manager, options.subresource, resource.ApiVersion(),
                              clock_.UnixMillis()};
  return object::ServerSideApply(current, std::move(applied), resource.Type(), writer, patch.force);
}

Answer<Object> Registry::Patch(const Place& place, const PatchRequest& patch,
                               const WriteOptions& options) {
  const bool applied = patch.kind == PatchKind::kApply;
  if (applied && store_.Get(KeyOf(place)) == nullptr) {
    if (!options.subresource.empty()) {
      return object::NotFound(place.resource.Named(place.name));
    }
    auto created = CreateByApply(place, patch, options);
    if (created.ok() || created.error().reason != "AlreadyExists") return created;
  }
  return MutateTracked(
      place, options,
      [&](const Json& current) { return ApplyPatch(place.resource, current, patch, options); },
      applied);
}

Answer<Object> Registry::CreateByApply(const Place& place, const PatchRequest& patch,
                                       const WriteOptions& options) {
  LOCAL_ASSIGN_OR_REFUSE(Json object, ApplyPatch(place.resource, nullptr, patch, options));
  object::Make(object, {"metadata", "name"}) = place.name;
  LOCAL_ASSIGN_OR_REFUSE(Json next, PrepareCreate(place, std::move(object), options, true));
  if (options.dry_run) return std::make_shared<const Json>(std::move(next));
  return Write(place, std::move(next), 0);
}

}  // namespace rha::local::registry
