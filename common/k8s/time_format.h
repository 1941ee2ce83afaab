// Times as the API writes them: RFC 3339 in UTC, to the second (Time) or microsecond (MicroTime).
#pragma once

#include <cstdint>
#include <string>

namespace rha::k8s {

std::string FormatTime(int64_t unix_us);       // "2026-11-20T16:00:00Z"
std::string FormatMicroTime(int64_t unix_us);  // "2026-11-20T16:00:00.000000Z"
// Microseconds since the epoch; -1 for what is not such a time.
int64_t ParseTime(const std::string& text);

}  // namespace rha::k8s
