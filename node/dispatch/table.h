// All commands by name. Built once at start from the families' rows.
//
// Lookup folds case into a buffer on the stack and probes an open table: no allocation.
// Thread rule: constant after start, but for the counters, which belong to the engine's thread.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "common/resp/parser.h"
#include "node/dispatch/command.h"

namespace rha::node::dispatch {

struct CommandCounters {
  uint64_t calls = 0;
  uint64_t usec = 0;
  uint64_t rejected = 0;
  uint64_t failed = 0;
};

// The row for a request; `container` is set when its first word is one. No spec: unknown.
struct Resolved {
  const CommandSpec* spec = nullptr;
  const CommandSpec* container = nullptr;
};

class CommandTable {
 public:
  // A name that occurs twice, or a subcommand without its container, ends the process: it is our
  // mistake.
  explicit CommandTable(std::vector<CommandRows> families);

  // `name` in any case: "get", "CONFIG|get". Null: unknown.
  const CommandSpec* Find(std::string_view name) const;
  // Of a container, the subcommand's row. REQUIRES: args is not empty.
  Resolved Resolve(resp::Args args) const;

  const std::vector<CommandSpec>& commands() const { return specs_; }
  // The subcommands of a container, in order of their rows.
  std::vector<const CommandSpec*> Subcommands(const CommandSpec& container) const;
  CommandCounters& counters(const CommandSpec& spec) {
    return counters_[static_cast<size_t>(&spec - specs_.data())];
  }
  void ResetCounters();

 private:
  const CommandSpec* FindFolded(std::string_view lower) const;

  std::vector<CommandSpec> specs_;
  std::vector<CommandCounters> counters_;
  std::vector<int16_t> slots_;  // open addressing; -1: free
  uint32_t mask_ = 0;
};

// The words that are keys in a request of this command; none if it holds fewer than it says.
std::vector<size_t> KeyPositions(const CommandSpec& spec, resp::Args words);

// ASCII only, as protocol words are.
inline char ToLower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }
bool EqualsIgnoreCase(std::string_view a, std::string_view b);

}  // namespace rha::node::dispatch
