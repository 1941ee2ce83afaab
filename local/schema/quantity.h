// Resource quantities: "500m", "1Gi", "2e3". Pure; any thread.
#pragma once

#include <optional>
#include <string_view>

namespace rha::local::schema {

// The value as a number; precision beyond a double is not kept.
std::optional<double> ParseQuantity(std::string_view text);

}  // namespace rha::local::schema
