// From the end of one list to an end of another: LMOVE, RPOPLPUSH, BLMOVE, BRPOPLPUSH.
#include <string>

#include "node/commands/families.h"
#include "node/commands/list/taking.h"

namespace rha::node::commands {
namespace {

using keyspace::Edit;
using keyspace::Item;
using keyspace::Type;
using types::List;
using types::ListView;

struct Ends {
  ListEnd from = ListEnd::kBack;
  ListEnd to = ListEnd::kFront;
};

bool ParseEnds(Context& ctx, Ends* ends) {
  return ParseListEnd(ctx, ctx.arg(3), &ends->from) && ParseListEnd(ctx, ctx.arg(4), &ends->to);
}

// Moves one element from the list `item`, arg(1), to arg(2); false: an error is written.
bool MoveElement(Context& ctx, const Item& item, Ends ends) {
  const std::string_view source = ctx.arg(1), target = ctx.arg(2);
  if (!IsOrAbsent(ctx, ctx.db().Peek(target), Type::kList)) return false;
  std::string text;
  item.As<ListView>().At(ends.from == ListEnd::kFront ? 0 : -1,
                         [&](std::string_view element) { text = element; });
  if (source == target) {
    Edit edit = ctx.db().Write(source);
    List list = edit.As<List>();
    list.Drop(ends.from, 1);
    list.Push(ends.to, text);
    edit.Commit(PushEvent(ends.to));
    ctx.db().Notify(PopEvent(ends.from), source);
  } else {
    {
      Edit edit = ctx.db().WriteOrCreate(target, Type::kList);
      edit.As<List>().Push(ends.to, text);
      edit.CommitUncounted(PushEvent(ends.to));  // the two together are one change
    }
    Edit edit = ctx.db().Write(source);
    edit.As<List>().Drop(ends.from, 1);
    edit.Commit(PopEvent(ends.from));
  }
  ctx.reply.Bulk(text);
  return true;
}

void MoveAtOnce(Context& ctx, Ends ends) {
  const Item item = ctx.db().Peek(ctx.arg(1));
  if (!IsOrAbsent(ctx, item, Type::kList)) return;
  if (!item) return ctx.reply.Null();
  MoveElement(ctx, item, ends);
}

// True: an element has been moved.
bool MoveOrWait(Context& ctx, Ends ends, int64_t deadline_ms) {
  const Item item = ctx.Awaited(ctx.arg(1), Type::kList);
  if (!IsOrAbsent(ctx, item, Type::kList)) return false;
  if (item) return MoveElement(ctx, item, ends);
  if (!ctx.WaitForKeys(ctx.args.subspan(1, 1), deadline_ms)) ctx.reply.Null();
  return false;
}

void LMove(Context& ctx) {
  Ends ends;
  if (ParseEnds(ctx, &ends)) MoveAtOnce(ctx, ends);
}
void RPopLPush(Context& ctx) { MoveAtOnce(ctx, {}); }

void BLMove(Context& ctx) {
  Ends ends;
  int64_t deadline_ms = 0;
  if (!ParseEnds(ctx, &ends) || !ParseTimeout(ctx, ctx.arg(5), &deadline_ms)) return;
  if (!MoveOrWait(ctx, ends, deadline_ms)) return;
  ctx.Propagate({"LMOVE", ctx.arg(1), ctx.arg(2), ctx.arg(3), ctx.arg(4)});
}
void BRPopLPush(Context& ctx) {
  int64_t deadline_ms = 0;
  if (!ParseTimeout(ctx, ctx.arg(3), &deadline_ms)) return;
  if (!MoveOrWait(ctx, {}, deadline_ms)) return;
  ctx.Propagate({"RPOPLPUSH", ctx.arg(1), ctx.arg(2)});
}

constexpr CommandSpec kRows[] = {
    {"lmove", LMove, 5, kWrite | kDenyOom, kAclList, {At(1, kTakes), At(2, kInserts)}},
    {"rpoplpush", RPopLPush, 3, kWrite | kDenyOom, kAclList, {At(1, kTakes), At(2, kInserts)}},
    {"blmove",
     BLMove,
     6,
     kWrite | kDenyOom | kNoscript | kBlocking,
     kAclList,
     {At(1, kTakes), At(2, kInserts)}},
    {"brpoplpush",
     BRPopLPush,
     4,
     kWrite | kDenyOom | kNoscript | kBlocking,
     kAclList,
     {At(1, kTakes), At(2, kInserts)}},
};
static_assert(RowsAreSound(kRows));

}  // namespace

CommandRows ListMoveRows() { return kRows; }

}  // namespace rha::node::commands
