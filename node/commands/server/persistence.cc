// SAVE, BGSAVE, BGREWRITEAOF, LASTSAVE, SHUTDOWN.
#include "node/commands/families.h"
#include "node/commands/parse.h"
#include "node/dispatch/blocking.h"

namespace rha::node::commands {
namespace {

using dispatch::ShutdownRequest;

void Save(Context& ctx) {
  const Status saved = ctx.services().persistence->Save();
  saved.ok() ? ctx.reply.Ok() : ctx.reply.Error("ERR " + saved.message());
}

void BgSave(Context& ctx) {
  const bool schedule = ctx.argc() == 2 && EqualsIgnoreCase(ctx.arg(1), "schedule");
  if (ctx.argc() > 2 || (ctx.argc() == 2 && !schedule)) return ctx.SyntaxError();
  const Result<bool> started = ctx.services().persistence->BackgroundSave(schedule);
  if (!started.ok()) return ctx.reply.Error("ERR " + started.status().message());
  ctx.reply.Simple(*started ? "Background saving started" : "Background saving scheduled");
}

void BgRewriteAof(Context& ctx) {
  const Result<bool> started = ctx.services().persistence->RewriteLog();
  if (!started.ok()) return ctx.reply.Error("ERR " + started.status().message());
  ctx.reply.Simple(*started ? "Background append only file rewriting started"
                            : "Background append only file rewriting scheduled");
}

void LastSave(Context& ctx) { ctx.reply.Integer(ctx.services().persistence->LastSaveUnixS()); }

void Shutdown(Context& ctx) {
  using Mode = ShutdownRequest::Save;
  ShutdownRequest request;
  bool abort = false, save = false, no_save = false;
  for (size_t i = 1; i < ctx.argc(); ++i) {
    const std::string_view word = ctx.arg(i);
    if (EqualsIgnoreCase(word, "nosave")) {
      no_save = true;
    } else if (EqualsIgnoreCase(word, "save")) {
      save = true;
    } else if (EqualsIgnoreCase(word, "now")) {
      request.now = true;
    } else if (EqualsIgnoreCase(word, "force")) {
      request.force = true;
    } else if (EqualsIgnoreCase(word, "abort")) {
      abort = true;
    } else {
      return ctx.SyntaxError();
    }
  }
  if ((save && no_save) || (abort && ctx.argc() > 2)) return ctx.SyntaxError();
  if (abort) {
    return ctx.services().server->AbortShutdown() ? ctx.reply.Ok()
                                                  : ctx.reply.Error("ERR No shutdown in progress.");
  }
  const std::string_view busy = ctx.state().busy;
  if (!busy.empty()) {
    if (!no_save) return ctx.reply.Error(busy);
    request.now = true;  // what runs would not let anybody catch up
  }
  request.save = save ? Mode::kSave : no_save ? Mode::kNoSave : Mode::kByConfig;
  const Status ending = ctx.services().server->Shutdown(request);
  if (!ending.ok()) return ctx.reply.Error("ERR " + ending.message());
  if (!busy.empty()) ctx.services().scripts->Abandon();
  // What comes behind it must not be taken for its answer.
  ctx.Block({.kind = dispatch::BlockKind::kShutdown});
}

constexpr CommandSpec kRows[] = {
    {"save", Save, 1, kAdmin | kNoscript | kNoAsyncLoading | kNoMulti},
    {"bgsave", BgSave, -1, kAdmin | kNoscript | kNoAsyncLoading},
    {"bgrewriteaof", BgRewriteAof, 1, kAdmin | kNoscript | kNoAsyncLoading},
    {"lastsave", LastSave, 1, kLoading | kStale | kFast, kAclAdmin | kAclDangerous},
    {"shutdown", Shutdown, -1, kAdmin | kNoscript | kLoading | kStale | kNoMulti | kAllowBusy},
};
static_assert(RowsAreSound(kRows));

}  // namespace

CommandRows PersistenceRows() { return kRows; }

}  // namespace rha::node::commands
