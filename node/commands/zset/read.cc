// Looking at members: ZCARD, ZSCORE, ZMSCORE, ZRANK, ZREVRANK, ZCOUNT, ZLEXCOUNT, ZRANDMEMBER,
// ZSCAN.
#include <algorithm>
#include <cmath>
#include <optional>

#include "node/commands/draws.h"
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
  if (ctx.argc() > 4) return WrongArity(ctx);
  const bool with_score = ctx.argc() == 4;
  if (with_score && !EqualsIgnoreCase(ctx.arg(3), "withscore")) return ctx.SyntaxError();
  const auto none = [&] { with_score ? ctx.reply.NullArray() : ctx.reply.Null(); };
  Item item;
  if (!Find(ctx, &item)) return;
  if (!item) return none();
  const auto zset = item.As<ZsetView>();
  const std::optional<size_t> rank = zset.Rank(ctx.arg(2));
  if (!rank) return none();
  const bool up = direction == Direction::kUp;
  if (with_score) ctx.reply.Array(2);
  ctx.reply.Integer(static_cast<int64_t>(up ? *rank : zset.size() - 1 - *rank));
  if (with_score) ReplyScore(ctx, zset.Score(ctx.arg(2)));
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
  if (count >= 0) return zset.Sample(shown, prng, writer);
  DrawWhileThereIsRoom(ctx, shown, zset.size(),
                       [&](uint64_t some) { zset.Draw(some, prng, writer); });
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
  const auto add = [](BulkList& found, const ScanOptions&, const ZsetView& zset,
                      std::string_view member, double score) {
    found.Add(member);
    AddScore(found, score, zset.is_packed());
  };
  ScanMembers<ZsetView>(ctx, keyspace::Type::kZset, add);
}

constexpr CommandSpec kRows[] = {
    {"zcard", ZCard, 2, kReadonly | kFast, kAclSortedSet, {At(1, kLooksAt)}},
    {"zscore", ZScore, 3, kReadonly | kFast, kAclSortedSet, {At(1, kReads)}},
    {"zmscore", ZMScore, -3, kReadonly | kFast, kAclSortedSet, {At(1, kReads)}},
    {"zrank", ZRank, -3, kReadonly | kFast, kAclSortedSet, {At(1, kReads)}},
    {"zrevrank", ZRevRank, -3, kReadonly | kFast, kAclSortedSet, {At(1, kReads)}},
    {"zcount", ZCount, 4, kReadonly | kFast, kAclSortedSet, {At(1, kReads)}},
    {"zlexcount", ZLexCount, 4, kReadonly | kFast, kAclSortedSet, {At(1, kReads)}},
    {"zrandmember", ZRandMember, -2, kReadonly, kAclSortedSet, {At(1, kReads)}},
    {"zscan", ZScan, -3, kReadonly, kAclSortedSet, {At(1, kReads)}},
};
static_assert(RowsAreSound(kRows));

}  // namespace

CommandRows ZsetReadRows() { return kRows; }

}  // namespace rha::node::commands
