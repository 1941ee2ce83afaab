// Giving members scores: ZADD, ZINCRBY.
#include "node/commands/zset/add.h"

#include "node/commands/families.h"
#include "node/commands/zset/zset_args.h"

namespace rha::node::commands {
namespace {

bool* OptionNamed(std::string_view word, AddOptions* options) {
  if (word.size() < 2 || word.size() > 4) return nullptr;
  if (EqualsIgnoreCase(word, "nx")) return &options->nx;
  if (EqualsIgnoreCase(word, "xx")) return &options->xx;
  if (EqualsIgnoreCase(word, "gt")) return &options->gt;
  if (EqualsIgnoreCase(word, "lt")) return &options->lt;
  if (EqualsIgnoreCase(word, "ch")) return &options->count_changed;
  if (EqualsIgnoreCase(word, "incr")) return &options->increment;
  return nullptr;
}

// False: the error is written. Otherwise all scores are numbers.
bool ParseAdd(Context& ctx, AddOptions* options, size_t* pairs_at) {
  size_t& at = *pairs_at;
  for (; at < ctx.argc(); ++at) {
    bool* option = OptionNamed(ctx.arg(at), options);
    if (option == nullptr) break;
    *option = true;
  }
  const size_t words = ctx.argc() - at;
  if (words == 0 || words % 2 != 0) return ctx.SyntaxError(), false;
  const auto& [nx, xx, gt, lt, ch, increment] = *options;
  if (nx && xx) {
    return ctx.reply.Error("ERR XX and NX options at the same time are not compatible"), false;
  }
  if ((gt && nx) || (lt && nx) || (gt && lt)) {
    ctx.reply.Error("ERR GT, LT, and/or NX options at the same time are not compatible");
    return false;
  }
  if (increment && words > 2) {
    return ctx.reply.Error("ERR INCR option supports a single increment-element pair"), false;
  }
  double score;
  for (size_t i = at; i < ctx.argc(); i += 2) {
    if (!ParseScore(ctx, ctx.arg(i), &score)) return false;
  }
  return true;
}

void AddGeneric(Context& ctx, AddOptions options) {
  size_t pairs_at = 2;
  if (!ParseAdd(ctx, &options, &pairs_at)) return;
  AddMembers(ctx, options, {pairs_at, 2}, [&](size_t word) {
    double score = 0;
    ParseScore(ctx.arg(word), &score);
    return score;
  });
}

void ZAdd(Context& ctx) { AddGeneric(ctx, {}); }
void ZIncrBy(Context& ctx) { AddGeneric(ctx, {.increment = true}); }

constexpr CommandSpec kRows[] = {
    {"zadd", ZAdd, -4, kWrite | kDenyOom | kFast, kAclSortedSet, {At(1, kUpdates)}},
    {"zincrby", ZIncrBy, 4, kWrite | kDenyOom | kFast, kAclSortedSet, {At(1, kReadsUpdates)}},
};
static_assert(RowsAreSound(kRows));

}  // namespace

CommandRows ZsetAddRows() { return kRows; }

}  // namespace rha::node::commands
