// A command is one row: name, handler and everything the engine and COMMAND must know about it.
//
//   constexpr CommandSpec kRows[] = {
//       {.name = "get", .handler = Get, .arity = 2, .flags = kReadonly | kFast,
//        .keys = kOneKey, .acl = kAclString, .group = Group::kString, .since = "1.0.0",
//        .summary = "Get the value of a key"},
//   };
//   static_assert(RowsAreSound(kRows));
//
// A subcommand is a row named "config|get"; its container is a row of its own with kContainer.
// Thread rule: constant after start.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace rha::node::dispatch {

// The version of Redis whose behaviour this server has; what INFO and HELLO tell clients.
constexpr std::string_view kRedisVersion = "7.0.15";

class Context;
using Handler = void (*)(Context&);
// Whether the word at `i` of the context's request is a secret: MONITOR and SLOWLOG do not show it.
using SecretWord = bool (*)(const Context&, size_t i);

enum CommandFlag : uint32_t {
  kWrite = 1 << 0,
  kReadonly = 1 << 1,
  kDenyOom = 1 << 2,
  kAdmin = 1 << 3,
  kPubsubFlag = 1 << 4,
  kNoscript = 1 << 5,
  kBlocking = 1 << 6,
  kLoading = 1 << 7,
  kStale = 1 << 8,
  kSkipMonitor = 1 << 9,
  kSkipSlowlog = 1 << 10,
  kFast = 1 << 11,
  kNoAuth = 1 << 12,
  kMayReplicate = 1 << 13,
  kNoAsyncLoading = 1 << 14,
  kNoMulti = 1 << 15,
  kAllowBusy = 1 << 16,
  kProtected = 1 << 17,
  kMovableKeys = 1 << 18,
  kTouchesArbitraryKeys = 1 << 19,
  kSentinelFlag = 1 << 20,
  // Ours, not shown by COMMAND:
  kContainer = 1 << 24,    // has subcommands; without one it is an error
  kUndecidedOk = 1 << 25,  // allowed while no role has been assigned (redisha-managed)
  kSystem = 1 << 26,       // hidden from people: COMMAND DOCS says doc_flags syscmd
};

enum AclCategory : uint32_t {
  kAclKeyspace = 1 << 0,
  kAclRead = 1 << 1,
  kAclWrite = 1 << 2,
  kAclSet = 1 << 3,
  kAclSortedSet = 1 << 4,
  kAclList = 1 << 5,
  kAclHash = 1 << 6,
  kAclString = 1 << 8,
  kAclBitmap = 1 << 9,
  kAclPubsub = 1 << 12,
  kAclAdmin = 1 << 13,
  kAclFast = 1 << 14,
  kAclSlow = 1 << 15,
  kAclBlocking = 1 << 16,
  kAclDangerous = 1 << 17,
  kAclConnection = 1 << 18,
  kAclTransaction = 1 << 19,
};

// Where the keys stand among the arguments, the command's name being 0. first 0: no keys.
struct KeyRange {
  int8_t first = 0;
  int8_t last = 0;  // negative: counted from the end
  int8_t step = 0;
};
constexpr KeyRange kNoKeys{};
constexpr KeyRange kOneKey{1, 1, 1};
constexpr KeyRange kTwoKeys{1, 2, 1};
constexpr KeyRange kAllKeys{1, -1, 1};
constexpr KeyRange kKeyValuePairs{1, -1, 2};

enum class Group : uint8_t {
  kString,
  kList,
  kSet,
  kSortedSet,
  kHash,
  kGeneric,
  kTransactions,
  kPubsub,
  kConnection,
  kServer,
  kBitmap
};

struct CommandSpec {
  std::string_view name;  // lower case; "config|get" for a subcommand
  Handler handler = nullptr;
  int16_t arity = 0;  // counts the name (of a subcommand: both words); negative: at least
  uint32_t flags = 0;
  KeyRange keys = kNoKeys;
  // Where the word stands that says how many keys follow it (ZUNION: 1); 0: there is none. `keys`
  // then are the others, if any. Such a row has kMovableKeys.
  int8_t key_count_at = 0;
  SecretWord secret = nullptr;  // null: no word is
  // The option behind which one more key stands (SORT: STORE); the last one counts.
  std::string_view key_behind = {};
  uint32_t acl = 0;  // beyond those that follow from the flags
  Group group = Group::kGeneric;
  std::string_view since;
  std::string_view summary;
  std::string_view complexity = "O(1)";

  constexpr bool Has(uint32_t flag) const { return (flags & flag) != 0; }
  constexpr bool is_subcommand() const { return name.find('|') != std::string_view::npos; }
  constexpr bool ArityFits(size_t words) const {
    return arity >= 0 ? words == static_cast<size_t>(arity) : words >= static_cast<size_t>(-arity);
  }
};

// What is wrong with one row; empty: nothing.
constexpr std::string_view RowFault(const CommandSpec& row) {
  if (row.name.empty()) return "no name";
  for (const char c : row.name) {
    const bool plain =
        (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '|';
    if (!plain) return "name is not lower case";
  }
  if (row.handler == nullptr && !row.Has(kContainer)) return "no handler";
  if (row.arity == 0) return "no arity";
  if (row.is_subcommand() && row.arity > -2 && row.arity < 2) return "arity counts both words";
  if (row.Has(kWrite) && row.Has(kReadonly)) return "both write and readonly";
  if (row.Has(kDenyOom) && !row.Has(kWrite)) return "denyoom without write";
  const bool movable = row.key_count_at != 0 || !row.key_behind.empty();
  if (movable && !row.Has(kMovableKeys)) return "counted and optional keys are movable";
  if (row.since.empty() || row.summary.empty()) return "no documentation";
  const auto [first, last, step] = row.keys;
  if (first == 0) return last != 0 || step != 0 ? "key range without a first key" : "";
  if (first < 0 || step <= 0) return "bad key range";
  const int least_words = row.arity < 0 ? -row.arity : row.arity;
  if (first >= least_words) return "first key may be missing";
  if (last > 0 && (last < first || last >= least_words)) return "last key may be missing";
  if (last < 0 && row.arity > 0 && step == 1) return "open key range with fixed arity";
  return "";
}

template <size_t kCount>
consteval bool RowsAreSound(const CommandSpec (&rows)[kCount]) {
  for (size_t i = 0; i < kCount; ++i) {
    if (!RowFault(rows[i]).empty()) return false;
    for (size_t j = 0; j < i; ++j) {
      if (rows[i].name == rows[j].name) return false;
    }
  }
  return true;
}

using CommandRows = std::span<const CommandSpec>;

}  // namespace rha::node::dispatch
