#include "node/scripting/shebang.h"

#include <strings.h>

#include <algorithm>
#include <span>
#include <utility>

#include "common/base/config_text.h"

namespace rha::node::scripting {
namespace {

// Takes what stands before the first of `ends`, and that too.
std::string_view Cut(std::string_view* rest, std::string_view ends) {
  const size_t end = rest->find_first_of(ends);
  const std::string_view word = rest->substr(0, end);
  rest->remove_prefix(end == std::string_view::npos ? rest->size() : end + 1);
  return word;
}

bool ParseFlags(std::string_view list, uint32_t* flags, std::string* error) {
  while (!list.empty()) {
    const std::string_view name = Cut(&list, ",");
    uint32_t flag = 0;
    for (const NamedScriptFlag& each : kScriptFlagNames) {
      if (each.name == name) flag = each.flag;
    }
    if (flag == 0) {
      *error = "Unexpected flag in script shebang: " + std::string(name);
      return false;
    }
    *flags |= flag;
  }
  return true;
}

}  // namespace

bool ParseShebang(std::string_view source, Shebang* shebang, std::string* error) {
  *shebang = {};
  if (!source.starts_with("#!")) return true;
  const size_t end = source.find('\n');
  if (end == std::string_view::npos) {
    *error = "Invalid script shebang";
    return false;
  }
  shebang->bytes = end;
  shebang->flags = 0;
  constexpr std::string_view kBlanks = " \t\r";
  std::string_view line = source.substr(0, end);
  if (const std::string_view engine = Cut(&line, kBlanks); engine != "#!lua") {
    *error = "Unexpected engine in script shebang: " + std::string(engine);
    return false;
  }
  constexpr std::string_view kOption = "flags=";
  while (!line.empty()) {
    const std::string_view word = Cut(&line, kBlanks);
    if (word.empty()) continue;
    if (!word.starts_with(kOption)) {
      *error = "Unknown lua shebang option: " + std::string(word);
      return false;
    }
    if (!ParseFlags(word.substr(kOption.size()), &shebang->flags, error)) return false;
  }
  return true;
}

bool ParseLibraryHead(std::string_view source, LibraryHead* head, std::string* error) {
  if (!source.starts_with("#!")) {
    *error = "Missing library metadata";
    return false;
  }
  const size_t end = source.find('\n');
  const auto words = SplitConfigWords(source.substr(0, std::min(end, source.size())));
  if (end == std::string_view::npos || !words.ok() || words->empty()) {
    *error = "Invalid library metadata";
    return false;
  }
  *head = {.engine = {}, .name = {}, .bytes = end};
  bool named = false;
  constexpr std::string_view kName = "name=";
  for (const std::string& word : std::span(*words).subspan(1)) {
    if (::strncasecmp(word.c_str(), kName.data(), kName.size()) != 0) {
      *error = "Invalid metadata value given: " + word;
      return false;
    }
    if (std::exchange(named, true)) {
      *error = "Invalid metadata value, name argument was given multiple times";
      return false;
    }
    head->name = word.substr(kName.size());
  }
  if (!named) {
    *error = "Library name was not given";
    return false;
  }
  head->engine = words->front().substr(2);
  return true;
}

}  // namespace rha::node::scripting
