// Taking from either end: ZPOPMIN, ZPOPMAX, ZMPOP.
#include <algorithm>
#include <string>

#include "node/commands/families.h"
#include "node/commands/zset/zset_args.h"

namespace rha::node::commands {
namespace {

using keyspace::Edit;
using types::Direction;
using types::Zset;
namespace events = keyspace::events;

// Which end, how many at most, and how the reply shows them.
struct Pop {
  Direction from = Direction::kUp;  // kUp: the least first
  int64_t count = 1;
  PairShape shape = PairShape::kFlat;

  const char* name() const { return from == Direction::kUp ? "ZPOPMIN" : "ZPOPMAX"; }
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
    if (!ParseCount(ctx, {ctx.arg(2), 0, "ERR value is out of range, must be positive"},
                    &pop.count)) {
      return;
    }
    pop.shape = ShapeOf(ctx, true);
  }
  Edit edit = ctx.db().Write(ctx.arg(1));
  if (!edit) return ctx.reply.Array(0);
  if (edit.type() != keyspace::Type::kZset) return ctx.WrongType();
  if (pop.count == 0) return ctx.reply.Array(0);
  PopFrom(ctx, edit, pop);
}
void ZPopMin(Context& ctx) { PopGeneric(ctx, Direction::kUp); }
void ZPopMax(Context& ctx) { PopGeneric(ctx, Direction::kDown); }

// numkeys key [key ...] MIN|MAX [COUNT count], from argument `at` on.
bool ParseMultiPop(Context& ctx, size_t at, Args* keys, Pop* pop) {
  int64_t key_count = 0;
  if (!ParseCount(ctx, {ctx.arg(at), 1, "ERR numkeys should be greater than 0"}, &key_count)) {
    return false;
  }
  const size_t words = ctx.argc() - at - 1;
  if (static_cast<uint64_t>(key_count) >= words) return ctx.SyntaxError(), false;
  *keys = ctx.args.subspan(at + 1, static_cast<size_t>(key_count));
  at += 1 + keys->size();
  if (EqualsIgnoreCase(ctx.arg(at), "max")) {
    pop->from = Direction::kDown;
  } else if (!EqualsIgnoreCase(ctx.arg(at), "min")) {
    return ctx.SyntaxError(), false;
  }
  ++at;
  if (at < ctx.argc()) {
    if (at + 2 > ctx.argc() || !EqualsIgnoreCase(ctx.arg(at), "count")) {
      return ctx.SyntaxError(), false;
    }
    const CountArg count{ctx.arg(at + 1), 1, "ERR count should be greater than 0"};
    if (!ParseCount(ctx, count, &pop->count)) return false;
    at += 2;
  }
  if (at < ctx.argc()) return ctx.SyntaxError(), false;
  pop->shape = PairShape::kNested;
  return true;
}

// The first of the keys that is there; its members come behind its name.
void PopWithKey(Context& ctx, std::string_view key, Edit& edit, const Pop& pop) {
  ctx.reply.Array(pop.shape == PairShape::kBare ? 3 : 2);
  ctx.reply.Bulk(key);
  const std::string taken = std::to_string(PopFrom(ctx, edit, pop));
  if (pop.shape == PairShape::kBare) {
    ctx.Propagate({pop.name(), key});
  } else {
    ctx.Propagate({pop.name(), key, taken});
  }
}

void ZMPop(Context& ctx) {
  Args keys;
  Pop pop;
  if (!ParseMultiPop(ctx, 1, &keys, &pop)) return;
  for (const std::string_view key : keys) {
    Edit edit = ctx.db().Write(key);
    if (!edit) continue;
    if (edit.type() != keyspace::Type::kZset) return ctx.WrongType();
    return PopWithKey(ctx, key, edit, pop);
  }
  ctx.reply.NullArray();
}

constexpr CommandSpec kRows[] = {
    {
        .name = "zpopmin",
        .handler = ZPopMin,
        .arity = -2,
        .flags = kWrite | kFast,
        .keys = kOneKey,
        .acl = kAclSortedSet,
        .group = Group::kSortedSet,
        .since = "5.0.0",
        .summary = "Remove and return members with the lowest scores in a sorted set",
        .complexity = "O(log(N)*M) with N being the number of elements in the sorted set, and M "
                      "being the number of elements popped.",
    },
    {
        .name = "zpopmax",
        .handler = ZPopMax,
        .arity = -2,
        .flags = kWrite | kFast,
        .keys = kOneKey,
        .acl = kAclSortedSet,
        .group = Group::kSortedSet,
        .since = "5.0.0",
        .summary = "Remove and return members with the highest scores in a sorted set",
        .complexity = "O(log(N)*M) with N being the number of elements in the sorted set, and M "
                      "being the number of elements popped.",
    },
    {
        .name = "zmpop",
        .handler = ZMPop,
        .arity = -4,
        .flags = kWrite | kMovableKeys,
        .key_count_at = 1,
        .acl = kAclSortedSet,
        .group = Group::kSortedSet,
        .since = "7.0.0",
        .summary = "Remove and return members with scores in a sorted set",
        .complexity =
            "O(K) + O(M*log(N)) where K is the number of provided keys, N being the number of "
            "elements in the sorted set, and M being the number of elements popped.",
    },
};
static_assert(RowsAreSound(kRows));

}  // namespace

CommandRows ZsetPopRows() { return kRows; }

}  // namespace rha::node::commands
