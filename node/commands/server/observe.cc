// Watching commands: SLOWLOG, MONITOR.
#include <string>

#include "node/commands/families.h"
#include "node/commands/help.h"
#include "node/commands/parse.h"
#include "node/dispatch/engine.h"

namespace rha::node::commands {
namespace {

using dispatch::SlowlogEntry;

void SlowlogGet(Context& ctx) {
  constexpr int64_t kDefaultCount = 10;
  int64_t count = kDefaultCount;
  if (ctx.argc() > 3) return UnknownSubcommand(ctx);
  if (ctx.argc() == 3) {
    if (!structs::ParseDecimal(ctx.arg(2), &count) || count < -1) {
      return ctx.reply.Error("ERR count should be greater than or equal to -1");
    }
  }
  const auto& entries = ctx.slowlog().entries();
  const auto size = static_cast<int64_t>(entries.size());
  if (count == -1 || count > size) count = size;
  ctx.reply.Array(count);
  for (int64_t i = 0; i < count; ++i) {
    const SlowlogEntry& entry = entries[static_cast<size_t>(i)];
    ctx.reply.Array(6);
    ctx.reply.Integer(entry.id);
    ctx.reply.Integer(entry.unix_s);
    ctx.reply.Integer(entry.duration_us);
    ctx.reply.Array(static_cast<int64_t>(entry.args.size()));
    for (const std::string& arg : entry.args) ctx.reply.Bulk(arg);
    ctx.reply.Bulk(entry.peer_address);
    ctx.reply.Bulk(entry.client_name);
  }
}

void SlowlogLen(Context& ctx) {
  ctx.reply.Integer(static_cast<int64_t>(ctx.slowlog().entries().size()));
}

void SlowlogReset(Context& ctx) {
  ctx.slowlog().Clear();
  ctx.reply.Ok();
}

void SlowlogHelp(Context& ctx) {
  WriteHelp(ctx, {"GET [<count>]",
                  "    Return top <count> entries from the slowlog (default: 10, -1 mean all).",
                  "    Entries are made of:",
                  "    id, timestamp, time in microseconds, arguments array, client IP and port,",
                  "    client name", "LEN", "    Return the length of the slowlog.", "RESET",
                  "    Reset the slowlog."});
}

void Monitor(Context& ctx) {
  ctx.engine().StartMonitor(ctx.session);
  ctx.reply.Ok();
}

constexpr uint32_t kLogFlags = kAdmin | kLoading | kStale;

constexpr CommandSpec kRows[] = {
    {"slowlog", nullptr, -2, kContainer},
    {"slowlog|get", SlowlogGet, -2, kLogFlags | kShowsData},
    {"slowlog|len", SlowlogLen, 2, kLogFlags},
    {"slowlog|reset", SlowlogReset, 2, kLogFlags},
    {"slowlog|help", SlowlogHelp, 2, kLoading | kStale},
    {"monitor", Monitor, 1, kAdmin | kNoscript | kLoading | kStale | kShowsData},
};
static_assert(RowsAreSound(kRows));

}  // namespace

CommandRows ObserveRows() { return kRows; }

}  // namespace rha::node::commands
