// What a write goes through before it is stored.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "common/base/random_id.h"
#include "local/object/json.h"
#include "local/object/managed_fields.h"
#include "local/object/times.h"
#include "local/registry/built_in_types.h"
#include "local/registry/defaults.h"
#include "local/registry/limits.h"
#include "local/registry/registry.h"
#include "local/registry/validation.h"
#include "local/schema/cel_rules.h"
#include "local/schema/structural.h"

namespace rha::local::registry {

using object::Cause;
using object::Find;
using object::Items;
using object::Json;
using object::Make;
using object::Map;
using object::Refusal;
using object::Str;

namespace {

constexpr std::string_view kNameAlphabet = "bcdfghjklmnpqrstvwxz2456789";  // as Kubernetes'

std::string NameSuffix() {
  const std::string digits = RandomHex(10);
  std::string suffix;
  for (size_t i = 0; i < 5; ++i) {
    const int value = std::stoi(digits.substr(i * 2, 2), nullptr, 16);
    suffix += kNameAlphabet[static_cast<size_t>(value) % kNameAlphabet.size()];
  }
  return suffix;
}

// apiVersion and kind of the body must be those of the URL; missing ones are filled in.
Refusal CheckType(const Resource& resource, Json& object) {
  if (!object.is_object()) return object::BadRequest("the body is not an object");
  object::Default(object, {"apiVersion"}, resource.ApiVersion());
  object::Default(object, {"kind"}, resource.kind);
  if (Str(object, {"kind"}) != resource.kind ||
      Str(object, {"apiVersion"}) != resource.ApiVersion()) {
    return object::BadRequest(Str(object, {"kind"}) + " in version \"" +
                              Str(object, {"apiVersion"}) + "\" cannot be handled as a " +
                              resource.kind + " of " + resource.ApiVersion());
  }
  if (!Find(object, {"metadata"})->is_object()) {
    return object::BadRequest("metadata is not an object");
  }
  return std::nullopt;
}

void KeepSystemFields(const Json& current, Json& next) {
  for (const char* field :
       {"name", "namespace", "uid", "creationTimestamp", "generation", "deletionTimestamp",
        "deletionGracePeriodSeconds", "generateName", "resourceVersion"}) {
    if (const Json* value = Find(current, {"metadata", field})) {
      next["metadata"][field] = *value;
    } else {
      next["metadata"].erase(field);
    }
  }
}

// What metadata.generation counts: of custom resources everything but metadata and status.
bool SpecChanged(const Resource& resource, const Json& before, const Json& after) {
  if (!resource.custom) return Map(before, {"spec"}) != Map(after, {"spec"});
  Json old = before, now = after;
  for (Json* object : {&old, &now}) {
    object->erase("metadata");
    if (resource.status) object->erase("status");
  }
  return old != now;
}

// Empty maps and nulls in metadata are left out, as Go's omitempty does.
void TidyMetadata(Json& object) {
  Json& metadata = object["metadata"];
  for (auto it = metadata.begin(); it != metadata.end();) {
    const bool blank = it->is_null() || (it->is_structured() && it->empty());
    it = blank ? metadata.erase(it) : std::next(it);
  }
}

// Fields that were dropped, as fieldValidation says: an error, a warning, or nothing.
Refusal Unknown(const Resource& resource, const std::vector<std::string>& removed,
                const WriteOptions& options) {
  std::string text;
  for (const auto& path : removed) {
    text += (text.empty() ? "" : ", ") + ("unknown field \"" + path + "\"");
    if (options.warnings != nullptr && options.validation != "Ignore") {
      options.warnings->push_back("unknown field \"" + path + "\"");
    }
  }
  if (removed.empty() || options.validation != "Strict") return std::nullopt;
  return object::BadRequest(resource.kind + " in version \"" + resource.version +
                            "\" cannot be handled as a " + resource.kind +
                            ": strict decoding error: " + text);
}

// Errors after which an object is not the shape its rules expect.
bool BlocksRules(const std::vector<Cause>& causes) {
  return std::any_of(causes.begin(), causes.end(), [](const Cause& cause) {
    return cause.reason == "FieldValueTypeInvalid" || cause.reason == "FieldValueRequired" ||
           cause.reason == "FieldValueNotSupported" || cause.reason == "FieldValueTooLong" ||
           cause.reason == "FieldValueTooMany";
  });
}

std::vector<Cause> RuleCauses(const Json& schema, const Json& object, const Json* old,
                              bool blocked) {
  if (!blocked) return schema::CheckRules(schema, object, old);
  return {{"FieldValueInvalid",
           "Invalid value: null: some validation rules were not checked because the object was "
           "invalid; correct the existing errors to complete validation",
           "<nil>"}};
}

Refusal CheckFinalizers(const Resource& resource, const Json& before, const Json& after) {
  if (Str(before, {"metadata", "deletionTimestamp"}).empty()) return std::nullopt;
  const Json& old = Items(before, {"metadata", "finalizers"});
  for (const auto& finalizer : Items(after, {"metadata", "finalizers"})) {
    if (std::find(old.begin(), old.end(), finalizer) != old.end()) continue;
    return object::Invalid(
        resource.Named(object::Name(before)),
        {{"FieldValueForbidden",
          "Forbidden: no new finalizers can be added if the object is being deleted, found new "
          "finalizers []string{" +
              object::Dump(finalizer) + "}",
          "metadata.finalizers"}});
  }
  return std::nullopt;
}

}  // namespace

Refusal Registry::CheckNamespace(const Place& place) const {
  if (!place.resource.namespaced) return std::nullopt;
  const Object found = store_.Get({"namespaces", "", place.name_space});
  if (found == nullptr) return object::NotFound({"", "namespaces", "Namespace", place.name_space});
  if (!Str(*found, {"metadata", "deletionTimestamp"}).empty()) {
    return object::Forbidden(place.resource.Named(place.name),
                             "unable to create new content in namespace " + place.name_space +
                                 " because it is being terminated");
  }
  return std::nullopt;
}

// Prunes, defaults and validates. `old` is null for a create.
Refusal Registry::Shape(const Resource& resource, Json& object, const Json* old,
                        const WriteOptions& options) const {
  std::vector<Cause> causes = ValidateMetadata(resource, object);
  if (resource.custom) {
    LOCAL_REFUSE_IF(Unknown(resource, schema::Prune(*resource.schema, object), options));
    schema::ApplyDefaults(*resource.schema, object);
    auto more = schema::Validate(*resource.schema, object);
    causes.insert(causes.end(), more.begin(), more.end());
    more = RuleCauses(*resource.schema, object, old, BlocksRules(more));
    causes.insert(causes.end(), more.begin(), more.end());
  } else {
    auto check = CheckBuiltInTypes(resource, object);
    if (!check.mismatch.empty()) {
      return object::BadRequest(resource.kind + " in version \"" + resource.version +
                                "\" cannot be handled as a " + resource.kind + ": " +
                                check.mismatch);
    }
    LOCAL_REFUSE_IF(Unknown(resource, check.unknown, options));
    ApplyBuiltInDefaults(resource, object);
    auto more = ValidateBuiltIn(resource, object);
    causes.insert(causes.end(), more.begin(), more.end());
    if (old != nullptr) {
      more = ValidateBuiltInUpdate(resource, *old, object);
      causes.insert(causes.end(), more.begin(), more.end());
    }
  }
  if (!causes.empty()) return object::Invalid(resource.Named(object::Name(object)), causes);
  return std::nullopt;
}

Answer<Json> Registry::PrepareCreate(const Place& place, Json object, const WriteOptions& options,
                                     bool applied) {
  const Resource& resource = place.resource;
  object::Default(object, {"metadata"}, Json::object());
  LOCAL_REFUSE_IF(CheckType(resource, object));
  Json& metadata = object["metadata"];
  if (!Str(metadata, {"resourceVersion"}).empty()) {
    return object::BadRequest("resourceVersion should not be set on objects to be created");
  }
  if (resource.namespaced) {
    const std::string said = Str(metadata, {"namespace"}, place.name_space);
    if (said != place.name_space) {
      return object::BadRequest(
          "the namespace of the provided object does not match the namespace "
          "sent on the request");
    }
    metadata["namespace"] = place.name_space;
  } else {
    metadata.erase("namespace");
  }
  const std::string prefix = Str(metadata, {"generateName"});
  if (Str(metadata, {"name"}).empty() && !prefix.empty()) metadata["name"] = prefix + NameSuffix();
  LOCAL_REFUSE_IF(CheckNamespace({resource, place.name_space, Str(metadata, {"name"})}));

  metadata["uid"] = NewUid();
  metadata["creationTimestamp"] = object::Timestamp(clock_.UnixMillis());
  for (const char* field : {"deletionTimestamp", "deletionGracePeriodSeconds", "selfLink",
                            "generation", "resourceVersion"}) {
    metadata.erase(field);
  }
  if (resource.generation) metadata["generation"] = 1;
  if (resource.status) object.erase("status");
  TidyMetadata(object);
  Admit(resource, object);
  LOCAL_REFUSE_IF(Shape(resource, object, nullptr, options));
  if (!applied) {
    object::TrackUpdate(nullptr, object, resource.Type(),
                        {options.manager, "", resource.ApiVersion(), clock_.UnixMillis()});
  }
  return object;
}

Answer<Json> Registry::PrepareUpdate(const Place& place, const Json& current, Json next,
                                     const WriteOptions& options, bool applied) {
  const Resource& resource = place.resource;
  object::Default(next, {"metadata"}, Json::object());
  LOCAL_REFUSE_IF(CheckType(resource, next));
  const std::string name = Str(next, {"metadata", "name"}, place.name);
  if (name != place.name) {
    return object::BadRequest("the name of the object (" + name +
                              ") does not match the name on the URL (" + place.name + ")");
  }
  const std::string uid = Str(next, {"metadata", "uid"}, object::Uid(current));
  if (uid != object::Uid(current)) {
    return object::Conflict(resource.Named(place.name),
                            "Precondition failed: UID in precondition: " + uid +
                                ", UID in object meta: " + object::Uid(current));
  }
  if (options.subresource == "status") {
    Json narrow = current;
    narrow["status"] = Map(next, {"status"});
    if (const Json* fields = Find(next, {"metadata", "managedFields"}); fields && applied) {
      narrow["metadata"]["managedFields"] = *fields;
    }
    next = std::move(narrow);
  } else {
    KeepSystemFields(current, next);
    if (resource.status) {
      const Json* status = Find(current, {"status"});
      if (status != nullptr) {
        next["status"] = *status;
      } else {
        next.erase("status");
      }
    }
    LOCAL_REFUSE_IF(CheckFinalizers(resource, current, next));
    TidyMetadata(next);
  }
  LOCAL_REFUSE_IF(Shape(resource, next, &current, options));
  if (resource.generation && SpecChanged(resource, current, next)) {
    next["metadata"]["generation"] = object::Int(current, {"metadata", "generation"}) + 1;
  }
  if (!applied) {
    object::TrackUpdate(
        current, next, resource.Type(),
        {options.manager, options.subresource, resource.ApiVersion(), clock_.UnixMillis()});
  }
  return next;
}

}  // namespace rha::local::registry
