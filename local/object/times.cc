#include "local/object/times.h"

#include <fmt/format.h>

#include <ctime>

namespace rha::local::object {
namespace {

std::string Seconds(int64_t unix_s) {
  const time_t seconds = unix_s;
  tm parts{};
  gmtime_r(&seconds, &parts);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}", parts.tm_year + 1900, parts.tm_mon + 1,
                     parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec);
}

}  // namespace

std::string Timestamp(int64_t unix_ms) { return Seconds(unix_ms / 1000) + "Z"; }

std::string MicroTimestamp(int64_t unix_us) {
  return fmt::format("{}.{:06}Z", Seconds(unix_us / 1'000'000), unix_us % 1'000'000);
}

std::optional<int64_t> ParseTimestamp(std::string_view text) {
  tm parts{};
  const std::string copy(text);
  const char* rest = strptime(copy.c_str(), "%Y-%m-%dT%H:%M:%S", &parts);
  if (rest == nullptr) return std::nullopt;
  int64_t ms = static_cast<int64_t>(timegm(&parts)) * 1000;
  if (*rest == '.') {
    int scale = 100;
    for (++rest; *rest >= '0' && *rest <= '9'; ++rest, scale /= 10) ms += (*rest - '0') * scale;
  }
  if (*rest == 'Z') return ms;
  int hours = 0, minutes = 0;
  char sign = 0;
  if (sscanf(rest, "%c%2d:%2d", &sign, &hours, &minutes) != 3) return std::nullopt;
  const int64_t offset_ms = (hours * 60 + minutes) * 60'000LL;
  return sign == '-' ? ms + offset_ms : ms - offset_ms;
}

// The steps are those of k8s.io/apimachinery/pkg/util/duration.HumanDuration.
std::string HumanDuration(int64_t ms) {
  const int64_t s = ms / 1000;
  if (s < -1) return "<invalid>";
  if (s < 0) return "0s";
  if (s < 120) return fmt::format("{}s", s);
  const int64_t m = s / 60;
  if (m < 10) return s % 60 == 0 ? fmt::format("{}m", m) : fmt::format("{}m{}s", m, s % 60);
  if (m < 180) return fmt::format("{}m", m);
  const int64_t h = m / 60;
  if (h < 8) return m % 60 == 0 ? fmt::format("{}h", h) : fmt::format("{}h{}m", h, m % 60);
  if (h < 48) return fmt::format("{}h", h);
  const int64_t d = h / 24;
  if (h < 24 * 8) return h % 24 == 0 ? fmt::format("{}d", d) : fmt::format("{}d{}h", d, h % 24);
  if (d < 730) return fmt::format("{}d", d);
  return fmt::format("{}y{}d", d / 365, d % 365);
}

std::string Age(std::string_view timestamp, int64_t now_unix_ms) {
  const auto then = ParseTimestamp(timestamp);
  return then ? HumanDuration(now_unix_ms - *then) : "<unknown>";
}

}  // namespace rha::local::object
