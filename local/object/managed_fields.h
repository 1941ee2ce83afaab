// Who owns which field: server-side apply, and the bookkeeping for every other kind of write.
// The rules are those of sigs.k8s.io/structured-merge-diff. Pure; any thread.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "local/object/api_error.h"
#include "local/object/field_type.h"

namespace rha::local::object {

struct Writer {
  std::string manager;
  std::string subresource;  // "", "status", "scale"
  std::string api_version;
  int64_t now_unix_ms = 0;
};

// The object after `applied` (an apply configuration) was applied to `live` (null: it is created).
// Refused with 409 when other managers own fields whose value it would change, unless `force`.
// managedFields of the result are up to date; the result equals `live` when nothing changed.
Answer<nlohmann::json> ServerSideApply(const nlohmann::json& live, nlohmann::json applied,
                                       const FieldType& type, const Writer& writer, bool force);

// Brings managedFields of `after` up to date for a create (`before` null), update or patch.
void TrackUpdate(const nlohmann::json& before, nlohmann::json& after, const FieldType& type,
                 const Writer& writer);

}  // namespace rha::local::object
