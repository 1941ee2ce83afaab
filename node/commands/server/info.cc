// INFO: sections in Redis' order, each filled by whoever knows it.
#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <string>
#include <vector>

#include "node/commands/families.h"
#include "node/commands/parse.h"
#include "node/dispatch/engine_options.h"
#include "node/dispatch/info_line.h"
#include "node/dispatch/table.h"

namespace rha::node::commands {
namespace {

using dispatch::CommandCounters;
using dispatch::CommandTable;

struct Section {
  std::string_view name, title;
  bool by_default;
};
constexpr Section kSections[] = {
    {"server", "Server", true},
    {"clients", "Clients", true},
    {"memory", "Memory", true},
    {"persistence", "Persistence", true},
    {"stats", "Stats", true},
    {"replication", "Replication", true},
    {"cpu", "CPU", true},
    {"modules", "Modules", true},
    {"commandstats", "Commandstats", false},
    {"errorstats", "Errorstats", true},
    {"latencystats", "Latencystats", false},
    {"cluster", "Cluster", true},
    {"keyspace", "Keyspace", true},
};

void AppendKeyspace(Context& ctx, std::string* info) {
  for (int i = 0; i < ctx.keyspace.databases(); ++i) {
    const keyspace::Db& db = ctx.keyspace.db(i);
    if (db.size() == 0) continue;
    *info += "db" + std::to_string(i) + ":keys=" + std::to_string(db.size()) +
             ",expires=" + std::to_string(db.expiring()) +
             ",avg_ttl=" + std::to_string(db.AverageTtlMs());
    // Exporters that are older than 7.4 take a fourth number for KeyDB's cached keys.
    if (db.with_field_ends() > 0) *info += ",subexpiry=" + std::to_string(db.with_field_ends());
    *info += "\r\n";
  }
}

void AppendCommandStats(Context& ctx, std::string* info) {
  CommandTable& table = ctx.table();
  for (const CommandSpec& spec : table.commands()) {
    const CommandCounters& counters = table.counters(spec);
    if (counters.calls == 0 && counters.rejected == 0 && counters.failed == 0) continue;
    const double per_call = counters.calls == 0 ? 0
                                                : static_cast<double>(counters.usec) /
                                                      static_cast<double>(counters.calls);
    fmt::format_to(std::back_inserter(*info),
                   "cmdstat_{}:calls={},usec={},usec_per_call={:.2f},rejected_calls={},"
                   "failed_calls={}\r\n",
                   spec.name, counters.calls, counters.usec, per_call, counters.rejected,
                   counters.failed);
  }
}

void AppendLatencyStats(Context& ctx, std::string* info) {
  CommandTable& table = ctx.table();
  for (const CommandSpec& spec : table.commands()) {
    const auto& latency = table.counters(spec).latency;
    if (latency == nullptr) continue;
    fmt::format_to(std::back_inserter(*info), "latency_percentiles_usec_{}:", spec.name);
    const char* separator = "";
    for (const double percent : ctx.options().latency_percentiles) {
      fmt::format_to(std::back_inserter(*info), "{}p{}={}.000", separator, percent,
                     latency->PercentileUs(percent));
      separator = ",";
    }
    *info += "\r\n";
  }
}

void AppendErrorStats(Context& ctx, std::string* info) {
  for (const auto& [code, count] : ctx.stats().errors) {
    dispatch::Line(info, "errorstat_{}:count={}", code, count);
  }
}

void AppendSection(Context& ctx, const Section& section, std::string* info) {
  if (!info->empty()) *info += "\r\n";
  *info += "# " + std::string(section.title) + "\r\n";
  if (section.name == "persistence") return ctx.services().persistence->AppendInfo(info);
  if (section.name == "replication") return ctx.services().replication->AppendInfo(info);
  if (section.name == "keyspace") return AppendKeyspace(ctx, info);
  if (section.name == "commandstats") return AppendCommandStats(ctx, info);
  if (section.name == "errorstats") return AppendErrorStats(ctx, info);
  if (section.name == "latencystats") return AppendLatencyStats(ctx, info);
  if (section.name == "cluster") {
    *info += "cluster_enabled:0\r\n";
    return;
  }
  ctx.services().server->AppendInfo(section.name, info);
}

void Info(Context& ctx) {
  bool defaults = ctx.argc() == 1, all = false;
  for (size_t i = 1; i < ctx.argc(); ++i) {
    defaults |= EqualsIgnoreCase(ctx.arg(i), "default");
    all |= EqualsIgnoreCase(ctx.arg(i), "all") || EqualsIgnoreCase(ctx.arg(i), "everything");
  }
  std::string info;
  for (const Section& section : kSections) {
    const bool named = std::any_of(ctx.args.begin() + 1, ctx.args.end(), [&](std::string_view arg) {
      return EqualsIgnoreCase(arg, section.name);
    });
    if (all || named || (defaults && section.by_default)) AppendSection(ctx, section, &info);
  }
  ctx.reply.Verbatim("txt", info);
}

constexpr CommandSpec kRows[] = {
    {"info", Info, -1, kLoading | kStale, kAclDangerous},
};
static_assert(RowsAreSound(kRows));

}  // namespace

CommandRows InfoRows() { return kRows; }

}  // namespace rha::node::commands
