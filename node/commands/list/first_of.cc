// From the first of several lists that is there: LMPOP, BLPOP, BRPOP, BLMPOP.
#include "node/commands/first_of.h"

#include <string>

#include "node/commands/families.h"
#include "node/commands/list/taking.h"

namespace rha::node::commands {
namespace {

using keyspace::Edit;
using keyspace::Type;

// Replies with the key and one element of it. REQUIRES: it is a list.
void PopOne(Context& ctx, std::string_view key, ListEnd end) {
  Edit edit = ctx.db().Write(key);
  ctx.reply.Array(2);
  ctx.reply.Bulk(key);
  TakeElements(ctx, edit, end, 1);
  ctx.Propagate({PopName(end), key});
}

// Likewise, with up to `count` elements in an array of their own.
void PopSome(Context& ctx, std::string_view key, const CountedPop& pop) {
  const ListEnd end = pop.second_end ? ListEnd::kBack : ListEnd::kFront;
  Edit edit = ctx.db().Write(key);
  ctx.reply.Array(2);
  ctx.reply.Bulk(key);
  const size_t size = edit.item().As<types::ListView>().size();
  const size_t taken = std::min(static_cast<size_t>(pop.count), size);
  ctx.reply.Array(static_cast<int64_t>(taken));
  TakeElements(ctx, edit, end, taken);
  ctx.Propagate({PopName(end), key, std::to_string(taken)});
}

constexpr EndWords kEnds{"left", "right"};

void LMPop(Context& ctx) {
  CountedPop pop;
  if (!ParseCountedPop(ctx, 1, kEnds, &pop)) return;
  TakeOrNull(ctx, pop.keys, Type::kList, [&](std::string_view key) { PopSome(ctx, key, pop); });
}
void BLMPop(Context& ctx) {
  CountedPop pop;
  if (!ParseCountedPop(ctx, 2, kEnds, &pop)) return;
  TakeOrWait(ctx, pop.keys, Type::kList, ctx.arg(1),
             [&](std::string_view key) { PopSome(ctx, key, pop); });
}
void BPop(Context& ctx, ListEnd end) {
  TakeOrWait(ctx, ctx.args.subspan(1, ctx.argc() - 2), Type::kList, ctx.args.back(),
             [&](std::string_view key) { PopOne(ctx, key, end); });
}
void BLPop(Context& ctx) { BPop(ctx, ListEnd::kFront); }
void BRPop(Context& ctx) { BPop(ctx, ListEnd::kBack); }

constexpr CommandSpec kRows[] = {
    {"lmpop", LMPop, -4, kWrite | kMovableKeys, kAclList, {Counted(1, kTakes)}},
    {"blpop", BLPop, -3, kWrite | kNoscript | kBlocking, kAclList, {Keys(1, -2, kTakes)}},
    {"brpop", BRPop, -3, kWrite | kNoscript | kBlocking, kAclList, {Keys(1, -2, kTakes)}},
    {"blmpop", BLMPop, -5, kWrite | kBlocking | kMovableKeys, kAclList, {Counted(2, kTakes)}},
};
static_assert(RowsAreSound(kRows));

}  // namespace

CommandRows ListFirstOfRows() { return kRows; }

}  // namespace rha::node::commands
