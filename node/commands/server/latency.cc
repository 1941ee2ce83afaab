// LATENCY: events that took long (dispatch/latency_monitor.h), and how long commands take.
#include <optional>
#include <vector>

#include "node/commands/families.h"
#include "node/commands/help.h"
#include "node/commands/parse.h"
#include "node/commands/server/latency_report.h"
#include "node/dispatch/latency_monitor.h"
#include "node/dispatch/slowlog.h"
#include "node/dispatch/table.h"

namespace rha::node::commands {
namespace {

using dispatch::kLatencyEventNames;
using dispatch::kLatencyEvents;
using dispatch::LatencyEvent;
using dispatch::LatencySample;
using dispatch::LatencySeries;

const LatencySeries& SeriesOf(Context& ctx, size_t event) {
  return ctx.latency().of(static_cast<LatencyEvent>(event));
}

// Nothing: no such event, or it has not happened.
std::optional<size_t> FindEvent(Context& ctx, std::string_view name) {
  for (size_t i = 0; i < kLatencyEvents; ++i) {
    if (name == kLatencyEventNames[i] && !SeriesOf(ctx, i).samples.empty()) return i;
  }
  return std::nullopt;
}

void Latest(Context& ctx) {
  std::vector<size_t> happened;
  for (size_t i = 0; i < kLatencyEvents; ++i) {
    if (!SeriesOf(ctx, i).samples.empty()) happened.push_back(i);
  }
  ctx.reply.Array(static_cast<int64_t>(happened.size()));
  for (const size_t event : happened) {
    const LatencySeries& series = SeriesOf(ctx, event);
    ctx.reply.Array(4);
    ctx.reply.Bulk(kLatencyEventNames[event]);
    ctx.reply.Integer(series.samples.back().unix_s);
    ctx.reply.Integer(series.samples.back().ms);
    ctx.reply.Integer(series.worst_ms);
  }
}

void History(Context& ctx) {
  const auto event = FindEvent(ctx, ctx.arg(2));
  if (!event) return ctx.reply.Array(0);
  const auto& samples = SeriesOf(ctx, *event).samples;
  ctx.reply.Array(static_cast<int64_t>(samples.size()));
  for (const LatencySample& sample : samples) {
    ctx.reply.Array(2);
    ctx.reply.Integer(sample.unix_s);
    ctx.reply.Integer(sample.ms);
  }
}

void Reset(Context& ctx) {
  int64_t reset = 0;
  for (size_t i = 0; i < kLatencyEvents; ++i) {
    bool named = ctx.argc() == 2;
    for (const std::string_view arg : ctx.args.subspan(2)) {
      named |= EqualsIgnoreCase(arg, kLatencyEventNames[i]);
    }
    if (!named || SeriesOf(ctx, i).samples.empty()) continue;
    ctx.latency().Reset(static_cast<LatencyEvent>(i));
    ++reset;
  }
  ctx.reply.Integer(reset);
}

void Graph(Context& ctx) {
  const auto event = FindEvent(ctx, ctx.arg(2));
  if (!event) {
    return ctx.reply.Error("ERR No samples available for event '" + std::string(ctx.arg(2)) + "'");
  }
  ctx.reply.Verbatim(
      "txt", LatencyGraph(kLatencyEventNames[*event], SeriesOf(ctx, *event), ctx.now_ms / 1000));
}

void Doctor(Context& ctx) {
  ctx.reply.Verbatim("txt",
                     LatencyDoctor(ctx.latency(), ctx.slowlog().threshold_us(), ctx.now_ms / 1000));
}

void Histogram(Context& ctx) {
  dispatch::CommandTable& table = ctx.table();
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

void Help(Context& ctx) {
  WriteHelp(ctx, {"DOCTOR", "    Return a human readable latency analysis report.", "GRAPH <event>",
                  "    Return an ASCII latency graph for the <event> class.", "HISTORY <event>",
                  "    Return time-latency samples for the <event> class.", "LATEST",
                  "    Return the latest latency samples for all events.", "RESET [<event> ...]",
                  "    Reset latency data of one or more <event> classes.",
                  "    (default: reset all data for all event classes)", "HISTOGRAM [COMMAND ...]",
                  "    Return a cumulative distribution of latencies in the format of a histogram "
                  "for the specified command names.",
                  "    If no commands are specified then all histograms are replied."});
}

constexpr uint32_t kFlags = kAdmin | kNoscript | kLoading | kStale;

constexpr CommandSpec kRows[] = {
    {"latency", nullptr, -2, kContainer},         {"latency|latest", Latest, 2, kFlags},
    {"latency|history", History, 3, kFlags},      {"latency|reset", Reset, -2, kFlags},
    {"latency|graph", Graph, 3, kFlags},          {"latency|doctor", Doctor, 2, kFlags},
    {"latency|histogram", Histogram, -2, kFlags}, {"latency|help", Help, 2, kLoading | kStale},
};
static_assert(RowsAreSound(kRows));

}  // namespace

CommandRows LatencyRows() { return kRows; }

}  // namespace rha::node::commands
