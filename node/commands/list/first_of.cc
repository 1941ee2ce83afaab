// From the first of several lists that is there: LMPOP, BLPOP, BRPOP, BLMPOP.
#include <string>

#include "node/commands/families.h"
#include "node/commands/list/taking.h"

namespace rha::node::commands {
namespace {

using keyspace::Edit;
using keyspace::Item;
using keyspace::Type;

struct Pop {
  Args keys;
  ListEnd end = ListEnd::kFront;
  int64_t count = 0;  // 0: one, not in an array of its own
};

// Replies with the key and what it takes from it. REQUIRES: it is a list.
void PopFrom(Context& ctx, std::string_view key, const Pop& pop) {
  Edit edit = ctx.db().Write(key);
  ctx.reply.Array(2);
  ctx.reply.Bulk(key);
  if (pop.count == 0) {
    TakeElements(ctx, edit, pop.end, 1);
    return ctx.Propagate({PopName(pop.end), key});
  }
  const size_t size = edit.item().As<types::ListView>().size();
  const size_t taken = std::min(static_cast<size_t>(pop.count), size);
  ctx.reply.Array(static_cast<int64_t>(taken));
  TakeElements(ctx, edit, pop.end, taken);
  ctx.Propagate({PopName(pop.end), key, std::to_string(taken)});
}

// True: the reply is written, be it an error.
bool PopFirst(Context& ctx, const Pop& pop) {
  for (const std::string_view key : pop.keys) {
    const Item item = ctx.Awaited(key, Type::kList);
    if (!IsOrAbsent(ctx, item, Type::kList)) return true;
    if (!item) continue;
    PopFrom(ctx, key, pop);
    return true;
  }
  return false;
}

void PopOrWait(Context& ctx, const Pop& pop, std::string_view timeout) {
  int64_t deadline_ms = 0;
  if (!ParseTimeout(ctx, timeout, &deadline_ms) || PopFirst(ctx, pop)) return;
  if (!ctx.WaitForKeys(pop.keys, deadline_ms)) ctx.reply.NullArray();
}

// numkeys key [key ...] LEFT|RIGHT [COUNT count], from argument `at` on.
bool ParseCounted(Context& ctx, size_t at, Pop* pop) {
  int64_t key_count = 0;
  if (!ParseIntegerOr(ctx, ctx.arg(at), 1, "ERR numkeys should be greater than 0", &key_count)) {
    return false;
  }
  const size_t words = ctx.argc() - at - 1;
  if (static_cast<uint64_t>(key_count) >= words) return ctx.SyntaxError(), false;
  pop->keys = ctx.args.subspan(at + 1, static_cast<size_t>(key_count));
  at += 1 + pop->keys.size();
  if (!ParseListEnd(ctx, ctx.arg(at), &pop->end)) return false;
  pop->count = 1;
  const Args options = ctx.args.subspan(at + 1);
  if (options.empty()) return true;
  if (options.size() == 1 || !EqualsIgnoreCase(options[0], "count")) {
    return ctx.SyntaxError(), false;
  }
  if (!ParseIntegerOr(ctx, options[1], 1, "ERR count should be greater than 0", &pop->count)) {
    return false;
  }
  return options.size() == 2 || (ctx.SyntaxError(), false);
}

void LMPop(Context& ctx) {
  Pop pop;
  if (ParseCounted(ctx, 1, &pop) && !PopFirst(ctx, pop)) ctx.reply.NullArray();
}
void BLMPop(Context& ctx) {
  Pop pop;
  if (ParseCounted(ctx, 2, &pop)) PopOrWait(ctx, pop, ctx.arg(1));
}
void BPop(Context& ctx, ListEnd end) {
  PopOrWait(ctx, {.keys = ctx.args.subspan(1, ctx.argc() - 2), .end = end},
            ctx.arg(ctx.argc() - 1));
}
void BLPop(Context& ctx) { BPop(ctx, ListEnd::kFront); }
void BRPop(Context& ctx) { BPop(ctx, ListEnd::kBack); }

constexpr std::string_view kCountedComplexity =
    "O(N+M) where N is the number of provided keys and M is the number of elements returned.";
constexpr dispatch::KeyRange kKeysThenTimeout{1, -2, 1};

constexpr CommandSpec kRows[] = {
    {.name = "lmpop",
     .handler = LMPop,
     .arity = -4,
     .flags = kWrite | kMovableKeys,
     .key_count_at = 1,
     .acl = kAclList,
     .group = Group::kList,
     .since = "7.0.0",
     .summary = "Pop elements from a list",
     .complexity = kCountedComplexity},
    {.name = "blpop",
     .handler = BLPop,
     .arity = -3,
     .flags = kWrite | kNoscript | kBlocking,
     .keys = kKeysThenTimeout,
     .acl = kAclList | kAclBlocking,
     .group = Group::kList,
     .since = "2.0.0",
     .summary = "Remove and get the first element in a list, or block until one is available",
     .complexity = "O(N) where N is the number of provided keys."},
    {.name = "brpop",
     .handler = BRPop,
     .arity = -3,
     .flags = kWrite | kNoscript | kBlocking,
     .keys = kKeysThenTimeout,
     .acl = kAclList | kAclBlocking,
     .group = Group::kList,
     .since = "2.0.0",
     .summary = "Remove and get the last element in a list, or block until one is available",
     .complexity = "O(N) where N is the number of provided keys."},
    {.name = "blmpop",
     .handler = BLMPop,
     .arity = -5,
     .flags = kWrite | kBlocking | kMovableKeys,
     .key_count_at = 2,
     .acl = kAclList | kAclBlocking,
     .group = Group::kList,
     .since = "7.0.0",
     .summary = "Pop elements from a list, or block until one is available",
     .complexity = kCountedComplexity},
};
static_assert(RowsAreSound(kRows));

}  // namespace

CommandRows ListFirstOfRows() { return kRows; }

}  // namespace rha::node::commands
