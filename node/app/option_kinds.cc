#include "node/app/option_kinds.h"

#include <algorithm>
#include <cctype>
#include <memory>

#include "node/dispatch/table.h"
#include "node/structs/decimal.h"

namespace rha::node::app {
namespace {

Status Invalid(std::string message) { return Status(Code::kInvalid, std::move(message)); }

Status OneWord(Words words) {
  return words.size() == 1 ? Status() : Invalid("wrong number of arguments");
}

}  // namespace

Status InRange(int64_t value, Range range) {
  if (value >= range.low && value <= range.high) return {};
  return Invalid("argument must be between " + std::to_string(range.low) + " and " +
                 std::to_string(range.high) + " inclusive");
}

Status ParseBool(const std::string& word, bool* value) {
  if (dispatch::EqualsIgnoreCase(word, "yes")) {
    *value = true;
  } else if (dispatch::EqualsIgnoreCase(word, "no")) {
    *value = false;
  } else {
    return Invalid("argument must be 'yes' or 'no'");
  }
  return {};
}

std::string JoinedWords(Words words) {
  std::string joined;
  for (size_t i = 0; i < words.size(); ++i) joined += (i == 0 ? "" : " ") + words[i];
  return joined;
}

Option BoolOption(std::string name, bool Config::*field, uint32_t flags, std::string alias) {
  return {.name = std::move(name),
          .alias = std::move(alias),
          .flags = flags,
          .set =
              [field](Config& config, Words words) {
                RHA_RETURN_IF_ERROR(OneWord(words));
                return ParseBool(words[0], &(config.*field));
              },
          .get = [field](const Config& config) { return config.*field ? "yes" : "no"; }};
}

Option IntOption(std::string name, int64_t Config::*field, Range range, uint32_t flags,
                 std::string alias) {
  return {.name = std::move(name),
          .alias = std::move(alias),
          .flags = flags,
          .set =
              [field, range](Config& config, Words words) {
                RHA_RETURN_IF_ERROR(OneWord(words));
                int64_t value = 0;
                if (!structs::ParseDecimal(words[0], &value)) {
                  return Invalid("argument couldn't be parsed into an integer");
                }
                RHA_RETURN_IF_ERROR(InRange(value, range));
                config.*field = value;
                return Status();
              },
          .get = [field](const Config& config) { return std::to_string(config.*field); }};
}

Option MemoryOption(std::string name, int64_t Config::*field, Range range, uint32_t flags) {
  return {.name = std::move(name),
          .flags = flags,
          .set =
              [field, range](Config& config, Words words) {
                RHA_RETURN_IF_ERROR(OneWord(words));
                const int64_t value = ParseMemory(words[0]);
                if (value < 0) return Invalid("argument must be a memory value");
                RHA_RETURN_IF_ERROR(InRange(value, range));
                config.*field = value;
                return Status();
              },
          .get = [field](const Config& config) { return std::to_string(config.*field); }};
}

Option TextOption(std::string name, std::string Config::*field, uint32_t flags, std::string alias) {
  return {.name = std::move(name),
          .alias = std::move(alias),
          .flags = flags,
          .set =
              [field](Config& config, Words words) {
                RHA_RETURN_IF_ERROR(OneWord(words));
                config.*field = words[0];
                return Status();
              },
          .get = [field](const Config& config) { return config.*field; }};
}

Option EnumOption(std::string name, std::string Config::*field,
                  std::initializer_list<std::string_view> allowed, uint32_t flags) {
  std::vector<std::string> names(allowed.begin(), allowed.end());
  return {.name = std::move(name),
          .flags = flags,
          .set =
              [field, names](Config& config, Words words) {
                RHA_RETURN_IF_ERROR(OneWord(words));
                for (const std::string& known : names) {
                  if (!dispatch::EqualsIgnoreCase(known, words[0])) continue;
                  config.*field = known;
                  return Status();
                }
                std::string list;
                for (const std::string& known : names) list += (list.empty() ? "" : ", ") + known;
                return Invalid("argument(s) must be one of the following: " + list);
              },
          .get = [field](const Config& config) { return config.*field; }};
}

int64_t ParseMemory(std::string_view text) {
  size_t digits = 0;
  while (digits < text.size() && std::isdigit(static_cast<unsigned char>(text[digits])) != 0)
    ++digits;
  int64_t value = 0;
  if (digits == 0 || digits > 18 || !structs::ParseDecimal(text.substr(0, digits), &value))
    return -1;
  struct Unit {
    std::string_view name;
    int64_t factor;
  };
  constexpr Unit kUnits[] = {
      {"", 1},          {"b", 1},        {"k", 1000},          {"kb", 1 << 10},
      {"m", 1'000'000}, {"mb", 1 << 20}, {"g", 1'000'000'000}, {"gb", 1 << 30}};
  for (const Unit& unit : kUnits) {
    if (!dispatch::EqualsIgnoreCase(unit.name, text.substr(digits))) continue;
    return __builtin_mul_overflow(value, unit.factor, &value) ? -1 : value;
  }
  return -1;
}

}  // namespace rha::node::app
