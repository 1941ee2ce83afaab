// Members of a set: add, erase, look, move, walk.
#include <cstdint>

#include "node/commands/families.h"
#include "node/commands/parse.h"
#include "node/commands/scan_options.h"
#include "node/types/set.h"

namespace rha::node::commands {
namespace {

using keyspace::Edit;
using keyspace::Item;
using keyspace::Type;
using types::Set;
using types::SetView;
namespace events = keyspace::events;

void SAdd(Context& ctx) {
  Edit edit = ctx.db().WriteOrCreate(ctx.arg(1), Type::kSet);
  if (!IsOrAbsent(ctx, edit.item(), Type::kSet)) return;
  Set set = edit.As<Set>();
  uint64_t added = 0;
  for (size_t i = 2; i < ctx.argc(); ++i) added += set.Add(ctx.arg(i)) ? 1 : 0;
  edit.Commit(events::kSAdd, added);
  ctx.reply.Integer(static_cast<int64_t>(added));
}

void SRem(Context& ctx) {
  Edit edit = ctx.db().Write(ctx.arg(1));
  if (!IsOrAbsent(ctx, edit.item(), Type::kSet)) return;
  if (!edit) return ctx.reply.Integer(0);
  Set set = edit.As<Set>();
  uint64_t erased = 0;
  for (size_t i = 2; i < ctx.argc(); ++i) erased += set.Erase(ctx.arg(i)) ? 1 : 0;
  edit.Commit(events::kSRem, erased);
  ctx.reply.Integer(static_cast<int64_t>(erased));
}

void SMove(Context& ctx) {
  const std::string_view from = ctx.arg(1), to = ctx.arg(2), member = ctx.arg(3);
  const Item source = ctx.db().Peek(from);
  const Item target = ctx.db().Peek(to);
  if (!source) return ctx.reply.Integer(0);
  if (!IsOrAbsent(ctx, source, Type::kSet) || !IsOrAbsent(ctx, target, Type::kSet)) return;
  const bool there = source.As<SetView>().Contains(member);
  ctx.reply.Integer(there ? 1 : 0);
  if (!there || from == to) return;
  {
    Edit edit = ctx.db().Write(from);
    edit.As<Set>().Erase(member);
    edit.Commit(events::kSRem);
  }
  Edit edit = ctx.db().WriteOrCreate(to, Type::kSet);
  const bool added = edit.As<Set>().Add(member);
  edit.Commit(events::kSAdd, added ? 1 : 0);
}

void SIsMember(Context& ctx) {
  const Item item = ctx.db().Read(ctx.arg(1));
  if (!IsOrAbsent(ctx, item, Type::kSet)) return;
  ctx.reply.Integer(item && item.As<SetView>().Contains(ctx.arg(2)) ? 1 : 0);
}

void SMIsMember(Context& ctx) {
  const Item item = ctx.db().Read(ctx.arg(1));
  if (!IsOrAbsent(ctx, item, Type::kSet)) return;
  ctx.reply.Array(static_cast<int64_t>(ctx.argc() - 2));
  for (size_t i = 2; i < ctx.argc(); ++i) {
    ctx.reply.Integer(item && item.As<SetView>().Contains(ctx.arg(i)) ? 1 : 0);
  }
}

void SCard(Context& ctx) { ReplySize<SetView>(ctx, Type::kSet); }

void SMembers(Context& ctx) {
  const Item item = ctx.db().Read(ctx.arg(1));
  if (!IsOrAbsent(ctx, item, Type::kSet)) return;
  if (!item) return ctx.reply.Set(0);
  const auto set = item.As<SetView>();
  ctx.reply.Set(static_cast<int64_t>(set.size()));
  set.ForEach([&](std::string_view member) { ctx.reply.Bulk(member); });
}

void SScan(Context& ctx) {
  ScanMembers<SetView>(ctx, Type::kSet,
                       [](BulkList& found, const ScanOptions&, auto, std::string_view member) {
                         found.Add(member);
                       });
}

constexpr CommandSpec kRows[] = {
    {"sadd", SAdd, -3, kWrite | kDenyOom | kFast, kAclSet, {At(1, kInserts)}},
    {"srem", SRem, -3, kWrite | kFast, kAclSet, {At(1, kDeletes)}},
    {"smove", SMove, 4, kWrite | kFast, kAclSet, {At(1, kTakes), At(2, kInserts)}},
    {"sismember", SIsMember, 3, kReadonly | kFast, kAclSet, {At(1, kLooksAt)}},
    {"smismember", SMIsMember, -3, kReadonly | kFast, kAclSet, {At(1, kReads)}},
    {"scard", SCard, 2, kReadonly | kFast, kAclSet, {At(1, kLooksAt)}},
    {"smembers", SMembers, 2, kReadonly, kAclSet, {At(1, kReads)}},
    {"sscan", SScan, -3, kReadonly, kAclSet, {At(1, kReads)}},
};
static_assert(RowsAreSound(kRows));

}  // namespace

CommandRows SetMemberRows() { return kRows; }

}  // namespace rha::node::commands
