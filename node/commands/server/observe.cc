// Watching the server at work: SLOWLOG, LATENCY, MONITOR, MEMORY.
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
  const auto& entries = ctx.engine.slowlog().entries();
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
  ctx.reply.Integer(static_cast<int64_t>(ctx.engine.slowlog().entries().size()));
}

void SlowlogReset(Context& ctx) {
  ctx.engine.slowlog().Clear();
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

// No events are sampled yet, which is what a server without latency-monitor-threshold answers.
void LatencyNothing(Context& ctx) { ctx.reply.Array(0); }
void LatencyReset(Context& ctx) { ctx.reply.Integer(0); }

void LatencyHistograms(Context& ctx) {
  dispatch::CommandTable& table = ctx.engine.table();
  std::vector<const CommandSpec*> shown;
  const auto show = [&](const CommandSpec& spec) {
    if (table.counters(spec).latency != nullptr) shown.push_back(&spec);
  };
  if (ctx.argc() == 2) {
    for (const CommandSpec& spec : table.commands()) show(spec);
  }
  for (size_t i = 2; i < ctx.argc(); ++i) {
    const CommandSpec* spec = table.Find(ctx.arg(i));
    if (spec == nullptr) continue;
    show(*spec);
    for (const CommandSpec* each : table.Subcommands(*spec)) show(*each);
  }
  ctx.reply.Map(static_cast<int64_t>(shown.size()));
  for (const CommandSpec* spec : shown) {
    const dispatch::LatencyHistogram& latency = *table.counters(*spec).latency;
    ctx.reply.Bulk(spec->name);
    ctx.reply.Map(2);
    ctx.reply.Bulk("calls");
    ctx.reply.Integer(static_cast<int64_t>(latency.calls()));
    ctx.reply.Bulk("histogram_usec");
    const auto bounds = latency.PowersOfTwo();
    ctx.reply.Map(static_cast<int64_t>(bounds.size()));
    for (const auto& [bound_us, calls] : bounds) {
      ctx.reply.Integer(bound_us);
      ctx.reply.Integer(static_cast<int64_t>(calls));
    }
  }
}

void LatencyDoctor(Context& ctx) {
  ctx.reply.Verbatim(
      "txt",
      "I'm sorry, Dave, I can't do that. Latency monitoring is disabled in this Redis "
      "instance. You may use \"CONFIG SET latency-monitor-threshold <milliseconds>.\" in "
      "order to enable it.\n");
}

void Monitor(Context& ctx) {
  ctx.engine.StartMonitor(ctx.session);
  ctx.reply.Ok();
}

void MemoryPurge(Context& ctx) { ctx.reply.Ok(); }

void MemoryDoctor(Context& ctx) {
  ctx.reply.Verbatim("txt",
                     "Hi Sam, I can't find any memory issue in your instance. I can only account "
                     "for what occurs on this base.\n");
}

void MemoryStats(Context& ctx) {
  const int64_t allocated = ctx.services().server->MemoryUsedBytes();
  int64_t keys = 0;
  for (int i = 0; i < ctx.keyspace.databases(); ++i) {
    keys += static_cast<int64_t>(ctx.keyspace.db(i).size());
  }
  ctx.reply.Map(3);
  ctx.reply.Bulk("total.allocated");
  ctx.reply.Integer(allocated);
  ctx.reply.Bulk("keys.count");
  ctx.reply.Integer(keys);
  ctx.reply.Bulk("keys.bytes-per-key");
  ctx.reply.Integer(keys == 0 ? 0 : allocated / keys);
}

void MemoryHelp(Context& ctx) {
  WriteHelp(ctx, {"DOCTOR", "    Return memory problems reports.", "PURGE",
                  "    Attempt to purge dirty pages for reclamation by the allocator.", "STATS",
                  "    Return information about the memory usage of the server.",
                  "USAGE <key> [SAMPLES <count>]",
                  "    Return memory in bytes used by <key> and its value. Nested values are",
                  "    sampled up to <count> times (default: 5, 0 means sample all)."});
}

constexpr uint32_t kLogFlags = kAdmin | kLoading | kStale;
constexpr uint32_t kLatencyFlags = kAdmin | kNoscript | kLoading | kStale;

constexpr CommandSpec kRows[] = {
    {"slowlog", nullptr, -2, kContainer},
    {"slowlog|get", SlowlogGet, -2, kLogFlags},
    {"slowlog|len", SlowlogLen, 2, kLogFlags},
    {"slowlog|reset", SlowlogReset, 2, kLogFlags},
    {"slowlog|help", SlowlogHelp, 2, kLoading | kStale},
    {"latency", nullptr, -2, kContainer},
    {"latency|latest", LatencyNothing, 2, kLatencyFlags},
    {"latency|history", LatencyNothing, 3, kLatencyFlags},
    {"latency|reset", LatencyReset, -2, kLatencyFlags},
    {"latency|histogram", LatencyHistograms, -2, kLatencyFlags},
    {"latency|doctor", LatencyDoctor, 2, kLatencyFlags},
    {"monitor", Monitor, 1, kAdmin | kNoscript | kLoading | kStale},
    {"memory|purge", MemoryPurge, 2, 0},
    {"memory|doctor", MemoryDoctor, 2, 0},
    {"memory|stats", MemoryStats, 2, 0},
    {"memory|help", MemoryHelp, 2, kLoading | kStale},
};
static_assert(RowsAreSound(kRows));

}  // namespace

CommandRows ObserveRows() { return kRows; }

}  // namespace rha::node::commands
