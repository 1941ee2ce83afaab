// MULTI, EXEC, DISCARD, WATCH, UNWATCH. Queueing is the engine's (engine.cc).
#include "node/commands/families.h"
#include "node/commands/parse.h"
#include "node/dispatch/engine.h"
#include "node/dispatch/gates.h"

namespace rha::node::commands {
namespace {

using dispatch::QueuedCommand;

void Multi(Context& ctx) {
  if (ctx.session.transaction.open) return ctx.reply.Error("ERR MULTI calls can not be nested");
  ctx.session.transaction.open = true;
  ctx.reply.Ok();
}

void Discard(Context& ctx) {
  if (!ctx.session.transaction.open) return ctx.reply.Error("ERR DISCARD without MULTI");
  ctx.engine().DiscardTransaction(ctx.session);
  ctx.reply.Ok();
}

// A watched key that has expired since counts as changed, even if nobody has deleted it yet.
bool WatchedKeyExpired(Context& ctx) {
  for (const keyspace::Watcher::Key& key : ctx.session.watcher.keys()) {
    if (!key.expired_when_watched && ctx.keyspace.db(key.db).HoldsExpired(key.name)) return true;
  }
  return false;
}

void Exec(Context& ctx) {
  Session& session = ctx.session;
  if (!session.transaction.open) return ctx.reply.Error("ERR EXEC without MULTI");
  if (session.transaction.failed) {
    ctx.engine().DiscardTransaction(session);
    return ctx.reply.Error("EXECABORT Transaction discarded because of previous errors.");
  }
  if (session.watcher.dirty() || WatchedKeyExpired(ctx)) {
    ctx.engine().DiscardTransaction(session);
    return ctx.reply.NullArray();
  }
  // Unwatched first: what runs now is our own doing.
  ctx.keyspace.watches().Unwatch(session.watcher);
  const std::vector<QueuedCommand> commands = std::move(session.transaction.commands);
  ctx.reply.Array(static_cast<int64_t>(commands.size()));
  std::vector<std::string_view> words;
  for (const QueuedCommand& command : commands) {
    words.assign(command.args.begin(), command.args.end());
    ctx.engine().CallQueued(session, *command.spec, words, ctx.reply);
    ctx.reply.set_protocol(session.protocol);  // HELLO may be among them
  }
  ctx.engine().DiscardTransaction(session);
  ctx.PropagateNothing();  // each command has spoken for itself
}

void Watch(Context& ctx) {
  if (ctx.session.transaction.open) {
    return ctx.reply.Error("ERR WATCH inside MULTI is not allowed");
  }
  ctx.reply.Ok();
  if (ctx.session.watcher.dirty()) return;  // nothing can change the outcome any more
  for (size_t i = 1; i < ctx.argc(); ++i) {
    ctx.keyspace.watches().Watch(ctx.session.watcher, ctx.session.db, ctx.arg(i),
                                 ctx.db().HoldsExpired(ctx.arg(i)));
  }
}

void Unwatch(Context& ctx) {
  ctx.keyspace.watches().Unwatch(ctx.session.watcher);
  ctx.reply.Ok();
}

constexpr uint32_t kAnytime = kNoscript | kLoading | kStale;

constexpr CommandSpec kRows[] = {
    {"multi", Multi, 1, kAnytime | kFast | kAllowBusy | kNotQueued, kAclTransaction},
    {"exec", Exec, 1, kNoscript | kLoading | kStale | kSkipSlowlog | kLeavesMulti | kRunsQueued,
     kAclTransaction},
    {"discard", Discard, 1, kAnytime | kFast | kAllowBusy | kLeavesMulti, kAclTransaction},
    {"watch",
     Watch,
     -2,
     kAnytime | kFast | kAllowBusy | kNotQueued,
     kAclTransaction,
     {Keys(1, -1, kLooksAt)}},
    {"unwatch", Unwatch, 1, kAnytime | kFast | kAllowBusy, kAclTransaction},
};
static_assert(RowsAreSound(kRows));

}  // namespace

CommandRows TransactionRows() { return kRows; }

}  // namespace rha::node::commands
