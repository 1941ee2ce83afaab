// Taking from either end: ZPOPMIN, ZPOPMAX, ZMPOP, and BZPOPMIN, BZPOPMAX, BZMPOP, which wait.
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
  Args keys;
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
  if (edit.type() != keyspace::Type::kZset) return ctx.WrongType();
  if (pop.count == 0) return ctx.reply.Array(0);
  PopFrom(ctx, edit, pop);
}
void ZPopMin(Context& ctx) { PopGeneric(ctx, Direction::kUp); }
void ZPopMax(Context& ctx) { PopGeneric(ctx, Direction::kDown); }

// numkeys key [key ...] MIN|MAX [COUNT count], from argument `at` on.
bool ParseMultiPop(Context& ctx, size_t at, Pop* pop) {
  int64_t key_count = 0;
  if (!ParseIntegerOr(ctx, ctx.arg(at), 1, "ERR numkeys should be greater than 0", &key_count)) {
    return false;
  }
  const size_t words = ctx.argc() - at - 1;
  if (static_cast<uint64_t>(key_count) >= words) return ctx.SyntaxError(), false;
  pop->keys = ctx.args.subspan(at + 1, static_cast<size_t>(key_count));
  pop->shape = PairShape::kNested;
  at += 1 + pop->keys.size();
  if (EqualsIgnoreCase(ctx.arg(at), "max")) {
    pop->from = Direction::kDown;
  } else if (!EqualsIgnoreCase(ctx.arg(at), "min")) {
    return ctx.SyntaxError(), false;
  }
  if (++at == ctx.argc()) return true;
  if (at + 1 == ctx.argc() || !EqualsIgnoreCase(ctx.arg(at), "count")) {
    return ctx.SyntaxError(), false;
  }
  const char* const error = "ERR count should be greater than 0";
  if (!ParseIntegerOr(ctx, ctx.arg(at + 1), 1, error, &pop->count)) return false;
  if (at + 2 < ctx.argc()) return ctx.SyntaxError(), false;
  return true;
}

// From the first of the keys that is there; its name comes before its members. True: the reply is
// written, be it an error.
bool PopFirst(Context& ctx, const Pop& pop) {
  for (const std::string_view key : pop.keys) {
    const keyspace::Item item = ctx.Awaited(key, keyspace::Type::kZset);
    if (!IsOrAbsent(ctx, item, keyspace::Type::kZset)) return true;
    if (!item) continue;
    const bool nested = pop.shape == PairShape::kNested;
    ctx.reply.Array(nested ? 2 : 3);
    ctx.reply.Bulk(key);
    Edit edit = ctx.db().Write(key);
    const std::string taken = std::to_string(PopFrom(ctx, edit, pop));
    const char* name = pop.from == Direction::kUp ? "ZPOPMIN" : "ZPOPMAX";
    nested ? ctx.Propagate({name, key, taken}) : ctx.Propagate({name, key});
    return true;
  }
  return false;
}

void PopOrWait(Context& ctx, const Pop& pop, std::string_view timeout) {
  int64_t deadline_ms = 0;
  if (!ParseTimeout(ctx, timeout, &deadline_ms) || PopFirst(ctx, pop)) return;
  if (!ctx.WaitForKeys(pop.keys, deadline_ms)) ctx.reply.NullArray();
}

void ZMPop(Context& ctx) {
  Pop pop;
  if (ParseMultiPop(ctx, 1, &pop) && !PopFirst(ctx, pop)) ctx.reply.NullArray();
}
void BZMPop(Context& ctx) {
  Pop pop;
  if (ParseMultiPop(ctx, 2, &pop)) PopOrWait(ctx, pop, ctx.arg(1));
}

void BlockingPop(Context& ctx, Direction from) {
  const Args keys = ctx.args.subspan(1, ctx.argc() - 2);
  PopOrWait(ctx, {.keys = keys, .from = from, .shape = PairShape::kBare}, ctx.args.back());
}
void BZPopMin(Context& ctx) { BlockingPop(ctx, Direction::kUp); }
void BZPopMax(Context& ctx) { BlockingPop(ctx, Direction::kDown); }

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
    {
        .name = "bzpopmin",
        .handler = BZPopMin,
        .arity = -3,
        .flags = kWrite | kNoscript | kBlocking | kFast,
        .keys = {1, -2, 1},
        .acl = kAclSortedSet | kAclBlocking,
        .group = Group::kSortedSet,
        .since = "5.0.0",
        .summary = "Remove and return the member with the lowest score from one or more sorted "
                   "sets, or block until one is available",
        .complexity = "O(log(N)) with N being the number of elements in the sorted set.",
    },
    {
        .name = "bzpopmax",
        .handler = BZPopMax,
        .arity = -3,
        .flags = kWrite | kNoscript | kBlocking | kFast,
        .keys = {1, -2, 1},
        .acl = kAclSortedSet | kAclBlocking,
        .group = Group::kSortedSet,
        .since = "5.0.0",
        .summary = "Remove and return the member with the highest score from one or more sorted "
                   "sets, or block until one is available",
        .complexity = "O(log(N)) with N being the number of elements in the sorted set.",
    },
    {
        .name = "bzmpop",
        .handler = BZMPop,
        .arity = -5,
        .flags = kWrite | kBlocking | kMovableKeys,
        .key_count_at = 2,
        .acl = kAclSortedSet | kAclBlocking,
        .group = Group::kSortedSet,
        .since = "7.0.0",
        .summary =
            "Remove and return members with scores in a sorted set or block until one is available",
        .complexity =
            "O(K) + O(M*log(N)) where K is the number of provided keys, N being the number of "
            "elements in the sorted set, and M being the number of elements popped.",
    },
};
static_assert(RowsAreSound(kRows));

}  // namespace

CommandRows ZsetPopRows() { return kRows; }

}  // namespace rha::node::commands
