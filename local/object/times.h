// Time as API objects write it, and as people read it in tables. Pure; any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace rha::local::object {

std::string Timestamp(int64_t unix_ms);       // "2006-01-02T15:04:05Z"
std::string MicroTimestamp(int64_t unix_us);  // "2006-01-02T15:04:05.000000Z"
// Milliseconds since 1970; fractions of a second are kept to the millisecond.
std::optional<int64_t> ParseTimestamp(std::string_view text);
// As kubectl's AGE column: "45s", "3m20s", "5h", "2d3h", "400d".
std::string HumanDuration(int64_t ms);
// HumanDuration since `timestamp`, "<unknown>" when it is none.
std::string Age(std::string_view timestamp, int64_t now_unix_ms);

}  // namespace rha::local::object
