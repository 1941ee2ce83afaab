// A command is one row: name, handler and everything the engine and COMMAND must know about it.
//
//   constexpr CommandSpec kRows[] = {
//       {"get", Get, 2, kReadonly | kFast, kAclString, {At(1, kReads)}},
//   };
//   static_assert(RowsAreSound(kRows));
//
// A subcommand is a row named "config|get"; its container is a row of its own with kContainer. The
// prose that COMMAND DOCS tells of it is in commands/docs.
// Thread rule: constant after start.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "common/acl/category.h"
#include "common/resp/redis_version.h"
#include "node/dispatch/keys.h"

namespace rha::node::dispatch {

using resp::kRedisVersion;

class Context;
class Engine;
using Handler = void (*)(Context&);
// Whether the word at `i` of the context's request is a secret: MONITOR and SLOWLOG do not show it.
using SecretWord = bool (*)(const Context&, size_t i);
// What is really done with a key whose use depends on options (kKeyVariable): a KeyUse.
using VariableUse = uint16_t (*)(resp::Args words);
// The flags of one request, where more than its row is needed to know them.
using RequestFlags = uint32_t (*)(const Engine&, resp::Args words, uint32_t flags);

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
  // Ours, not shown by COMMAND:
  kContainer = 1 << 20,     // has subcommands; without one it is an error
  kUndecidedOk = 1 << 21,   // allowed while no role has been assigned (redisha-managed)
  kNotQueued = 1 << 22,     // runs inside of MULTI too
  kLeavesMulti = 1 << 23,   // likewise, and takes no memory there: it ends the transaction
  kRunsQueued = 1 << 24,    // does what was queued: it may do, and is refused, what that is
  kSubscriberOk = 1 << 25,  // allowed to who has subscribed, where replies and messages mix (RESP2)
  kProbe = 1 << 26,         // changes nothing, yet fails where the server cannot do its work (PING)
  kOverLimitOk = 1 << 27,   // a member proves itself by it, also beyond maxclients
  kNoMandatoryKeys = 1 << 28,  // shown by COMMAND: it may be called without any key
  kAsking = 1 << 29,           // shown by COMMAND: in a cluster, as if ASKING came before it
  kKeepsCaching = 1 << 30,     // is not the command that CLIENT CACHING was said for
  kShowsData = 1U << 31,       // tells of the dataset, or of changes, though it reads no key
};

// What the answer may show of the dataset, or of what others have said, or changes them.
constexpr uint32_t kAboutData =
    kWrite | kReadonly | kMayReplicate | kPubsubFlag | kBlocking | kRunsQueued | kShowsData;

using acl::AclCategory;
using enum acl::AclCategory;

struct CommandSpec {
  std::string_view name;  // lower case; "config|get" for a subcommand
  Handler handler = nullptr;
  int16_t arity = 0;  // counts the name (of a subcommand: both words); negative: at least
  uint32_t flags = 0;
  uint32_t acl = 0;  // beyond those that follow from the flags
  KeySpecs keys = {};
  SecretWord secret = nullptr;  // null: no word is
  VariableUse variable_use = nullptr;
  RequestFlags request_flags = nullptr;  // null: its own, always

  constexpr bool Has(uint32_t flag) const { return (flags & flag) != 0; }
  // In a primary's stream and in append-only files: data travel there, orders to a server and what
  // is about a connection do not (PFDEBUG is for administrators, and changes data).
  constexpr bool BelongsInLogs() const { return !Has(kNoAuth) && (!Has(kAdmin) || Has(kWrite)); }
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
  bool variable = false;
  for (const KeySpec& keys : row.keys) variable |= (keys.use & kKeyVariable) != 0;
  if (variable != (row.variable_use != nullptr)) return "a variable use needs its function";
  const int least_words = row.arity < 0 ? -row.arity : row.arity;
  return KeySpecsFault(row.keys, least_words, row.Has(kMovableKeys));
}

// Of the key that VisitKeys() found with `use`.
inline uint16_t RealUse(const CommandSpec& spec, resp::Args words, uint16_t use) {
  return (use & kKeyVariable) != 0 ? spec.variable_use(words) : use;
}

// What a row says and what follows from its flags.
constexpr uint32_t CategoriesOf(const CommandSpec& spec) {
  uint32_t acl = spec.acl;
  if (spec.Has(kWrite)) acl |= kAclWrite;
  if (spec.Has(kReadonly) && (spec.acl & kAclScripting) == 0) acl |= kAclRead;
  if (spec.Has(kAdmin)) acl |= kAclAdmin | kAclDangerous;
  if (spec.Has(kPubsubFlag)) acl |= kAclPubsub;
  if (spec.Has(kBlocking)) acl |= kAclBlocking;
  return acl | (spec.Has(kFast) ? kAclFast : kAclSlow);
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
