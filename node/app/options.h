// The table of options: for each directive of redis.conf how it is read, shown and whether it may
// change while the server runs.
//
// Options of what this server does not have (cluster, TLS, ...) are a table of their own
// (remembered_options.h).
//
// Thread rule: constant after start.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/status.h"
#include "node/app/config.h"

namespace rha::node::app {

using Words = std::span<const std::string>;
using Lines = std::vector<std::vector<std::string>>;

enum OptionFlag : uint32_t {
  kImmutable = 1 << 0,        // only at start
  kManyWords = 1 << 1,        // the directive takes any number of words (save, bind)
  kManyLines = 1 << 2,        // several lines make up the value (save, client-output-buffer-limit)
  kSecret = 1 << 3,           // neither logged nor shown by MONITOR and SLOWLOG
  kOurs = 1 << 5,             // not Redis': CONFIG SET of what CONFIG GET showed always works
  kProtectedOption = 1 << 4,  // CONFIG SET needs enable-protected-configs
  kOnlyInFiles = 1 << 6,      // CONFIG GET and SET do not know it
  kGoesWithDefault = 1 << 7,  // CONFIG REWRITE drops its line when it is at its default
  kHidden = 1 << 8,           // CONFIG GET shows it by its name, and to no pattern
  kOfRedisHa = 1 << 9,        // a managed node has it from its resource: no CONFIG SET there
};

struct Option {
  std::string name;
  std::string alias;  // the older name; empty: none
  uint32_t flags = 0;
  // The words behind the directive. The message is Redis': "argument must be 'yes' or 'no'".
  std::function<Status(Config&, Words)> set;
  // As CONFIG GET shows it.
  std::function<std::string(const Config&)> get;
  // The lines CONFIG REWRITE writes, each as its words behind the name; where empty, one line of
  // one word, get().
  std::function<Lines(const Config&)> lines;
};

Lines LinesOf(const Option& option, const Config& config);

const std::vector<Option>& Options();
// By name or alias, in any case; null: unknown.
const Option* FindOption(std::string_view name);

// "1gb", "64kb", "100": bytes. Negative on error.
int64_t ParseMemory(std::string_view text);
// notify-keyspace-events: letters to EventKind bits and back; -1: an unknown letter.
int64_t ParseEventLetters(std::string_view letters);
std::string FormatEventLetters(uint32_t mask);

}  // namespace rha::node::app
