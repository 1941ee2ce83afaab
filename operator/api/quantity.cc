#include "operator/api/quantity.h"

#include <charconv>
#include <cmath>
#include <string>

namespace rha::op::api {

Result<double> ParseQuantity(std::string_view text) {
  const Status bad(Code::kInvalid,
                   "'" + std::string(text) + "' is no quantity such as 1Gi or 500m");
  const size_t end = text.find_first_not_of("0123456789.+-");
  const std::string_view digits = text.substr(0, end);
  const std::string_view suffix = end == std::string_view::npos ? "" : text.substr(end);
  double number = 0;
  const auto parsed = std::from_chars(digits.data(), digits.data() + digits.size(), number,
                                      std::chars_format::fixed);
  if (parsed.ec != std::errc() || parsed.ptr != digits.data() + digits.size()) return bad;
  if (suffix.empty()) return number;
  static constexpr std::string_view kDecimal = "num kMGTPE";  // 10^-9 … 10^18, blank is 10^0
  static constexpr std::string_view kBinary = "KMGTPE";       // 1024^1 … 1024^6
  if (suffix.size() == 1) {
    const size_t at = suffix[0] == ' ' ? std::string_view::npos : kDecimal.find(suffix[0]);
    if (at != std::string_view::npos) return number * std::pow(1000.0, static_cast<int>(at) - 3);
  } else if (suffix.size() == 2 && suffix[1] == 'i') {
    const size_t at = kBinary.find(suffix[0]);
    if (at != std::string_view::npos) return number * std::pow(1024.0, static_cast<int>(at) + 1);
  }
  if (suffix.size() > 1 && (suffix[0] == 'e' || suffix[0] == 'E')) {
    int exponent = 0;
    const char* from = suffix.data() + (suffix[1] == '+' ? 2 : 1);
    const char* to = suffix.data() + suffix.size();
    const auto power = std::from_chars(from, to, exponent);
    if (power.ec == std::errc() && power.ptr == to && from != to) {
      return number * std::pow(10.0, exponent);
    }
  }
  return bad;
}

}  // namespace rha::op::api
