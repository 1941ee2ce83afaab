// What may be wrong with a rule, and what rules are read against. Any thread.
#pragma once

#include <cstdint>
#include <string_view>

#include "common/acl/catalogue.h"

namespace rha::acl {

enum class RuleFault : uint8_t {
  kNone,
  kUnknownCommand,  // or category
  kSyntax,
  kKeysAfterAll,
  kChannelsAfterAll,
  kNoSuchPassword,
  kBadHash,
  kFirstArgOfSubcommand,
  kTooMuch,  // limits.h
};
// In Redis' words.
std::string_view Describe(RuleFault fault);

struct Rulebook {
  const Catalogue* catalogue;
  bool channels_open = false;  // acl-pubsub-default: what a new user or selector begins with
};

}  // namespace rha::acl
