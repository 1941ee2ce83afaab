// CONFIG: the service knows the options, this knows the words.
#include "node/commands/families.h"
#include "node/commands/help.h"
#include "node/commands/parse.h"

namespace rha::node::commands {
namespace {

using dispatch::ConfigService;

void Get(Context& ctx) {
  const auto pairs = ctx.services().config->Get(ctx.args.subspan(2));
  ctx.reply.Map(static_cast<int64_t>(pairs.size()));
  for (const auto& [name, value] : pairs) {
    ctx.reply.Bulk(name);
    ctx.reply.Bulk(value);
  }
}

void Set(Context& ctx) {
  if (ctx.argc() % 2 != 0) return ctx.SyntaxError();
  ConfigService::Pairs pairs;
  for (size_t i = 2; i < ctx.argc(); i += 2) pairs.emplace_back(ctx.arg(i), ctx.arg(i + 1));
  const Status set = ctx.services().config->Set(pairs, ctx.session);
  set.ok() ? ctx.reply.Ok() : ctx.reply.Error("ERR " + set.message());
}

bool SetSecret(const Context& ctx, size_t i) {
  return i >= 3 && i % 2 == 1 && ctx.services().config->IsSecret(ctx.arg(i - 1));
}

void Rewrite(Context& ctx) {
  const Status written = ctx.services().config->Rewrite();
  written.ok() ? ctx.reply.Ok() : ctx.reply.Error("ERR " + written.message());
}

void ResetStat(Context& ctx) {
  ctx.services().server->ResetStats();
  ctx.reply.Ok();
}

void Help(Context& ctx) {
  WriteHelp(ctx, {"GET <pattern>",
                  "    Return parameters matching the glob-like <pattern> and their values.",
                  "SET <directive> <value>", "    Set the configuration <directive> to <value>.",
                  "RESETSTAT", "    Reset statistics reported by the INFO command.", "REWRITE",
                  "    Rewrite the configuration file."});
}

constexpr uint32_t kFlags = kAdmin | kNoscript | kLoading | kStale;

constexpr CommandSpec kRows[] = {
    {.name = "config",
     .arity = -2,
     .flags = kContainer,
     .group = Group::kServer,
     .since = "2.0.0",
     .summary = "A container for server configuration commands",
     .complexity = "Depends on subcommand."},
    {.name = "config|get",
     .handler = Get,
     .arity = -3,
     .flags = kFlags,
     .group = Group::kServer,
     .since = "2.0.0",
     .summary = "Get the values of configuration parameters",
     .complexity = "O(N) when N is the number of configuration parameters provided"},
    {.name = "config|set",
     .handler = Set,
     .arity = -4,
     .flags = kFlags,
     .secret = SetSecret,
     .group = Group::kServer,
     .since = "2.0.0",
     .summary = "Set configuration parameters to the given values",
     .complexity = "O(N) when N is the number of configuration parameters provided"},
    {.name = "config|rewrite",
     .handler = Rewrite,
     .arity = 2,
     .flags = kFlags,
     .group = Group::kServer,
     .since = "2.8.0",
     .summary = "Rewrite the configuration file with the in memory configuration"},
    {.name = "config|resetstat",
     .handler = ResetStat,
     .arity = 2,
     .flags = kFlags,
     .group = Group::kServer,
     .since = "2.0.0",
     .summary = "Reset the stats returned by INFO"},
    {.name = "config|help",
     .handler = Help,
     .arity = 2,
     .flags = kLoading | kStale,
     .group = Group::kServer,
     .since = "5.0.0",
     .summary = "Show helpful text about the different subcommands"},
};
static_assert(RowsAreSound(kRows));

}  // namespace

CommandRows ConfigRows() { return kRows; }

}  // namespace rha::node::commands
