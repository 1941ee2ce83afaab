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

constexpr std::string_view kRangeComplexity =
    "O(log(N)+M) with N being the number of elements in the sorted set and M the number of "
    "elements removed by the operation.";

constexpr CommandSpec kRows[] = {
    {
        .name = "zrem",
        .handler = ZRem,
        .arity = -3,
        .flags = kWrite | kFast,
        .keys = kOneKey,
        .acl = kAclSortedSet,
        .group = Group::kSortedSet,
        .since = "1.2.0",
        .summary = "Remove one or more members from a sorted set",
        .complexity = "O(M*log(N)) with N being the number of elements in the sorted set and M the "
                      "number of elements to be removed.",
    },
    {
        .name = "zremrangebyrank",
        .handler = ZRemRangeByRank,
        .arity = 4,
        .flags = kWrite,
        .keys = kOneKey,
        .acl = kAclSortedSet,
        .group = Group::kSortedSet,
        .since = "2.0.0",
        .summary = "Remove all members in a sorted set within the given indexes",
        .complexity = kRangeComplexity,
    },
    {
        .name = "zremrangebyscore",
        .handler = ZRemRangeByScore,
        .arity = 4,
        .flags = kWrite,
        .keys = kOneKey,
        .acl = kAclSortedSet,
        .group = Group::kSortedSet,
        .since = "1.2.0",
        .summary = "Remove all members in a sorted set within the given scores",
        .complexity = kRangeComplexity,
    },
    {
        .name = "zremrangebylex",
        .handler = ZRemRangeByLex,
        .arity = 4,
        .flags = kWrite,
        .keys = kOneKey,
        .acl = kAclSortedSet,
        .group = Group::kSortedSet,
        .since = "2.8.9",
        .summary = "Remove all members in a sorted set between the given lexicographical range",
        .complexity = kRangeComplexity,
    },
};
static_assert(RowsAreSound(kRows));

}  // namespace

CommandRows ZsetRemoveRows() { return kRows; }

}  // namespace rha::node::commands
