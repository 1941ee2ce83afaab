// Commands that take from the first of several keys that is there, and those that wait until one
// is: BLPOP, LMPOP, BZPOPMIN, ZMPOP and their families.
// Thread rule: the engine's thread.
#pragma once

#include <cstdint>
#include <string_view>

#include "node/commands/parse.h"

namespace rha::node::commands {

// numkeys key [key ...] END [COUNT count]
struct CountedPop {
  Args keys;
  bool second_end = false;
  int64_t count = 1;
};
struct EndWords {
  std::string_view first, second;
};
// From argument `at` on; false: the error is written.
bool ParseCountedPop(Context& ctx, size_t at, const EndWords& ends, CountedPop* pop);

// Calls take(key) for the first of the keys that is there. True: the reply is written, be it an
// error because one is of another type.
template <typename Take>
bool TakeFromFirst(Context& ctx, Args keys, keyspace::Type type, Take take) {
  for (const std::string_view key : keys) {
    const keyspace::Item item = ctx.Awaited(key, type);
    if (!IsOrAbsent(ctx, item, type)) return true;
    if (!item) continue;
    take(key);
    return true;
  }
  return false;
}

template <typename Take>
void TakeOrNull(Context& ctx, Args keys, keyspace::Type type, Take take) {
  if (!TakeFromFirst(ctx, keys, type, take)) ctx.reply.NullArray();
}

template <typename Take>
void TakeOrWait(Context& ctx, Args keys, keyspace::Type type, std::string_view timeout, Take take) {
  int64_t deadline_ms = 0;
  if (!ParseTimeout(ctx, timeout, &deadline_ms) || TakeFromFirst(ctx, keys, type, take)) return;
  if (!ctx.WaitForKeys(keys, deadline_ms)) ctx.reply.NullArray();
}

}  // namespace rha::node::commands
