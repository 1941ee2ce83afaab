// The three ways of patching besides server-side apply. Pure; any thread.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "common/base/status.h"
#include "local/object/field_type.h"

namespace rha::local::object {

// RFC 7386.
void MergePatch(nlohmann::json& target, const nlohmann::json& patch);
// RFC 6902. kInvalid: an operation failed, a `test` included.
Result<nlohmann::json> JsonPatch(const nlohmann::json& target, const nlohmann::json& patch);
// Kubernetes' own: lists of maps merge by key; $patch, $deleteFromPrimitiveList/…,
// $setElementOrder/… and $retainKeys direct it.
Status StrategicMergePatch(nlohmann::json& target, const nlohmann::json& patch,
                           const FieldType& type);

}  // namespace rha::local::object
