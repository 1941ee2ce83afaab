// MEMORY: where it went.
#include <string>

#include "node/commands/families.h"
#include "node/commands/help.h"
#include "node/commands/parse.h"
#include "node/dispatch/sessions.h"

namespace rha::node::commands {
namespace {

using dispatch::MemoryReport;

void Purge(Context& ctx) {
  ctx.services().server->ReturnFreedMemory();
  ctx.reply.Ok();
}

void MallocStats(Context& ctx) {
  ctx.reply.Verbatim("txt", ctx.services().server->AllocatorReport());
}

// What a key takes is counted, not estimated, so samples are as good as all.
void Usage(Context& ctx) {
  for (size_t i = 3; i < ctx.argc(); i += 2) {
    int64_t samples = 0;
    if (!EqualsIgnoreCase(ctx.arg(i), "samples") || i + 1 >= ctx.argc()) return ctx.SyntaxError();
    if (!ParseInteger(ctx, ctx.arg(i + 1), &samples)) return;
    if (samples < 0) return ctx.SyntaxError();
  }
  const keyspace::Item item = ctx.db().Peek(ctx.arg(2));
  if (!item) return ctx.reply.Null();
  ctx.reply.Integer(static_cast<int64_t>(keyspace::Db::MemoryBytes(item)));
}

double Ratio(int64_t a, int64_t b) {
  return b == 0 ? 0 : static_cast<double>(a) / static_cast<double>(b);
}

void Put(resp::Writer& reply, std::string_view name, int64_t number) {
  reply.Bulk(name);
  reply.Integer(number);
}

void PutDouble(resp::Writer& reply, std::string_view name, double number) {
  reply.Bulk(name);
  reply.Double(number);
}

void PutDatabases(Context& ctx, const std::vector<int>& databases) {
  for (const int i : databases) {
    ctx.reply.Bulk("db." + std::to_string(i));
    ctx.reply.Map(3);
    Put(ctx.reply, "overhead.hashtable.main",
        static_cast<int64_t>(ctx.keyspace.db(i).index_bytes()));
    Put(ctx.reply, "overhead.hashtable.expires", 0);  // an expiry stands in its key's entry
    Put(ctx.reply, "overhead.hashtable.slot-to-keys", 0);
  }
}

void Stats(Context& ctx) {
  resp::Writer& reply = ctx.reply;
  const MemoryReport memory = ctx.services().server->Memory();
  std::vector<int> databases;
  int64_t keys = 0;
  for (int i = 0; i < ctx.keyspace.databases(); ++i) {
    if (ctx.keyspace.db(i).size() == 0) continue;
    databases.push_back(i);
    keys += static_cast<int64_t>(ctx.keyspace.db(i).size());
  }
  const int64_t grown = std::max<int64_t>(0, memory.used - memory.startup);
  reply.Map(27 + static_cast<int64_t>(databases.size()));
  Put(reply, "peak.allocated", memory.peak);
  Put(reply, "total.allocated", memory.used);
  Put(reply, "startup.allocated", memory.startup);
  Put(reply, "replication.backlog", memory.backlog);
  Put(reply, "clients.slaves", memory.replicas);
  Put(reply, "clients.normal", memory.clients);
  Put(reply, "cluster.links", 0);
  Put(reply, "aof.buffer", memory.log_buffer);
  const dispatch::ScriptService* const scripts = ctx.services().scripts;
  const auto used = scripts == nullptr ? dispatch::ScriptService::Usage{} : scripts->usage();
  Put(reply, "lua.caches", used.cache_bytes);
  Put(reply, "functions.caches", used.library_bytes);
  PutDatabases(ctx, databases);
  Put(reply, "overhead.total", memory.overhead);
  Put(reply, "keys.count", keys);
  Put(reply, "keys.bytes-per-key", keys == 0 ? 0 : grown / keys);
  Put(reply, "dataset.bytes", memory.dataset());
  PutDouble(reply, "dataset.percentage", 100 * Ratio(memory.dataset(), grown));
  PutDouble(reply, "peak.percentage", 100 * Ratio(memory.used, memory.peak));
  Put(reply, "allocator.allocated", memory.allocated);
  Put(reply, "allocator.active", memory.active);
  Put(reply, "allocator.resident", memory.resident);
  PutDouble(reply, "allocator-fragmentation.ratio", Ratio(memory.active, memory.allocated));
  Put(reply, "allocator-fragmentation.bytes", memory.active - memory.allocated);
  PutDouble(reply, "allocator-rss.ratio", Ratio(memory.resident, memory.active));
  Put(reply, "allocator-rss.bytes", memory.resident - memory.active);
  PutDouble(reply, "rss-overhead.ratio", Ratio(memory.rss, memory.resident));
  Put(reply, "rss-overhead.bytes", memory.rss - memory.resident);
  PutDouble(reply, "fragmentation", Ratio(memory.rss, memory.used));
  Put(reply, "fragmentation.bytes", memory.rss - memory.used);
}

// `b` is more than `percent` of `a`, and by 10 MB.
bool FarAbove(int64_t b, int64_t a, int64_t percent) {
  return b * 100 > a * percent && b - a > (10 << 20);
}

std::string Complaints(Context& ctx, const MemoryReport& memory) {
  std::string text;
  if (memory.peak * 2 > memory.used * 3) {
    text +=
        " * Peak memory: In the past this instance used more than 150% the memory that is "
        "currently using. What was freed goes back to the system by and by; MEMORY PURGE hurries "
        "it.\n\n";
  }
  if (FarAbove(memory.rss, memory.used, 140)) {
    text +=
        " * High total RSS: This instance has a memory fragmentation and RSS overhead greater than "
        "1.4 (this means that the Resident Set Size of the process is much larger than the sum of "
        "its allocations). It may result from a memory peak, or from a workload that causes the "
        "allocator to fragment memory a lot.\n\n";
  }
  if (FarAbove(memory.active, memory.allocated, 110)) {
    text +=
        " * High allocator fragmentation: This instance has an allocator external fragmentation "
        "greater than 1.1. It goes back as keys are written; a copy (a full synchronisation of "
        "a replica and a failover to it) has none.\n\n";
  }
  if (FarAbove(memory.resident, memory.active, 110)) {
    text +=
        " * High allocator RSS overhead: The allocator holds more than 1.1 times the memory that "
        "is in use. This is usually due to a large peak memory; MEMORY PURGE gives it back.\n\n";
  }
  if (FarAbove(memory.rss, memory.resident, 110)) {
    text +=
        " * High process RSS overhead: The process holds more than 1.1 times the memory of its "
        "allocator.\n\n";
  }
  const auto sessions = static_cast<int64_t>(ctx.sessions().all().size());
  if (memory.replicas > (10 << 20)) {
    text +=
        " * Big replica buffers: The replica output buffers in this instance are greater than "
        "10MB. Some replica is slow, or its network is: see the delays in INFO replication and "
        "the buffers in CLIENT LIST.\n\n";
  }
  if (sessions > 0 && memory.clients / sessions > 200 * 1024) {
    text +=
        " * Big client buffers: The clients output buffers in this instance are greater than 200K "
        "per client (on average): subscribers that do not read fast enough, large replies, or "
        "long pipelines. CLIENT LIST shows whose they are.\n\n";
  }
  return text;
}

void Doctor(Context& ctx) {
  constexpr int64_t kLittleBytes = 5 << 20;
  const MemoryReport memory = ctx.services().server->Memory();
  if (memory.used - memory.startup < kLittleBytes) {
    return ctx.reply.Verbatim(
        "txt",
        "Hi Sam, this instance is empty or is using very little memory, my issues detector can't "
        "be used in these conditions. Please, leave for your mission on Earth and fill it with "
        "some data. The new Sam and I will be back to our programming as soon as I finished "
        "rebooting.\n");
  }
  const std::string complaints = Complaints(ctx, memory);
  ctx.reply.Verbatim(
      "txt", complaints.empty()
                 ? "Hi Sam, I can't find any memory issue in your instance. I can only account for "
                   "what occurs on this base.\n"
                 : "Sam, I detected a few issues in this Redis instance memory implants:\n\n" +
                       complaints + "I'm here to keep you safe, Sam. I want to help you.\n");
}

void Help(Context& ctx) {
  WriteHelp(ctx, {"DOCTOR", "    Return memory problems reports.", "MALLOC-STATS",
                  "    Return internal statistics report from the memory allocator.", "PURGE",
                  "    Attempt to purge dirty pages for reclamation by the allocator.", "STATS",
                  "    Return information about the memory usage of the server.",
                  "USAGE <key> [SAMPLES <count>]",
                  "    Return memory in bytes used by <key> and its value. Nested values are",
                  "    sampled up to <count> times (default: 5, 0 means sample all)."});
}

constexpr CommandSpec kRows[] = {
    {"memory", nullptr, -2, kContainer},
    {"memory|usage", Usage, -3, kReadonly, 0, {At(2, kLooksAt)}},
    {"memory|purge", Purge, 2, 0},
    {"memory|doctor", Doctor, 2, 0},
    {"memory|malloc-stats", MallocStats, 2, 0},
    {"memory|stats", Stats, 2, 0},
    {"memory|help", Help, 2, kLoading | kStale},
};
static_assert(RowsAreSound(kRows));

}  // namespace

CommandRows MemoryRows() { return kRows; }

}  // namespace rha::node::commands
