// XRANGE and XREVRANGE.
#include "node/commands/families.h"
#include "node/commands/stream/stream_args.h"

namespace rha::node::commands {
namespace {

using keyspace::Item;
using types::StreamView;

// False: the reply is written.
bool ParseCount(Context& ctx, int64_t* count) {
  *count = -1;
  for (size_t at = 4; at < ctx.argc(); at += 2) {
    if (!EqualsIgnoreCase(ctx.arg(at), "count") || at + 1 == ctx.argc()) {
      return ctx.SyntaxError(), false;
    }
    if (!ParseInteger(ctx, ctx.arg(at + 1), count)) return false;
    if (*count < 0) *count = 0;
  }
  return true;
}

void Range(Context& ctx, bool down) {
  IdInterval interval;
  int64_t count = 0;
  const std::string_view first = ctx.arg(down ? 3 : 2), last = ctx.arg(down ? 2 : 3);
  if (!ParseIdInterval(ctx, first, last, &interval) || !ParseCount(ctx, &count)) return;
  const Item item = ctx.db().Read(ctx.arg(1));
  if (!item) return ctx.reply.Array(0);
  if (!IsOrAbsent(ctx, item, keyspace::Type::kStream)) return;
  if (count == 0) return ctx.reply.NullArray();
  Gathered entries(ctx.reply);
  const auto visit = [&](const structs::StreamEntry& entry) {
    WriteEntry(entries.Next(), entry);
    return entries.size() != count;
  };
  const structs::StreamLog& log = item.As<StreamView>()->log();
  if (down) {
    log.ForRangeDown(interval.first, interval.last, visit);
  } else {
    log.ForRange(interval.first, interval.last, visit);
  }
  entries.WriteArray(ctx.reply);
}
void XRange(Context& ctx) { Range(ctx, false); }
void XRevRange(Context& ctx) { Range(ctx, true); }

constexpr CommandSpec kRows[] = {
    {"xrange", XRange, -4, kReadonly, kAclStream, {At(1, kReads)}},
    {"xrevrange", XRevRange, -4, kReadonly, kAclStream, {At(1, kReads)}},
};
static_assert(RowsAreSound(kRows));

}  // namespace

CommandRows StreamRangeRows() { return kRows; }

}  // namespace rha::node::commands
