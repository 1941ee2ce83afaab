// Taking from either end: ZPOPMIN, ZPOPMAX, ZMPOP, and BZPOPMIN, BZPOPMAX, BZMPOP, which wait.
#include <algorithm>
#include <string>

#include "node/commands/families.h"
#include "node/commands/first_of.h"
#include "node/commands/zset/zset_args.h"

namespace rha::node::commands {
namespace {

using keyspace::Edit;
using keyspace::Type;
using types::Direction;
using types::Zset;
namespace events = keyspace::events;

// Which end, how many at most, and how the reply shows them.
struct Pop {
  Direction from = Direction::kUp;  // kUp: the least first
  int64_t count = 1;
  PairShape shape = PairShape::kFlat;
};

// Writes what it takes; returns how many. REQUIRES: it is a sorted set; pop.count > 0.
size_t PopFrom(Context& ctx, Edit& edit, const Pop& pop) {
  const bool least = pop.from == Direction::kUp;
  auto zset = edit.As<Zset>();
  const size_t size = zset.size();
  const size_t taken = std::min(size, static_cast<size_t>(pop.count));
  const types::RankRange range{least ? 0 : size - taken, taken};
  zset.ForRange(range, pop.from, PairWriter(ctx.reply, pop.shape, taken));
  zset.EraseRange(range);
  edit.Commit(least ? events::kZPopMin : events::kZPopMax, taken);
  return taken;
}

void PopGeneric(Context& ctx, Direction from) {
  Pop pop{.from = from};
  if (ctx.argc() > 3) return ctx.SyntaxError();
  if (ctx.argc() == 3) {
    if (!ParsePositive(ctx, ctx.arg(2), &pop.count)) return;
    pop.shape = ShapeOf(ctx, true);
  }
  Edit edit = ctx.db().Write(ctx.arg(1));
  if (!edit) return ctx.reply.Array(0);
  if (edit.type() != Type::kZset) return ctx.WrongType();
  if (pop.count == 0) return ctx.reply.Array(0);
  PopFrom(ctx, edit, pop);
}
void ZPopMin(Context& ctx) { PopGeneric(ctx, Direction::kUp); }
void ZPopMax(Context& ctx) { PopGeneric(ctx, Direction::kDown); }

// ---------------------------------------------------------------- of several keys

constexpr EndWords kEnds{"min", "max"};
const char* NameOf(Direction from) { return from == Direction::kUp ? "ZPOPMIN" : "ZPOPMAX"; }

// Replies with the key, its member and its score. REQUIRES: it is a sorted set.
void PopOne(Context& ctx, std::string_view key, Direction from) {
  ctx.reply.Array(3);
  ctx.reply.Bulk(key);
  Edit edit = ctx.db().Write(key);
  PopFrom(ctx, edit, {.from = from, .shape = PairShape::kBare});
  ctx.Propagate({NameOf(from), key});
}

// Replies with the key and up to `count` of its pairs. REQUIRES: it is a sorted set.
void PopSome(Context& ctx, std::string_view key, const CountedPop& asked) {
  const Direction from = asked.second_end ? Direction::kDown : Direction::kUp;
  ctx.reply.Array(2);
  ctx.reply.Bulk(key);
  Edit edit = ctx.db().Write(key);
  const Pop pop{.from = from, .count = asked.count, .shape = PairShape::kNested};
  ctx.Propagate({NameOf(from), key, std::to_string(PopFrom(ctx, edit, pop))});
}

void ZMPop(Context& ctx) {
  CountedPop pop;
  if (!ParseCountedPop(ctx, 1, kEnds, &pop)) return;
  TakeOrNull(ctx, pop.keys, Type::kZset, [&](std::string_view key) { PopSome(ctx, key, pop); });
}
void BZMPop(Context& ctx) {
  CountedPop pop;
  if (!ParseCountedPop(ctx, 2, kEnds, &pop)) return;
  TakeOrWait(ctx, pop.keys, Type::kZset, ctx.arg(1),
             [&](std::string_view key) { PopSome(ctx, key, pop); });
}

void BlockingPop(Context& ctx, Direction from) {
  TakeOrWait(ctx, ctx.args.subspan(1, ctx.argc() - 2), Type::kZset, ctx.args.back(),
             [&](std::string_view key) { PopOne(ctx, key, from); });
}
void BZPopMin(Context& ctx) { BlockingPop(ctx, Direction::kUp); }
void BZPopMax(Context& ctx) { BlockingPop(ctx, Direction::kDown); }

constexpr CommandSpec kRows[] = {
    {"zpopmin", ZPopMin, -2, kWrite | kFast, kAclSortedSet, {At(1, kTakes)}},
    {"zpopmax", ZPopMax, -2, kWrite | kFast, kAclSortedSet, {At(1, kTakes)}},
    {"zmpop", ZMPop, -4, kWrite | kMovableKeys, kAclSortedSet, {Counted(1, kTakes)}},
    {"bzpopmin",
     BZPopMin,
     -3,
     kWrite | kNoscript | kBlocking | kFast,
     kAclSortedSet,
     {Keys(1, -2, kTakes)}},
    {"bzpopmax",
     BZPopMax,
     -3,
     kWrite | kNoscript | kBlocking | kFast,
     kAclSortedSet,
     {Keys(1, -2, kTakes)}},
    {"bzmpop", BZMPop, -5, kWrite | kBlocking | kMovableKeys, kAclSortedSet, {Counted(2, kTakes)}},
};
static_assert(RowsAreSound(kRows));

}  // namespace

CommandRows ZsetPopRows() { return kRows; }

}  // namespace rha::node::commands
