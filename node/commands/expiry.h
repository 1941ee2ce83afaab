// The end of a key's life, as SET, GETEX and EXPIRE are told it and replicas are.
// Thread rule: the engine's thread.
#pragma once

#include <cstdint>
#include <string_view>

#include "node/commands/parse.h"

namespace rha::node::commands {

struct ExpiryArg {
  std::string_view text;
  bool in_seconds = false;
  bool absolute = false;     // a point in time, not a distance from now
  bool may_be_past = false;  // zero and less are allowed
};
// As Unix milliseconds. False: the error is written, which names the command.
bool ParseExpiry(Context& ctx, const ExpiryArg& arg, int64_t* expire_at_ms);

// Ends the life of the key at that time, or at once if that is past, and propagates it.
// REQUIRES: `edit` is of the key, which is there.
void EndLifeAt(Context& ctx, std::string_view key, keyspace::Edit edit, int64_t expire_at_ms);

}  // namespace rha::node::commands
