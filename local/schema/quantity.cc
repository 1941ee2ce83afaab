#include "local/schema/quantity.h"

#include <array>
#include <charconv>
#include <utility>

namespace rha::local::schema {

std::optional<double> ParseQuantity(std::string_view text) {
  static constexpr std::array<std::pair<std::string_view, double>, 15> kSuffixes = {{
      {"", 1.0},
      {"n", 1e-9},
      {"u", 1e-6},
      {"m", 1e-3},
      {"k", 1e3},
      {"M", 1e6},
      {"G", 1e9},
      {"T", 1e12},
      {"P", 1e15},
      {"Ki", 1024.0},
      {"Mi", 1048576.0},
      {"Gi", 1073741824.0},
      {"Ti", 1099511627776.0},
      {"Pi", 1125899906842624.0},
      {"Ei", 1152921504606846976.0},
  }};
  if (text.starts_with('+')) text.remove_prefix(1);
  double value = 0;
  const auto [rest, error] =
      std::from_chars(text.data(), text.data() + text.size(), value, std::chars_format::general);
  if (error != std::errc()) return std::nullopt;
  const std::string_view suffix(rest, static_cast<size_t>(text.data() + text.size() - rest));
  if (suffix == "E") return value * 1e18;
  for (const auto& [name, factor] : kSuffixes) {
    if (suffix == name) return value * factor;
  }
  return std::nullopt;
}

}  // namespace rha::local::schema
