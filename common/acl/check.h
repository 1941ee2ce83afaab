// Whether a user may make a request.
//
// A request is a command, maybe a first argument, and what it touches: the caller walks its keys
// and channels as often as there are selectors, and nothing is allocated. Any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "common/acl/user.h"

namespace rha::acl {

// In the order of what says most of several refusals.
enum class Denied : uint8_t { kNothing, kCommand, kKey, kChannel, kAuth };
constexpr size_t kDeniedKinds = 5;

struct Verdict {
  Denied denied = Denied::kNothing;
  size_t word = 0;  // the key or channel, as the caller counts
};

struct Touched {
  enum class Kind : uint8_t { kKey, kChannel, kChannelPattern };
  Kind kind = Kind::kKey;
  uint8_t rights = 0;  // KeyRight
  size_t word = 0;
  std::string_view name;
};

struct Asked {
  size_t command = 0;
  const std::string_view* first_argument = nullptr;  // null: there is none
  bool for_anybody = false;                          // AUTH and its like need no right
};

// `walk(visit)` calls visit(Touched) for everything the request touches, until that is false.
template <typename Walk>
Verdict Check(const Selector& selector, const Asked& asked, Walk walk) {
  if (!asked.for_anybody && !selector.AllowsCommand(asked.command, asked.first_argument)) {
    return {.denied = Denied::kCommand};
  }
  if (selector.all_keys() && selector.all_channels()) return {};
  // Keys are looked at before channels, wherever they stand.
  Verdict key, channel;
  walk([&](const Touched& touched) {
    if (touched.kind == Touched::Kind::kKey) {
      if (!selector.AllowsKey(touched.name, touched.rights)) key = {Denied::kKey, touched.word};
    } else if (channel.denied == Denied::kNothing &&
               !selector.AllowsChannel(touched.name,
                                       touched.kind == Touched::Kind::kChannelPattern)) {
      channel = {Denied::kChannel, touched.word};
    }
    return key.denied == Denied::kNothing;
  });
  return key.denied != Denied::kNothing ? key : channel;
}

// Allowed if one selector allows it all; else the refusal that says most: the last key or channel
// that none allows.
template <typename Walk>
Verdict Check(const User& user, const Asked& asked, Walk walk) {
  Verdict worst = {.denied = Denied::kCommand};
  for (const Selector& selector : user.selectors()) {
    const Verdict verdict = Check(selector, asked, walk);
    if (verdict.denied == Denied::kNothing) return verdict;
    const bool says_more = verdict.denied > worst.denied ||
                           (verdict.denied == worst.denied && verdict.word > worst.word);
    if (says_more) worst = verdict;
  }
  return worst;
}

// Likewise, and every key there is besides (SORT BY and GET look at any).
template <typename Walk>
bool MayWithEveryKey(const User& user, const Asked& asked, uint8_t rights, Walk walk) {
  for (const Selector& selector : user.selectors()) {
    const bool allowed = Check(selector, asked, walk).denied == Denied::kNothing;
    if (allowed && selector.AllowsEveryKey(rights)) return true;
  }
  return false;
}

inline bool MayListen(const User& user, std::string_view channel, bool is_pattern) {
  for (const Selector& selector : user.selectors()) {
    if (selector.AllowsChannel(channel, is_pattern)) return true;
  }
  return false;
}

}  // namespace rha::acl
