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

constexpr std::string_view kPushComplexity =
    "O(1) for each element added, so O(N) to add N elements when the command is called with "
    "multiple arguments.";
constexpr std::string_view kPopComplexity = "O(N) where N is the number of elements returned";

constexpr CommandSpec kRows[] = {
    {.name = "lpush",
     .handler = LPush,
     .arity = -3,
     .flags = kWrite | kDenyOom | kFast,
     .keys = kOneKey,
     .acl = kAclList,
     .group = Group::kList,
     .since = "1.0.0",
     .summary = "Prepend one or multiple elements to a list",
     .complexity = kPushComplexity},
    {.name = "rpush",
     .handler = RPush,
     .arity = -3,
     .flags = kWrite | kDenyOom | kFast,
     .keys = kOneKey,
     .acl = kAclList,
     .group = Group::kList,
     .since = "1.0.0",
     .summary = "Append one or multiple elements to a list",
     .complexity = kPushComplexity},
    {.name = "lpushx",
     .handler = LPushX,
     .arity = -3,
     .flags = kWrite | kDenyOom | kFast,
     .keys = kOneKey,
     .acl = kAclList,
     .group = Group::kList,
     .since = "2.2.0",
     .summary = "Prepend an element to a list, only if the list exists",
     .complexity = kPushComplexity},
    {.name = "rpushx",
     .handler = RPushX,
     .arity = -3,
     .flags = kWrite | kDenyOom | kFast,
     .keys = kOneKey,
     .acl = kAclList,
     .group = Group::kList,
     .since = "2.2.0",
     .summary = "Append an element to a list, only if the list exists",
     .complexity = kPushComplexity},
    {.name = "lpop",
     .handler = LPop,
     .arity = -2,
     .flags = kWrite | kFast,
     .keys = kOneKey,
     .acl = kAclList,
     .group = Group::kList,
     .since = "1.0.0",
     .summary = "Remove and get the first elements in a list",
     .complexity = kPopComplexity},
    {.name = "rpop",
     .handler = RPop,
     .arity = -2,
     .flags = kWrite | kFast,
     .keys = kOneKey,
     .acl = kAclList,
     .group = Group::kList,
     .since = "1.0.0",
     .summary = "Remove and get the last elements in a list",
     .complexity = kPopComplexity},
};
static_assert(RowsAreSound(kRows));

}  // namespace

CommandRows ListEndRows() { return kRows; }

}  // namespace rha::node::commands
