// What the commands with STORE have in common: a value is made under no key, then put under one.
// Thread rule: the engine's thread.
#pragma once

#include <cstdint>
#include <string_view>

#include "node/commands/parse.h"
#include "node/types/draft.h"

namespace rha::node::commands {

inline types::Draft NewDraft(Context& ctx, types::Form form) {
  return {form, ctx.keyspace.form_limits(), ctx.keyspace.secret()};
}

// Puts the result under the key, or erases the key if the result is empty, and replies with its
// size. REQUIRES: the draft is of View's type.
template <typename View>
void StoreResult(Context& ctx, std::string_view key, types::Draft& result, keyspace::Event event) {
  const size_t size = result.As<View>().size();
  if (size == 0) {
    ctx.db().Erase(key);
  } else {
    ctx.db().Put(key, result.Take(), keyspace::kNoExpiry, event);
  }
  ctx.reply.Integer(static_cast<int64_t>(size));
}

}  // namespace rha::node::commands
