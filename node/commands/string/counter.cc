// INCR and its relatives: a string read as a number, changed and stored as its text.
#include <cmath>
#include <limits>

#include "node/commands/families.h"
#include "node/commands/parse.h"

namespace rha::node::commands {
namespace {

using keyspace::Edit;
using keyspace::Type;
using structs::DecimalText;
using types::String;
using types::StringView;
namespace events = keyspace::events;

void Add(Context& ctx, int64_t increment) {
  Edit edit = ctx.db().WriteOrCreate(ctx.arg(1), Type::kString);
  if (!IsOrAbsent(ctx, edit.item(), Type::kString)) return;
  int64_t value = 0;
  if (!edit.created() && !edit.item().As<StringView>().AsInteger(&value)) {
    return ctx.NotAnInteger();
  }
  if (__builtin_add_overflow(value, increment, &value)) {
    return ctx.reply.Error("ERR increment or decrement would overflow");
  }
  edit.As<String>().Set(value);
  edit.Commit(events::kIncrBy);
  ctx.reply.Integer(value);
}

void Incr(Context& ctx) { Add(ctx, 1); }
void Decr(Context& ctx) { Add(ctx, -1); }

void IncrBy(Context& ctx) {
  int64_t increment = 0;
  if (ParseInteger(ctx, ctx.arg(2), &increment)) Add(ctx, increment);
}

void DecrBy(Context& ctx) {
  int64_t decrement = 0;
  if (!ParseInteger(ctx, ctx.arg(2), &decrement)) return;
  if (decrement == std::numeric_limits<int64_t>::min()) {
    return ctx.reply.Error("ERR decrement would overflow");
  }
  Add(ctx, -decrement);
}

void IncrByFloat(Context& ctx) {
  const std::string_view key = ctx.arg(1);
  Edit edit = ctx.db().WriteOrCreate(key, Type::kString);
  if (!IsOrAbsent(ctx, edit.item(), Type::kString)) return;
  long double value = 0, increment = 0;
  DecimalText scratch;
  const bool valid =
      edit.created() || ParseLongDouble(edit.item().As<StringView>().View(scratch), &value);
  if (!valid || !ParseLongDouble(ctx.arg(2), &increment)) {
    return ctx.reply.Error("ERR value is not a valid float");
  }
  value += increment;
  if (std::isnan(value) || std::isinf(value)) {
    return ctx.reply.Error("ERR increment would produce NaN or Infinity");
  }
  const std::string text = FormatLongDouble(value);
  edit.As<String>().SetText(text);
  edit.Commit(events::kIncrByFloat);
  ctx.reply.Bulk(text);
  // The result, so that replicas cannot round differently.
  ctx.Propagate({"SET", key, text, "KEEPTTL"});
}

constexpr uint32_t kCounterFlags = kWrite | kDenyOom | kFast;

constexpr CommandSpec kRows[] = {
    {"incr", Incr, 2, kCounterFlags, kAclString, {At(1, kReadsUpdates)}},
    {"decr", Decr, 2, kCounterFlags, kAclString, {At(1, kReadsUpdates)}},
    {"incrby", IncrBy, 3, kCounterFlags, kAclString, {At(1, kReadsUpdates)}},
    {"decrby", DecrBy, 3, kCounterFlags, kAclString, {At(1, kReadsUpdates)}},
    {"incrbyfloat", IncrByFloat, 3, kCounterFlags, kAclString, {At(1, kReadsUpdates)}},
};
static_assert(RowsAreSound(kRows));

}  // namespace

CommandRows CounterRows() { return kRows; }

}  // namespace rha::node::commands
