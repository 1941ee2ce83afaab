// The first line of a script that says how it is to be run, #!lua flags=no-writes,allow-oom, and
// that of a library: #!lua name=mylib
// Pure; any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace rha::node::scripting {

enum ScriptFlag : uint32_t {
  kNoWrites = 1 << 0,
  kAllowOom = 1 << 1,
  kAllowStale = 1 << 2,
  kNoCluster = 1 << 3,
  kAllowCrossSlotKeys = 1 << 4,
  kWithoutShebang = 1 << 5,  // there is no such line: the rules of before Redis 7 hold
};

struct Shebang {
  uint32_t flags = kWithoutShebang;
  size_t bytes = 0;  // of the line without its end, which stays for the sake of line numbers
};

// False: `error` says why.
bool ParseShebang(std::string_view source, Shebang* shebang, std::string* error);

struct LibraryHead {
  std::string engine;
  std::string name;
  size_t bytes = 0;  // as Shebang's
};
bool ParseLibraryHead(std::string_view source, LibraryHead* head, std::string* error);

struct NamedScriptFlag {
  std::string_view name;
  uint32_t flag;
};
inline constexpr NamedScriptFlag kScriptFlagNames[] = {
    {"no-writes", kNoWrites},
    {"allow-oom", kAllowOom},
    {"allow-stale", kAllowStale},
    {"no-cluster", kNoCluster},
    {"allow-cross-slot-keys", kAllowCrossSlotKeys},
};

}  // namespace rha::node::scripting
