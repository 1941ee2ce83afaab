#include "cli/view/text.h"

#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <cstdio>

#include "common/k8s/time_format.h"

namespace rha::cli {
namespace {

using Json = nlohmann::json;

constexpr size_t kColumnGap = 3;

// As a terminal counts: continuation bytes of UTF-8 take no room.
size_t Width(const std::string& text) {
  return static_cast<size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0) != 0x80;
  }));
}

// Whether YAML would read the bare word as something else than this string.
bool NeedsQuotes(const std::string& text) {
  if (text.empty() || text == "~") return true;
  static const std::vector<std::string> kWords = {"true", "false", "null", "yes", "no",
                                                  "on",   "off",   "y",    "n"};
  std::string lower = text;
  for (char& c : lower) c = static_cast<char>(tolower(c));
  if (std::find(kWords.begin(), kWords.end(), lower) != kWords.end()) return true;
  const char first = text[0];
  return first == '.' || first == '+' || first == '-' || (first >= '0' && first <= '9');
}

void Emit(const Json& value, YAML::Emitter* out) {
  if (value.is_object()) {
    if (value.empty()) *out << YAML::Flow;
    *out << YAML::BeginMap;
    for (const auto& [key, inner] : value.items()) {
      *out << YAML::Key << key << YAML::Value;
      Emit(inner, out);
    }
    *out << YAML::EndMap;
  } else if (value.is_array()) {
    if (value.empty()) *out << YAML::Flow;
    *out << YAML::BeginSeq;
    for (const Json& inner : value) Emit(inner, out);
    *out << YAML::EndSeq;
  } else if (value.is_string()) {
    const auto& text = value.get_ref<const std::string&>();
    if (text.find('\n') != std::string::npos) *out << YAML::Literal;
    if (NeedsQuotes(text)) *out << YAML::DoubleQuoted;
    *out << text;
  } else {
    *out << value.dump();
  }
}

}  // namespace

std::string Table(const std::vector<std::vector<std::string>>& rows) {
  std::vector<size_t> widths;
  for (const auto& row : rows) {
    widths.resize(std::max(widths.size(), row.size()));
    for (size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], Width(row[i]));
  }
  std::string text;
  for (const auto& row : rows) {
    for (size_t i = 0; i < row.size(); ++i) {
      text += row[i];
      if (i + 1 < row.size()) text.append(widths[i] - Width(row[i]) + kColumnGap, ' ');
    }
    while (!text.empty() && text.back() == ' ') text.pop_back();
    text += '\n';
  }
  return text;
}

std::string Age(int64_t from_unix_us, int64_t now_unix_us) {
  if (from_unix_us < 0) return "-";
  const int64_t seconds = std::max<int64_t>(0, (now_unix_us - from_unix_us) / 1'000'000);
  const int64_t minutes = seconds / 60, hours = minutes / 60;
  if (seconds < 120) return std::to_string(seconds) + "s";
  if (minutes < 120) return std::to_string(minutes) + "m";
  if (hours < 10) return std::to_string(hours) + "h" + std::to_string(minutes % 60) + "m";
  if (hours < 48) return std::to_string(hours) + "h";
  return std::to_string(hours / 24) + "d";
}

std::string AgeOf(const std::string& time, int64_t now_unix_us) {
  return Age(time.empty() ? -1 : k8s::ParseTime(time), now_unix_us);
}

std::string Bytes(int64_t bytes) {
  static constexpr const char* kUnits[] = {"B", "KB", "MB", "GB", "TB"};
  double amount = static_cast<double>(bytes);
  size_t unit = 0;
  while (amount >= 1024 && unit + 1 < std::size(kUnits)) {
    amount /= 1024;
    ++unit;
  }
  char text[32];
  std::snprintf(text, sizeof text, unit == 0 || amount >= 10 ? "%.0f %s" : "%.1f %s", amount,
                kUnits[unit]);
  return text;
}

std::string ToYaml(const Json& value) {
  YAML::Emitter out;
  Emit(value, &out);
  return std::string(out.c_str()) + "\n";
}

std::string ToJson(const Json& value) {
  return value.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace rha::cli
