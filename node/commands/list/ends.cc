// The ends of a list: LPUSH, RPUSH, LPUSHX, RPUSHX, LPOP, RPOP.
#include "node/commands/families.h"
#include "node/commands/list/taking.h"

namespace rha::node::commands {
namespace {

using keyspace::Edit;
using keyspace::Type;
using types::List;

void PushAll(Context& ctx, Edit& edit, ListEnd end) {
  List list = edit.As<List>();
  for (size_t i = 2; i < ctx.argc(); ++i) list.Push(end, ctx.arg(i));
  const size_t size = list.size();
  edit.Commit(PushEvent(end), ctx.argc() - 2);
  ctx.reply.Integer(static_cast<int64_t>(size));
}

void Push(Context& ctx, ListEnd end) {
  Edit edit = ctx.db().WriteOrCreate(ctx.arg(1), Type::kList);
  if (edit.type() != Type::kList) return ctx.WrongType();
  PushAll(ctx, edit, end);
}

void PushIfExists(Context& ctx, ListEnd end) {
  Edit edit = ctx.db().Write(ctx.arg(1));
  if (!edit) return ctx.reply.Integer(0);
  if (edit.type() != Type::kList) return ctx.WrongType();
  PushAll(ctx, edit, end);
}

void Pop(Context& ctx, ListEnd end) {
  const bool counted = ctx.argc() == 3;
  int64_t count = 1;
  if (ctx.argc() > 3) return WrongArity(ctx);
  if (counted && !ParsePositive(ctx, ctx.arg(2), &count)) return;
  Edit edit = ctx.db().Write(ctx.arg(1));
  if (!edit) return counted ? ctx.reply.NullArray() : ctx.reply.Null();
  if (edit.type() != Type::kList) return ctx.WrongType();
  if (!counted) return TakeElements(ctx, edit, end, 1);
  const size_t taken =
      std::min(static_cast<size_t>(count), edit.item().As<types::ListView>().size());
  ctx.reply.Array(static_cast<int64_t>(taken));
  if (taken != 0) TakeElements(ctx, edit, end, taken);
}

void LPush(Context& ctx) { Push(ctx, ListEnd::kFront); }
void RPush(Context& ctx) { Push(ctx, ListEnd::kBack); }
void LPushX(Context& ctx) { PushIfExists(ctx, ListEnd::kFront); }
void RPushX(Context& ctx) { PushIfExists(ctx, ListEnd::kBack); }
void LPop(Context& ctx) { Pop(ctx, ListEnd::kFront); }
void RPop(Context& ctx) { Pop(ctx, ListEnd::kBack); }

constexpr CommandSpec kRows[] = {
    {"lpush", LPush, -3, kWrite | kDenyOom | kFast, kAclList, {At(1, kInserts)}},
    {"rpush", RPush, -3, kWrite | kDenyOom | kFast, kAclList, {At(1, kInserts)}},
    {"lpushx", LPushX, -3, kWrite | kDenyOom | kFast, kAclList, {At(1, kInserts)}},
    {"rpushx", RPushX, -3, kWrite | kDenyOom | kFast, kAclList, {At(1, kInserts)}},
    {"lpop", LPop, -2, kWrite | kFast, kAclList, {At(1, kTakes)}},
    {"rpop", RPop, -2, kWrite | kFast, kAclList, {At(1, kTakes)}},
};
static_assert(RowsAreSound(kRows));

}  // namespace

CommandRows ListEndRows() { return kRows; }

}  // namespace rha::node::commands
