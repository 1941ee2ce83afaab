// What the commands that take elements from an end of a list have in common.
// Thread rule: the engine's thread.
#pragma once

#include <algorithm>
#include <string_view>

#include "node/commands/parse.h"
#include "node/types/list.h"

namespace rha::node::commands {

using types::ListEnd;

inline keyspace::Event PopEvent(ListEnd end) {
  return end == ListEnd::kFront ? keyspace::events::kLPop : keyspace::events::kRPop;
}
inline keyspace::Event PushEvent(ListEnd end) {
  return end == ListEnd::kFront ? keyspace::events::kLPush : keyspace::events::kRPush;
}
// What a replica is told to do.
inline std::string_view PopName(ListEnd end) { return end == ListEnd::kFront ? "LPOP" : "RPOP"; }

// Takes `count` elements from the end and replies with each, in that order. REQUIRES: they are
// there.
inline void TakeElements(Context& ctx, keyspace::Edit& edit, ListEnd end, size_t count) {
  types::List list = edit.As<types::List>();
  const size_t first = end == ListEnd::kFront ? 0 : list.size() - 1;
  list.ForRange(first, count, end, [&](std::string_view text) { ctx.reply.Bulk(text); });
  list.Drop(end, count);
  edit.Commit(PopEvent(end), count);
}

// LEFT or RIGHT.
inline bool ParseListEnd(Context& ctx, std::string_view word, ListEnd* end) {
  const bool front = EqualsIgnoreCase(word, "left");
  if (!front && !EqualsIgnoreCase(word, "right")) return ctx.SyntaxError(), false;
  *end = front ? ListEnd::kFront : ListEnd::kBack;
  return true;
}

}  // namespace rha::node::commands
