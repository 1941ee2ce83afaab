// Kubernetes quantities ("1Gi", "500m", "1e3") as numbers, for checks and comparisons.
#pragma once

#include <string_view>

#include "common/base/status.h"

namespace rha::op::api {

Result<double> ParseQuantity(std::string_view text);

}  // namespace rha::op::api
