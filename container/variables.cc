#include "container/variables.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>

#include "common/base/config_text.h"

namespace rha::container {
namespace {

constexpr std::string_view kFile = "_FILE";
constexpr int kPortMost = 65535;

std::optional<bool> ParseYesNo(std::string value) {
  for (char& c : value) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  if (value == "yes" || value == "true" || value == "1") return true;
  if (value == "no" || value == "false" || value == "0") return false;
  return std::nullopt;
}

bool IsNumber(std::string_view value, int64_t least, int64_t most) {
  int64_t number = 0;
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), number);
  return error == std::errc() && end == value.data() + value.size() && number >= least &&
         number <= most;
}

// Kubernetes and Docker tell a container of the services beside it: REDIS_PORT=tcp://10.0.0.1:6379,
// REDIS_SERVICE_HOST, REDIS_PORT_6379_TCP_ADDR. Nobody has set these.
bool IsServiceLink(std::string_view name, std::string_view value) {
  return name.ends_with("_SERVICE_HOST") || name.find("_SERVICE_PORT") != name.npos ||
         (name.ends_with("_PORT") && value.find("://") != value.npos) ||
         (name.find("_PORT_") != name.npos &&
          (name.find("_TCP") != name.npos || name.find("_UDP") != name.npos));
}

const Variable* Find(std::span<const Variable> table, std::string_view name) {
  const auto found = std::ranges::find(table, name, &Variable::name);
  return found == table.end() ? nullptr : &*found;
}

// The row a variable belongs to: its own, or the one whose value's file it names.
const Variable* RowOf(std::span<const Variable> table, std::string_view name) {
  if (const Variable* own = Find(table, name)) return own;
  if (!name.ends_with(kFile)) return nullptr;
  return Find(table, name.substr(0, name.size() - kFile.size()));
}

}  // namespace

Settings Settings::Read(const Environment& environment, std::span<const Variable> table,
                        const FileReader& read_file) {
  Settings settings;
  for (const auto& [name, value] : environment) {
    const Variable* row = RowOf(table, name);
    if (row == nullptr) {
      if (name.starts_with("REDIS_") && !value.empty() && !IsServiceLink(name, value)) {
        settings.Note(name + " is no setting of this image: nothing is done with it");
      }
      continue;
    }
    if (value.empty()) continue;
    if (row->name == name) {
      settings.Take(*row, value);
      continue;
    }
    if (const auto direct = environment.find(std::string(row->name));
        direct != environment.end() && !direct->second.empty()) {
      settings.Refuse(fmt::format("{} and {} say the same thing: leave one out", row->name, name));
      continue;
    }
    Result<std::string> text = read_file(value);
    if (!text.ok()) {
      settings.Refuse(name + ": " + text.status().message());
      continue;
    }
    while (text->ends_with('\n') || text->ends_with('\r')) text->pop_back();
    if (text->empty()) settings.Refuse(fmt::format("{}: {} is empty", name, value));
    settings.Take(*row, std::move(*text));
  }
  return settings;
}

void Settings::Take(const Variable& variable, std::string value) {
  const std::string name(variable.name);
  switch (variable.kind) {
    case Kind::kText:
      break;
    case Kind::kYesNo:
    case Kind::kOff: {
      const std::optional<bool> yes = ParseYesNo(value);
      if (!yes) return Refuse(name + " must be yes or no");
      if (*yes && variable.kind == Kind::kOff) {
        return Refuse(fmt::format("{}: {}", name, variable.help));
      }
      value = *yes ? "yes" : "no";
      break;
    }
    case Kind::kNumber:
      if (!IsNumber(value, 0, INT32_MAX)) return Refuse(name + " must be a number");
      break;
    case Kind::kPort:
      if (!IsNumber(value, 1, kPortMost)) return Refuse(name + " must be a port, 1 to 65535");
      break;
    case Kind::kRefused:
      return Refuse(fmt::format("{}: {}", name, variable.help));
    case Kind::kUnused:
      return Note(fmt::format("{} changes nothing: {}", name, variable.help));
  }
  values_[name] = std::move(value);
}

std::string Settings::Text(std::string_view name, std::string_view by_default) const {
  const auto found = values_.find(name);
  return found == values_.end() ? std::string(by_default) : found->second;
}

bool Settings::Yes(std::string_view name, bool by_default) const {
  return Text(name, by_default ? "yes" : "no") == "yes";
}

Status Settings::Check() const {
  if (errors_.empty()) return {};
  return Status(Code::kInvalid, fmt::format("{}", fmt::join(errors_, "\n")));
}

Environment Without(const Environment& environment, std::span<const Variable> table) {
  Environment left;
  for (const auto& [name, value] : environment) {
    if (RowOf(table, name) == nullptr) left.emplace(name, value);
  }
  return left;
}

std::string ConfigLineOf(const std::vector<std::string>& words) {
  std::string line;
  for (const std::string& word : words) line += (line.empty() ? "" : " ") + QuoteConfigWord(word);
  return line + '\n';
}

std::string HelpOf(std::span<const Variable> table) {
  std::string text;
  for (const Variable& variable : table) {
    text += fmt::format("  {:<46} {}\n", variable.name, variable.help);
  }
  return text;
}

}  // namespace rha::container
