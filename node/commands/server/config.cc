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
  set.ok() ? ctx.reply.Ok() : ctx.reply.Error(set.message());
}

bool SetSecret(const Context& ctx, size_t i) {
  return i >= 3 && i % 2 == 1 && ctx.services().config->IsSecret(ctx.arg(i - 1));
}

void Rewrite(Context& ctx) {
  const Status written = ctx.services().config->Rewrite(false);
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
    {"config", nullptr, -2, kContainer},
    {"config|get", Get, -3, kFlags},
    {"config|set", Set, -4, kFlags, 0, {}, SetSecret},
    {"config|rewrite", Rewrite, 2, kFlags},
    {"config|resetstat", ResetStat, 2, kFlags},
    {"config|help", Help, 2, kLoading | kStale},
};
static_assert(RowsAreSound(kRows));

}  // namespace

CommandRows ConfigRows() { return kRows; }

}  // namespace rha::node::commands
