// DELEX, DELIFEQ, MSETEX: what Redis 8.4 and Valkey 9 have beside 7.0. Replicas are told in words
// of 7.0.
#include <string>

#include "node/commands/families.h"
#include "node/commands/parse.h"
#include "node/commands/string/set_options.h"

namespace rha::node::commands {
namespace {

using keyspace::Item;
using keyspace::kNoExpiry;
namespace events = keyspace::events;

void EraseIf(Context& ctx, const SetOptions& options) {
  const std::string_view key = ctx.arg(1);
  const Item item = ctx.db().Peek(key);
  if (options.compares() && !IsOrAbsent(ctx, item, keyspace::Type::kString)) return;
  if (!item || !options.Admits(item)) return ctx.reply.Integer(0);
  ctx.db().Erase(key);
  ctx.Propagate({"DEL", key});
  ctx.reply.Integer(1);
}

void DelEx(Context& ctx) {
  SetOptions options;
  if (ctx.argc() != 2) {
    const auto comparison = ReadComparison(ctx.arg(2));
    if (ctx.argc() != 4) return WrongArity(ctx);
    if (!comparison) return ctx.SyntaxError();
    options.condition = *comparison;
    options.compared = ctx.arg(3);
  }
  EraseIf(ctx, options);
}

void DelIfEq(Context& ctx) {
  EraseIf(ctx, {.condition = SetOptions::If::kEqual, .compared = ctx.arg(2)});
}

void PropagateSet(Context& ctx, std::string_view key, std::string_view value,
                  int64_t expire_at_ms) {
  if (!ctx.state().feed_active()) return;
  if (expire_at_ms == kNoExpiry) return ctx.Propagate({"SET", key, value});
  structs::DecimalText number;
  ctx.Propagate({"SET", key, value, "PXAT", structs::FormatDecimal(expire_at_ms, number)});
}

// numkeys key value [key value ...] [NX | XX] [EX ... | KEEPTTL]
void MSetEx(Context& ctx) {
  int64_t pairs = 0;
  if (!ParseIntegerOr(ctx, ctx.arg(1), 1, "ERR invalid numkeys value", &pairs)) return;
  if (static_cast<uint64_t>(pairs) > (ctx.argc() - 2) / 2) return WrongArity(ctx);
  const size_t end = 2 + static_cast<size_t>(pairs) * 2;
  SetOptions options;
  if (!ParseSetOptions(ctx, end, &options) || options.get || options.compares()) {
    return ctx.SyntaxError();
  }
  int64_t expire_at_ms = kNoExpiry;
  if (options.expiry && !ParseExpiry(ctx, *options.expiry, &expire_at_ms)) return;
  for (size_t i = 2; i < end; i += 2) {
    if (!options.Admits(ctx.db().Peek(ctx.arg(i)))) return ctx.reply.Integer(0);
  }
  for (size_t i = 2; i < end; i += 2) {
    const std::string_view key = ctx.arg(i), value = ctx.arg(i + 1);
    if (options.keep_ttl) {
      const Item old = ctx.db().Peek(key);
      expire_at_ms = old ? old.expire_at_ms() : kNoExpiry;
    }
    ctx.db().Put(key, value, expire_at_ms, events::kSet);
    if (options.expiry) ctx.db().Notify(events::kExpire, key);
    PropagateSet(ctx, key, value, expire_at_ms);
  }
  ctx.reply.Integer(1);
}

// A comparison tells what was there.
uint16_t UseByDelEx(Args words) { return words.size() > 2 ? kTakes : kRemoves; }

constexpr CommandSpec kRows[] = {
    {"delex",
     DelEx,
     -2,
     kWrite | kFast,
     kAclString,
     {At(1, kDeletes | kKeyVariable)},
     nullptr,
     UseByDelEx},
    {"delifeq", DelIfEq, 3, kWrite | kFast, kAclString, {At(1, kTakes)}},
    {"msetex",
     MSetEx,
     -4,
     kWrite | kDenyOom | kMovableKeys,
     kAclString,
     {Counted(1, kOverwrites, 2)}},
};
static_assert(RowsAreSound(kRows));

}  // namespace

CommandRows ConditionalRows() { return kRows; }

}  // namespace rha::node::commands
