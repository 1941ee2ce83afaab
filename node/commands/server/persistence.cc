// SAVE, BGSAVE, LASTSAVE.
#include "node/commands/families.h"
#include "node/commands/parse.h"
#include "node/dispatch/engine.h"

namespace rha::node::commands {
namespace {

using namespace dispatch;

void Save(Context& ctx) {
  const Status saved = ctx.services().persistence->Save();
  if (saved.ok()) return ctx.reply.Ok();
  ctx.reply.Error("ERR " + saved.message());
}

void BackgroundSave(Context& ctx) {
  bool schedule = false;
  if (ctx.argc() > 1) {
    if (ctx.argc() > 2 || !EqualsIgnoreCase(ctx.arg(1), "schedule")) return ctx.SyntaxError();
    schedule = true;
  }
  const Result<bool> started = ctx.services().persistence->BackgroundSave(schedule);
  if (!started.ok()) return ctx.reply.Error("ERR " + started.status().message());
  ctx.reply.Simple(*started ? "Background saving started" : "Background saving scheduled");
}

void LastSave(Context& ctx) { ctx.reply.Integer(ctx.services().persistence->LastSaveUnixS()); }

constexpr CommandSpec kRows[] = {
    {.name = "save", .handler = Save, .arity = 1,
     .flags = kNoAsyncLoading | kAdmin | kNoscript | kNoMulti, .acl = kAclDangerous,
     .group = Group::kServer, .since = "1.0.0",
     .summary = "Synchronously save the dataset to disk", .complexity = "O(N)"},
    {.name = "bgsave", .handler = BackgroundSave, .arity = -1,
     .flags = kNoAsyncLoading | kAdmin | kNoscript, .acl = kAclDangerous,
     .group = Group::kServer, .since = "1.0.0",
     .summary = "Asynchronously save the dataset to disk"},
    {.name = "lastsave", .handler = LastSave, .arity = 1, .flags = kLoading | kStale | kFast,
     .acl = kAclAdmin | kAclDangerous, .group = Group::kServer, .since = "1.0.0",
     .summary = "Get the UNIX time stamp of the last successful save to disk"},
};
static_assert(RowsAreSound(kRows));

}  // namespace

CommandRows PersistenceRows() { return kRows; }

}  // namespace rha::node::commands
