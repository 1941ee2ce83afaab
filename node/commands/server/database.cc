// Whole databases, and the time: DBSIZE, FLUSHDB, FLUSHALL, SWAPDB, TIME.
#include <climits>

#include "node/commands/families.h"
#include "node/commands/parse.h"

namespace rha::node::commands {
namespace {

void DbSize(Context& ctx) { ctx.reply.Integer(static_cast<int64_t>(ctx.db().size())); }

// ASYNC and SYNC are accepted; here both are done at once.
void Flush(Context& ctx, int db) {
  const bool known =
      ctx.argc() == 1 || (ctx.argc() == 2 && (EqualsIgnoreCase(ctx.arg(1), "async") ||
                                              EqualsIgnoreCase(ctx.arg(1), "sync")));
  if (!known) return ctx.SyntaxError();
  ctx.keyspace.AddDirty(ctx.keyspace.Flush(db));
  if (db == -1 && ctx.services().persistence != nullptr)
    ctx.services().persistence->DatasetFlushed();
  // Replicas hear of it even if there was nothing here: they may hold what they should not.
  ctx.PropagateAnyway();
  ctx.reply.Ok();
}
void FlushDb(Context& ctx) { Flush(ctx, ctx.session.db); }
void FlushAll(Context& ctx) { Flush(ctx, -1); }

void SwapDb(Context& ctx) {
  const auto parse = [&](size_t i, int64_t* index) {
    return structs::ParseDecimal(ctx.arg(i), index) && *index >= INT_MIN && *index <= INT_MAX;
  };
  int64_t first = 0, second = 0;
  if (!parse(1, &first)) return ctx.reply.Error("ERR invalid first DB index");
  if (!parse(2, &second)) return ctx.reply.Error("ERR invalid second DB index");
  const int databases = ctx.keyspace.databases();
  if (first < 0 || first >= databases || second < 0 || second >= databases) {
    return ctx.reply.Error("ERR DB index is out of range");
  }
  ctx.keyspace.Swap(static_cast<int>(first), static_cast<int>(second));
  ctx.keyspace.AddDirty(1);
  ctx.PropagateAnyway();
  ctx.reply.Ok();
}

void Time(Context& ctx) {
  const int64_t now_us = ctx.services().server->UnixMicros();
  ctx.reply.Array(2);
  ctx.reply.BulkInteger(now_us / 1'000'000);
  ctx.reply.BulkInteger(now_us % 1'000'000);
}

constexpr CommandSpec kRows[] = {
    {"dbsize", DbSize, 1, kReadonly | kFast, kAclKeyspace},
    {"flushdb", FlushDb, -1, kWrite, kAclKeyspace | kAclDangerous},
    {"flushall", FlushAll, -1, kWrite, kAclKeyspace | kAclDangerous},
    {"swapdb", SwapDb, 3, kWrite | kFast, kAclKeyspace | kAclDangerous},
    {"time", Time, 1, kLoading | kStale | kFast},
};
static_assert(RowsAreSound(kRows));

}  // namespace

CommandRows DatabaseRows() { return kRows; }

}  // namespace rha::node::commands
