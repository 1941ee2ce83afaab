// All commands by name. Built once at start from the families' rows.
//
// Lookup folds case into a buffer on the stack and probes an open table: no allocation.
// A command may have another name for clients than its row has (rename-command).
// Thread rule: constant after start, but for the counters, which belong to the engine's thread.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/status.h"
#include "common/resp/parser.h"
#include "node/dispatch/command.h"
#include "node/dispatch/latency_histogram.h"

namespace rha::node::dispatch {

struct CommandCounters {
  uint64_t calls = 0;
  uint64_t usec = 0;
  uint64_t rejected = 0;
  uint64_t failed = 0;
  std::unique_ptr<LatencyHistogram> latency;  // made by the first call that is tracked

  void RecordLatency(int64_t duration_us) {
    if (latency == nullptr) latency = std::make_unique<LatencyHistogram>();
    latency->Record(duration_us);
  }
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

  // Clients call the command so from now on, or not at all if `called` is empty (rename-command).
  // Its row keeps its name. Before the first request.
  Status Rename(std::string_view name, std::string_view called);
  // How clients call it; empty: they cannot.
  std::string_view CalledName(const CommandSpec& spec) const { return called_[IndexOf(spec)]; }

  // As clients call it, in any case: "get", "CONFIG|get". Null: unknown.
  const CommandSpec* Find(std::string_view name) const;
  // Of a container, the subcommand's row. REQUIRES: args is not empty.
  Resolved Resolve(resp::Args args) const;
  // Likewise by the rows' own names: a primary's stream has commands that it made up itself.
  Resolved ResolveByRow(resp::Args args) const;

  const std::vector<CommandSpec>& commands() const { return specs_; }
  size_t IndexOf(const CommandSpec& spec) const {
    return static_cast<size_t>(&spec - specs_.data());
  }
  // The subcommands of a container, in order of their rows.
  std::vector<const CommandSpec*> Subcommands(const CommandSpec& container) const;
  CommandCounters& counters(const CommandSpec& spec) { return counters_[IndexOf(spec)]; }
  void ResetCounters();

 private:
  const CommandSpec* FindFolded(std::string_view lower) const;
  const CommandSpec* FindRow(std::string_view name) const;
  Resolved InContainer(const CommandSpec& container, resp::Args args) const;
  void FillSlots();

  std::vector<CommandSpec> specs_;
  std::vector<std::string_view> called_;  // each row's name for clients, in lower case
  std::deque<std::string> new_names_;     // what `called_` refers to, where renamed
  std::vector<CommandCounters> counters_;
  std::vector<int16_t> slots_;  // open addressing; -1: free
  uint32_t mask_ = 0;
};

// ASCII only, as protocol words are.
inline char ToLower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }
bool EqualsIgnoreCase(std::string_view a, std::string_view b);

}  // namespace rha::node::dispatch
