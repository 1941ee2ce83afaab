// EVAL, EVALSHA, EVAL_RO, EVALSHA_RO and SCRIPT.
#include "node/commands/families.h"
#include "node/commands/help.h"
#include "node/commands/parse.h"
#include "node/commands/script/script_row.h"
#include "node/commands/script/scripts.h"
#include "node/dispatch/engine.h"

namespace rha::node::commands {
namespace {

using dispatch::Engine;

void Eval(Context& ctx) { Scripts::Of(ctx).Eval(ctx, {.by_digest = false, .read_only = false}); }
void EvalRo(Context& ctx) { Scripts::Of(ctx).Eval(ctx, {.by_digest = false, .read_only = true}); }
void EvalSha(Context& ctx) { Scripts::Of(ctx).Eval(ctx, {.by_digest = true, .read_only = false}); }
void EvalShaRo(Context& ctx) { Scripts::Of(ctx).Eval(ctx, {.by_digest = true, .read_only = true}); }

uint32_t FlagsOf(const Engine& engine, Args words, bool by_digest, uint32_t flags) {
  if (words.size() < 2) return flags;
  return static_cast<Scripts&>(*engine.services().scripts).FlagsOfScript(words, by_digest, flags);
}
uint32_t FlagsByText(const Engine& engine, Args words, uint32_t flags) {
  return FlagsOf(engine, words, false, flags);
}
uint32_t FlagsByDigest(const Engine& engine, Args words, uint32_t flags) {
  return FlagsOf(engine, words, true, flags);
}

void Load(Context& ctx) {
  std::string error;
  const auto* const script = Scripts::Of(ctx).cache().Add(ctx.arg(2), true, &error);
  if (script == nullptr) return ctx.reply.Error("ERR " + error);
  ctx.reply.Bulk(script->digest);
}

void Exists(Context& ctx) {
  ctx.reply.Array(static_cast<int64_t>(ctx.argc()) - 2);
  for (const std::string_view digest : ctx.args.subspan(2)) {
    ctx.reply.Integer(Scripts::Of(ctx).cache().FindDigest(digest) == nullptr ? 0 : 1);
  }
}

void Flush(Context& ctx) {
  const bool known =
      ctx.argc() == 2 || (ctx.argc() == 3 && (EqualsIgnoreCase(ctx.arg(2), "sync") ||
                                              EqualsIgnoreCase(ctx.arg(2), "async")));
  if (!known) return ctx.reply.Error("ERR SCRIPT FLUSH only support SYNC|ASYNC option");
  Scripts::Of(ctx).cache().Clear();
  ctx.reply.Ok();
}

void Kill(Context& ctx) { Scripts::Of(ctx).Kill(ctx, false); }

void Debug(Context& ctx) {
  if (EqualsIgnoreCase(ctx.arg(2), "no")) return ctx.reply.Ok();
  if (!EqualsIgnoreCase(ctx.arg(2), "yes") && !EqualsIgnoreCase(ctx.arg(2), "sync")) {
    return ctx.reply.Error("ERR Use SCRIPT DEBUG YES/SYNC/NO");
  }
  ctx.reply.Error("ERR the debugger of scripts is not supported: use redis.log() to follow one");
}

void Help(Context& ctx) {
  WriteHelp(
      ctx, {"DEBUG (YES|SYNC|NO)", "    Set the debug mode for subsequent scripts executed.",
            "EXISTS <sha1> [<sha1> ...]",
            "    Return information about the existence of the scripts in the script cache.",
            "FLUSH [ASYNC|SYNC]", "    Flush the Lua scripts cache. Very dangerous on replicas.",
            "    When called without the optional mode argument, the behavior is determined by the",
            "    lazyfree-lazy-user-flush configuration directive. Valid modes are:",
            "    * ASYNC: Asynchronously flush the scripts cache.",
            "    * SYNC: Synchronously flush the scripts cache.", "KILL",
            "    Kill the currently executing Lua script.", "LOAD <script>",
            "    Load a script into the scripts cache without executing it."});
}

constexpr CommandSpec kRows[] = {
    ScriptRow("eval", Eval, kMayReplicate, FlagsByText),
    ScriptRow("evalsha", EvalSha, kMayReplicate, FlagsByDigest),
    ScriptRow("eval_ro", EvalRo, kReadonly, FlagsByText),
    ScriptRow("evalsha_ro", EvalShaRo, kReadonly, FlagsByDigest),
    {"script", nullptr, -2, kContainer},
    {"script|load", Load, 3, kNoscript | kStale, kAclScripting},
    {"script|exists", Exists, -3, kNoscript, kAclScripting},
    {"script|flush", Flush, -2, kNoscript, kAclScripting},
    {"script|kill", Kill, 2, kNoscript | kAllowBusy, kAclScripting},
    {"script|debug", Debug, 3, kNoscript, kAclScripting},
    {"script|help", Help, 2, kLoading | kStale, kAclScripting},
};
static_assert(RowsAreSound(kRows));

}  // namespace

CommandRows ScriptRows() { return kRows; }

}  // namespace rha::node::commands
