// HINCRBY and HINCRBYFLOAT: a value read as a number, changed and stored as its text.
#include <cmath>
#include <optional>
#include <string>

#include "node/commands/families.h"
#include "node/commands/hash/field_words.h"
#include "node/commands/parse.h"
#include "node/types/hash.h"

namespace rha::node::commands {
namespace {

using keyspace::Edit;
using keyspace::Type;
using structs::DecimalText;
using types::Hash;
using types::HashView;
namespace events = keyspace::events;

void HIncrBy(Context& ctx) {
  int64_t increment = 0, value = 0;
  if (!ParseInteger(ctx, ctx.arg(3), &increment)) return;
  Edit edit = ctx.db().WriteOrCreate(ctx.arg(1), Type::kHash);
  if (!IsOrAbsent(ctx, edit.item(), Type::kHash)) return;
  const std::optional<std::string_view> old = edit.item().As<HashView>().Find(ctx.arg(2));
  if (old && !structs::ParseDecimal(*old, &value)) {
    return ctx.reply.Error("ERR hash value is not an integer");
  }
  if (__builtin_add_overflow(value, increment, &value)) {
    return ctx.reply.Error("ERR increment or decrement would overflow");
  }
  DecimalText text;
  edit.As<Hash>().SetKeepingEnd(ctx.arg(2), structs::FormatDecimal(value, text));
  edit.Commit(events::kHIncrBy);
  ctx.reply.Integer(value);
}

void HIncrByFloat(Context& ctx) {
  const std::string_view key = ctx.arg(1), field = ctx.arg(2);
  long double value = 0, increment = 0;
  if (!ParseLongDouble(ctx.arg(3), &increment)) {
    return ctx.reply.Error("ERR value is not a valid float");
  }
  if (std::isinf(increment)) return ctx.reply.Error("ERR value is NaN or Infinity");
  Edit edit = ctx.db().WriteOrCreate(key, Type::kHash);
  if (!IsOrAbsent(ctx, edit.item(), Type::kHash)) return;
  const std::optional<std::string_view> old = edit.item().As<HashView>().Find(field);
  if (old && !ParseLongDouble(*old, &value)) {
    return ctx.reply.Error("ERR hash value is not a float");
  }
  value += increment;
  if (std::isnan(value) || std::isinf(value)) {
    return ctx.reply.Error("ERR increment would produce NaN or Infinity");
  }
  const std::string text = FormatLongDouble(value);
  const int64_t end_ms = edit.item().As<HashView>().EndOf(field).value_or(types::kEndless);
  edit.As<Hash>().SetKeepingEnd(field, text);
  edit.Commit(events::kHIncrByFloat);
  ctx.reply.Bulk(text);
  // The result, so that replicas cannot round differently; HSET ends a lifetime.
  ctx.Propagate({"HSET", key, field, text});
  if (end_ms != types::kEndless) PropagateEnd(ctx, key, end_ms, {field});
}

constexpr uint32_t kCounterFlags = kWrite | kDenyOom | kFast;

constexpr CommandSpec kRows[] = {
    {"hincrby", HIncrBy, 4, kCounterFlags, kAclHash, {At(1, kReadsUpdates)}},
    {"hincrbyfloat", HIncrByFloat, 4, kCounterFlags, kAclHash, {At(1, kReadsUpdates)}},
};
static_assert(RowsAreSound(kRows));

}  // namespace

CommandRows HashCounterRows() { return kRows; }

}  // namespace rha::node::commands
