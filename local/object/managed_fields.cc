#include "local/object/managed_fields.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <tuple>
#include <vector>

#include "local/object/field_set.h"
#include "local/object/json.h"
#include "local/object/times.h"

namespace rha::local::object {
namespace {

struct Entry {
  std::string manager, operation, subresource, api_version, time;
  FieldSet fields;
};

std::vector<Entry> ReadEntries(const Json& object) {
  std::vector<Entry> entries;
  for (const auto& row : Items(object, {"metadata", "managedFields"})) {
    if (Str(row, {"manager"}).empty()) continue;
    entries.push_back({Str(row, {"manager"}), Str(row, {"operation"}), Str(row, {"subresource"}),
                       Str(row, {"apiVersion"}), Str(row, {"time"}),
                       FieldSet::FromJson(Map(row, {"fieldsV1"}))});
  }
  return entries;
}

void WriteEntries(Json& object, const std::vector<Entry>& entries) {
  // Applied fields first, then by time, as the API server orders them.
  std::vector<Entry> sorted = entries;
  std::stable_sort(sorted.begin(), sorted.end(), [](const Entry& a, const Entry& b) {
    return std::tie(a.operation, a.time, a.manager) < std::tie(b.operation, b.time, b.manager);
  });
  Json list = Json::array();
  for (const auto& entry : sorted) {
    if (entry.fields.empty()) continue;
    Json row{{"manager", entry.manager},        {"operation", entry.operation},
             {"apiVersion", entry.api_version}, {"time", entry.time},
             {"fieldsType", "FieldsV1"},        {"fieldsV1", entry.fields.ToJson()}};
    if (!entry.subresource.empty()) row["subresource"] = entry.subresource;
    list.push_back(std::move(row));
  }
  if (list.empty()) {
    Erase(object, {"metadata", "managedFields"});
  } else {
    Make(object, {"metadata", "managedFields"}) = std::move(list);
  }
}

// Fields of every object that nobody owns.
FieldSet StripIdentity(FieldSet set) {
  set.children.erase("f:apiVersion");
  set.children.erase("f:kind");
  const auto metadata = set.children.find("f:metadata");
  if (metadata == set.children.end()) return set;
  for (const char* field : {"f:name", "f:namespace", "f:uid", "f:resourceVersion", "f:generation",
                            "f:selfLink", "f:creationTimestamp", "f:deletionTimestamp",
                            "f:deletionGracePeriodSeconds", "f:managedFields", "f:generateName"}) {
    metadata->second.children.erase(field);
  }
  if (metadata->second.empty()) set.children.erase(metadata);
  return set;
}

Entry& FindOrAdd(std::vector<Entry>& entries, const Writer& writer, const char* operation) {
  for (auto& entry : entries) {
    if (entry.manager == writer.manager && entry.operation == operation &&
        entry.subresource == writer.subresource && entry.api_version == writer.api_version) {
      return entry;
    }
  }
  entries.push_back({writer.manager,
                     operation,
                     writer.subresource,
                     writer.api_version,
                     Timestamp(writer.now_unix_ms),
                     {}});
  return entries.back();
}

bool IsWriter(const Entry& entry, const Writer& writer, std::string_view operation) {
  return entry.manager == writer.manager && entry.operation == operation &&
         entry.subresource == writer.subresource;
}

// "conflict with "helm": .spec.replicas" and one cause for each field.
Refusal FindConflicts(const std::vector<Entry>& entries, const Writer& writer,
                      const FieldSet& contested) {
  std::vector<Cause> causes;
  std::string text;
  for (const auto& entry : entries) {
    if (IsWriter(entry, writer, "Apply")) continue;
    const auto paths = FieldPaths(Intersect(entry.fields, contested));
    if (paths.empty()) continue;
    std::string owner = "\"" + entry.manager + "\"";
    if (!entry.subresource.empty()) owner += " with subresource \"" + entry.subresource + "\"";
    if (entry.operation == "Update") owner += " using " + entry.api_version;
    text += (text.empty() ? "" : ", ") +
            ((paths.size() > 1 ? "conflicts with " : "conflict with ") + owner + ":");
    for (const auto& path : paths) {
      if (paths.size() > 1) text += "\n-";
      text += " " + path;
      causes.push_back({"FieldManagerConflict", "conflict with " + owner, path});
    }
  }
  if (causes.empty()) return std::nullopt;
  ApiError error{409, "Conflict",
                 "Apply failed with " + std::to_string(causes.size()) +
                     (causes.size() == 1 ? " conflict: " : " conflicts: ") + text};
  error.details = Json{{"causes", Json::array()}};
  for (const auto& cause : causes) {
    error.details["causes"].push_back(
        {{"reason", cause.reason}, {"message", cause.message}, {"field", cause.field}});
  }
  return error;
}

Json WithoutNulls(const Json& value) {
  if (!value.is_object()) return value;
  Json out = Json::object();
  for (const auto& [key, child] : value.items()) {
    if (!child.is_null()) out[key] = WithoutNulls(child);
  }
  return out;
}

Json WithoutManagedFields(Json object) {
  Erase(object, {"metadata", "managedFields"});
  return object;
}

}  // namespace

Answer<Json> ServerSideApply(const Json& live, Json applied, const FieldType& type,
                             const Writer& writer, bool force) {
  if (!Items(applied, {"metadata", "managedFields"}).empty()) {
    return BadRequest("metadata.managedFields must be nil");
  }
  Erase(applied, {"metadata", "managedFields"});
  applied = WithoutNulls(applied);
  const Json base = live.is_null() ? Json::object() : WithoutManagedFields(live);
  std::vector<Entry> entries = ReadEntries(live);
  const FieldSet wanted = StripIdentity(FieldsOf(applied, type));
  Json merged = MergeApplied(base, applied, type);

  const FieldSet changed = Intersect(StripIdentity(ChangedFields(base, merged, type)), wanted);
  if (!force) LOCAL_REFUSE_IF(FindConflicts(entries, writer, changed));

  FieldSet before, others;
  for (auto& entry : entries) {
    if (IsWriter(entry, writer, "Apply")) {
      before = Union(before, entry.fields);
    } else {
      if (force) entry.fields = Subtract(entry.fields, changed);
      others = Union(others, entry.fields);
    }
  }
  RemoveFields(merged, Subtract(Subtract(before, wanted), others), type);

  Entry& own = FindOrAdd(entries, writer, "Apply");
  if (!(own.fields == wanted)) own.time = Timestamp(writer.now_unix_ms);
  own.fields = wanted;
  const std::string own_version = own.api_version;
  std::erase_if(entries, [&](const Entry& entry) {
    return IsWriter(entry, writer, "Apply") && entry.api_version != own_version;
  });
  WriteEntries(merged, entries);
  return merged;
}

void TrackUpdate(const Json& before, Json& after, const FieldType& type, const Writer& writer) {
  const Json* sent = Find(after, {"metadata", "managedFields"});
  // Clients that leave managedFields out do not mean to reset them; an explicit [] or [{}] does.
  const bool reset = sent != nullptr && sent->is_array() &&
                     (sent->empty() || (sent->size() == 1 && sent->front().empty()));
  std::vector<Entry> entries = ReadEntries(sent == nullptr ? before : after);
  if (reset) entries.clear();
  const Json old = before.is_null() ? Json::object() : WithoutManagedFields(before);
  const Json now = WithoutManagedFields(after);
  const FieldSet changed = StripIdentity(ChangedFields(old, now, type));
  const FieldSet removed =
      Subtract(StripIdentity(FieldsOf(old, type)), StripIdentity(FieldsOf(now, type)));
  const FieldSet lost = Union(changed, removed);
  for (auto& entry : entries) {
    const bool own = IsWriter(entry, writer, "Update");
    entry.fields = Subtract(entry.fields, own ? removed : lost);
  }
  if (!changed.empty() && !reset) {
    Entry& own = FindOrAdd(entries, writer, "Update");
    own.fields = Union(own.fields, changed);
    own.time = Timestamp(writer.now_unix_ms);
  }
  WriteEntries(after, entries);
}

}  // namespace rha::local::object
