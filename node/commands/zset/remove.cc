// Taking members out: ZREM, ZREMRANGEBYRANK, ZREMRANGEBYSCORE, ZREMRANGEBYLEX.
#include "node/commands/families.h"
#include "node/commands/zset/zset_args.h"

namespace rha::node::commands {
namespace {

using keyspace::Edit;
using types::Zset;
namespace events = keyspace::events;

// `erase(zset)` returns how many it erased.
template <typename Erase>
void RemoveGeneric(Context& ctx, keyspace::Event event, Erase erase) {
  Edit edit = ctx.db().Write(ctx.arg(1));
  if (!edit) return ctx.reply.Integer(0);
  if (edit.type() != keyspace::Type::kZset) return ctx.WrongType();
  auto zset = edit.As<Zset>();
  const size_t erased = erase(zset);
  edit.Commit(event, erased);
  ctx.reply.Integer(static_cast<int64_t>(erased));
}

void ZRem(Context& ctx) {
  RemoveGeneric(ctx, events::kZRem, [&](Zset& zset) {
    size_t erased = 0;
    for (size_t i = 2; i < ctx.argc(); ++i) erased += zset.Erase(ctx.arg(i)) ? 1 : 0;
    return erased;
  });
}

void ZRemRangeByRank(Context& ctx) {
  Indexes indexes;
  if (!ParseIndexes(ctx, 2, &indexes)) return;
  RemoveGeneric(ctx, events::kZRemRangeByRank, [&](Zset& zset) {
    return zset.EraseRange(RanksAt(zset.size(), indexes, types::Direction::kUp));
  });
}

template <typename Interval>
void RemoveWithin(Context& ctx, keyspace::Event event) {
  Interval interval;
  if (!ParseInterval(ctx, ctx.arg(2), ctx.arg(3), &interval)) return;
  RemoveGeneric(ctx, event, [&](Zset& zset) { return zset.EraseRange(zset.Within(interval)); });
}
void ZRemRangeByScore(Context& ctx) {
  RemoveWithin<types::ScoreInterval>(ctx, events::kZRemRangeByScore);
}
void ZRemRangeByLex(Context& ctx) {
  RemoveWithin<types::MemberInterval>(ctx, events::kZRemRangeByLex);
}

constexpr CommandSpec kRows[] = {
    {"zrem", ZRem, -3, kWrite | kFast, kAclSortedSet, {At(1, kDeletes)}},
    {"zremrangebyrank", ZRemRangeByRank, 4, kWrite, kAclSortedSet, {At(1, kDeletes)}},
    {"zremrangebyscore", ZRemRangeByScore, 4, kWrite, kAclSortedSet, {At(1, kDeletes)}},
    {"zremrangebylex", ZRemRangeByLex, 4, kWrite, kAclSortedSet, {At(1, kDeletes)}},
};
static_assert(RowsAreSound(kRows));

}  // namespace

CommandRows ZsetRemoveRows() { return kRows; }

}  // namespace rha::node::commands
