// Looking at members: ZCARD, ZSCORE, ZMSCORE, ZRANK, ZREVRANK, ZCOUNT, ZLEXCOUNT, ZRANDMEMBER,
// ZSCAN.
#include <algorithm>
#include <cmath>
#include <optional>

#include "node/commands/families.h"
#include "node/commands/scan_options.h"
#include "node/commands/zset/zset_args.h"

namespace rha::node::commands {
namespace {

using keyspace::Item;
using types::Direction;
using types::ZsetView;

// The sorted set, if it is there. False: it is another type; the error is written.
bool Find(Context& ctx, Item* item) {
  *item = ctx.db().Read(ctx.arg(1));
  return IsOrAbsent(ctx, *item, keyspace::Type::kZset);
}

void ReplyScore(Context& ctx, std::optional<double> score) {
  score ? ctx.reply.Double(*score) : ctx.reply.Null();
}

void ZCard(Context& ctx) { ReplySize<ZsetView>(ctx, keyspace::Type::kZset); }

void ZScore(Context& ctx) {
  Item item;
  if (!Find(ctx, &item)) return;
  ReplyScore(ctx, item ? item.As<ZsetView>().Score(ctx.arg(2)) : std::nullopt);
}

void ZMScore(Context& ctx) {
  Item item;
  if (!Find(ctx, &item)) return;
  ctx.reply.Array(static_cast<int64_t>(ctx.argc() - 2));
  for (size_t i = 2; i < ctx.argc(); ++i) {
    ReplyScore(ctx, item ? item.As<ZsetView>().Score(ctx.arg(i)) : std::nullopt);
  }
}

void RankGeneric(Context& ctx, Direction direction) {
  Item item;
  if (!Find(ctx, &item)) return;
  if (!item) return ctx.reply.Null();
  const auto zset = item.As<ZsetView>();
  const std::optional<size_t> rank = zset.Rank(ctx.arg(2));
  if (!rank) return ctx.reply.Null();
  const bool up = direction == Direction::kUp;
  ctx.reply.Integer(static_cast<int64_t>(up ? *rank : zset.size() - 1 - *rank));
}
void ZRank(Context& ctx) { RankGeneric(ctx, Direction::kUp); }
void ZRevRank(Context& ctx) { RankGeneric(ctx, Direction::kDown); }

template <typename Interval>
void CountWithin(Context& ctx) {
  Interval interval;
  if (!ParseInterval(ctx, ctx.arg(2), ctx.arg(3), &interval)) return;
  Item item;
  if (!Find(ctx, &item)) return;
  ctx.reply.Integer(item ? static_cast<int64_t>(item.As<ZsetView>().Within(interval).count) : 0);
}
void ZCount(Context& ctx) { CountWithin<types::ScoreInterval>(ctx); }
void ZLexCount(Context& ctx) { CountWithin<types::MemberInterval>(ctx); }

// ZRANDMEMBER key
void RandomOne(Context& ctx) {
  Item item;
  if (!Find(ctx, &item)) return;
  if (!item) return ctx.reply.Null();
  const auto zset = item.As<ZsetView>();
  zset.ForRange({ctx.keyspace.prng().Below(zset.size()), 1}, Direction::kUp,
                [&](std::string_view member, double) { ctx.reply.Bulk(member); });
}

// `count` below zero: that many, each drawn from all.
void RandomSome(Context& ctx, int64_t count, bool with_scores) {
  Item item;
  if (!Find(ctx, &item)) return;
  if (!item || count == 0) return ctx.reply.Array(0);
  if (TooManyDraws(ctx, count)) return;
  const auto zset = item.As<ZsetView>();
  Prng& prng = ctx.keyspace.prng();
  const PairShape shape = ShapeOf(ctx, with_scores);
  const size_t shown =
      count < 0 ? static_cast<size_t>(-count) : std::min(zset.size(), static_cast<size_t>(count));
  const PairWriter writer(ctx.reply, shape, shown);
  count < 0 ? zset.Draw(shown, prng, writer) : zset.Sample(shown, prng, writer);
}

void ZRandMember(Context& ctx) {
  if (ctx.argc() == 2) return RandomOne(ctx);
  int64_t count = 0;
  bool with_scores = false;
  if (ParseDraws(ctx, "withscores", &count, &with_scores)) RandomSome(ctx, count, with_scores);
}

// Redis' listpacks keep whole numbers as integers, which show all their digits.
void AddScore(BulkList& found, double score, bool packed) {
  constexpr double kIntegerMax = 0x1p62;
  if (packed && std::abs(score) <= kIntegerMax && std::trunc(score) == score) {
    structs::DecimalText text;
    return found.Add(structs::FormatDecimal(static_cast<int64_t>(score), text));
  }
  resp::DoubleText text;
  found.Add(resp::FormatDouble(score, text));
}

void ZScan(Context& ctx) {
  const auto add = [](BulkList& found, const ZsetView& zset, std::string_view member,
                      double score) {
    found.Add(member);
    AddScore(found, score, zset.is_packed());
  };
  ScanMembers<ZsetView>(ctx, keyspace::Type::kZset, add);
}

constexpr CommandSpec kRows[] = {
    {
        .name = "zcard",
        .handler = ZCard,
        .arity = 2,
        .flags = kReadonly | kFast,
        .keys = kOneKey,
        .acl = kAclSortedSet,
        .group = Group::kSortedSet,
        .since = "1.2.0",
        .summary = "Get the number of members in a sorted set",
    },
    {
        .name = "zscore",
        .handler = ZScore,
        .arity = 3,
        .flags = kReadonly | kFast,
        .keys = kOneKey,
        .acl = kAclSortedSet,
        .group = Group::kSortedSet,
        .since = "1.2.0",
        .summary = "Get the score associated with the given member in a sorted set",
    },
    {
        .name = "zmscore",
        .handler = ZMScore,
        .arity = -3,
        .flags = kReadonly | kFast,
        .keys = kOneKey,
        .acl = kAclSortedSet,
        .group = Group::kSortedSet,
        .since = "6.2.0",
        .summary = "Get the score associated with the given members in a sorted set",
        .complexity = "O(N) where N is the number of members being requested.",
    },
    {
        .name = "zrank",
        .handler = ZRank,
        .arity = 3,
        .flags = kReadonly | kFast,
        .keys = kOneKey,
        .acl = kAclSortedSet,
        .group = Group::kSortedSet,
        .since = "2.0.0",
        .summary = "Determine the index of a member in a sorted set",
        .complexity = "O(log(N))",
    },
    {
        .name = "zrevrank",
        .handler = ZRevRank,
        .arity = 3,
        .flags = kReadonly | kFast,
        .keys = kOneKey,
        .acl = kAclSortedSet,
        .group = Group::kSortedSet,
        .since = "2.0.0",
        .summary =
            "Determine the index of a member in a sorted set, with scores ordered from high to low",
        .complexity = "O(log(N))",
    },
    {
        .name = "zcount",
        .handler = ZCount,
        .arity = 4,
        .flags = kReadonly | kFast,
        .keys = kOneKey,
        .acl = kAclSortedSet,
        .group = Group::kSortedSet,
        .since = "2.0.0",
        .summary = "Count the members in a sorted set with scores within the given values",
        .complexity = "O(log(N)) with N being the number of elements in the sorted set.",
    },
    {
        .name = "zlexcount",
        .handler = ZLexCount,
        .arity = 4,
        .flags = kReadonly | kFast,
        .keys = kOneKey,
        .acl = kAclSortedSet,
        .group = Group::kSortedSet,
        .since = "2.8.9",
        .summary =
            "Count the number of members in a sorted set between a given lexicographical range",
        .complexity = "O(log(N)) with N being the number of elements in the sorted set.",
    },
    {
        .name = "zrandmember",
        .handler = ZRandMember,
        .arity = -2,
        .flags = kReadonly,
        .keys = kOneKey,
        .acl = kAclSortedSet,
        .group = Group::kSortedSet,
        .since = "6.2.0",
        .summary = "Get one or multiple random elements from a sorted set",
        .complexity = "O(N) where N is the number of elements returned",
    },
    {
        .name = "zscan",
        .handler = ZScan,
        .arity = -3,
        .flags = kReadonly,
        .keys = kOneKey,
        .acl = kAclSortedSet,
        .group = Group::kSortedSet,
        .since = "2.8.0",
        .summary = "Incrementally iterate sorted sets elements and associated scores",
        .complexity = "O(1) for every call. O(N) for a complete iteration, including enough "
                      "command calls for the cursor to return back to 0. N is the number of "
                      "elements inside the collection..",
    },
};
static_assert(RowsAreSound(kRows));

}  // namespace

CommandRows ZsetReadRows() { return kRows; }

}  // namespace rha::node::commands
