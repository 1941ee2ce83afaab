#include "common/k8s/time_format.h"

#include <cstdio>
#include <ctime>

namespace rha::k8s {
namespace {

constexpr int64_t kMicros = 1'000'000;

std::string Format(int64_t unix_us, bool with_micros) {
  const std::time_t seconds = unix_us / kMicros;
  std::tm utc{};
  gmtime_r(&seconds, &utc);
  char date[32];
  std::strftime(date, sizeof date, "%Y-%m-%dT%H:%M:%S", &utc);
  if (!with_micros) return std::string(date) + "Z";
  char fraction[16];
  std::snprintf(fraction, sizeof fraction, ".%06dZ", static_cast<int>(unix_us % kMicros));
  return std::string(date) + fraction;
}

}  // namespace

std::string FormatTime(int64_t unix_us) { return Format(unix_us, false); }
std::string FormatMicroTime(int64_t unix_us) { return Format(unix_us, true); }

int64_t ParseTime(const std::string& text) {
  std::tm utc{};
  const char* rest = strptime(text.c_str(), "%Y-%m-%dT%H:%M:%S", &utc);
  if (rest == nullptr) return -1;
  int64_t micros = 0;
  if (*rest == '.') {
    int64_t unit = kMicros;
    for (++rest; *rest >= '0' && *rest <= '9'; ++rest) {
      unit /= 10;
      micros += (*rest - '0') * unit;
    }
  }
  if (std::string(rest) != "Z") return -1;
  return static_cast<int64_t>(timegm(&utc)) * kMicros + micros;
}

}  // namespace rha::k8s
