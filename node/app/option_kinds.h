// How the kinds of options are read and shown; used by the table alone (options.cc).
// Any thread.
#pragma once

#include <initializer_list>
#include <limits>
#include <string>
#include <string_view>

#include "node/app/options.h"

namespace rha::node::app {

struct Range {
  int64_t low = 0;
  int64_t high = std::numeric_limits<int64_t>::max();
};

Option BoolOption(std::string name, bool Config::*field, uint32_t flags = 0,
                  std::string alias = "");
Option IntOption(std::string name, int64_t Config::*field, Range range, uint32_t flags = 0,
                 std::string alias = "");
Option MemoryOption(std::string name, int64_t Config::*field, Range range, uint32_t flags = 0);
Option TextOption(std::string name, std::string Config::*field, uint32_t flags = 0,
                  std::string alias = "");
Option EnumOption(std::string name, std::string Config::*field,
                  std::initializer_list<std::string_view> allowed, uint32_t flags = 0);

// What the kinds are made of.
Status InRange(int64_t value, Range range);
Status ParseBool(const std::string& word, bool* value);
std::string JoinedWords(Words words);

}  // namespace rha::node::app
