// REPLICAOF, PSYNC, REPLCONF, ROLE, WAIT, FAILOVER: what replication does is the service's
// business.
#include <cstdlib>
#include <string>

#include "common/base/log.h"
#include "node/commands/families.h"
#include "node/commands/parse.h"
#include "node/dispatch/engine.h"

namespace rha::node::commands {
namespace {

using dispatch::BlockKind;
using dispatch::ReplicationService;

void ReplicaOf(Context& ctx) {
  ReplicationService& replication = *ctx.services().replication;
  if (const std::string refusal = replication.PlainRoleRefusal(); !refusal.empty()) {
    return ctx.reply.Error(refusal);
  }
  if (EqualsIgnoreCase(ctx.arg(1), "no") && EqualsIgnoreCase(ctx.arg(2), "one")) {
    if (ctx.state().is_replica || ctx.state().undecided) {
      log::Info("primary mode enabled by client {}", ctx.session.peer_address);
      replication.BecomePrimary();
    }
    return ctx.reply.Ok();
  }
  if (ctx.session.kind == SessionKind::kReplica) {
    return ctx.reply.Error("ERR Command is not valid when client is a replica.");
  }
  int64_t port = 0;
  if (!structs::ParseDecimal(ctx.arg(2), &port) || port < 0 || port > 65535) {
    return ctx.reply.Error("ERR Invalid master port");
  }
  const Result<bool> changed =
      replication.ReplicaOf(std::string(ctx.arg(1)), static_cast<uint16_t>(port));
  if (!changed.ok()) return ctx.reply.Error("ERR " + changed.status().message());
  if (!*changed) return ctx.reply.Simple("OK Already connected to specified master");
  log::Info("replica of {}:{} enabled by client {}", ctx.arg(1), port, ctx.session.peer_address);
  ctx.reply.Ok();
}

void Role(Context& ctx) { ctx.services().replication->WriteRole(ctx.reply); }

void Psync(Context& ctx) { ctx.services().replication->Psync(ctx.session, ctx.args); }

void Replconf(Context& ctx) {
  ctx.services().replication->Replconf(ctx.session, ctx.args, ctx.reply);
}

void Failover(Context& ctx) { ctx.services().replication->Failover(ctx.args, ctx.reply); }

bool ParseWaitTime(Context& ctx, std::string_view word, int64_t* timeout_ms) {
  if (!structs::ParseDecimal(word, timeout_ms)) {
    ctx.reply.Error("ERR timeout is not an integer or out of range");
    return false;
  }
  if (*timeout_ms >= 0) return true;
  ctx.reply.Error("ERR timeout is negative");
  return false;
}

// Answers at once if there is nothing to wait for; inside EXEC nothing may block.
void Await(Context& ctx, int64_t timeout_ms, dispatch::BlockedState wait) {
  ReplicationService& replication = *ctx.services().replication;
  wait.offset = ctx.session.last_write_offset;
  wait.logged = ctx.session.last_write_logged;
  if (ctx.session.transaction.open || ctx.engine().IsAcknowledged(wait)) {
    return ctx.engine().WriteAcknowledged(wait, ctx.reply);
  }
  replication.RequestAcknowledgements();
  wait.deadline_ms = timeout_ms == 0 ? 0 : Later(ctx.now_ms, timeout_ms);
  ctx.Block(std::move(wait));
}

void Wait(Context& ctx) {
  int64_t replicas = 0, timeout_ms = 0;
  if (ctx.state().is_replica) {
    return ctx.reply.Error(
        "ERR WAIT cannot be used with replica instances. Please also note that since Redis 4.0 if "
        "a "
        "replica is configured to be writable (which is not the default) writes to replicas are "
        "just "
        "local and are not propagated.");
  }
  if (!ParseInteger(ctx, ctx.arg(1), &replicas)) return;
  if (!ParseWaitTime(ctx, ctx.arg(2), &timeout_ms)) return;
  Await(ctx, timeout_ms,
        {.kind = BlockKind::kWait,
         .replicas = static_cast<int>(std::min<int64_t>(replicas, INT32_MAX))});
}

void WaitAof(Context& ctx) {
  int64_t local = 0, replicas = 0, timeout_ms = 0;
  if (!ParseInteger(ctx, ctx.arg(1), &local)) return;
  if (local < 0 || local > 1) {
    return ctx.reply.Error("ERR value is out of range, value must between 0 and 1");
  }
  if (!ParseInteger(ctx, ctx.arg(2), &replicas)) return;
  if (replicas < 0) return ctx.reply.Error("ERR value is out of range, must be positive");
  if (!ParseWaitTime(ctx, ctx.arg(3), &timeout_ms)) return;
  if (ctx.state().is_replica) {
    return ctx.reply.Error(
        "ERR WAITAOF cannot be used with replica instances. Please also note that writes to "
        "replicas are just local and are not propagated.");
  }
  if (local == 1 && !ctx.state().log_on) return ctx.reply.Error(dispatch::kNoLocalLog);
  Await(ctx, timeout_ms,
        {.kind = BlockKind::kWait,
         .replicas = static_cast<int>(std::min<int64_t>(replicas, INT32_MAX)),
         .on_disk = true,
         .local = local == 1});
}

constexpr CommandSpec kRows[] = {
    {"replicaof", ReplicaOf, 3, kAdmin | kNoscript | kStale | kNoAsyncLoading | kUndecidedOk,
     kAclDangerous},
    {"slaveof", ReplicaOf, 3, kAdmin | kNoscript | kStale | kNoAsyncLoading | kUndecidedOk,
     kAclDangerous},
    {"role", Role, 1, kNoscript | kLoading | kStale | kFast, kAclAdmin | kAclDangerous},
    {"psync", Psync, -3, kAdmin | kNoscript | kNoAsyncLoading | kNoMulti},
    {"sync", Psync, 1, kAdmin | kNoscript | kNoAsyncLoading | kNoMulti},
    {"replconf", Replconf, -1, kAdmin | kNoscript | kLoading | kStale | kAllowBusy},
    {"failover", Failover, -1, kAdmin | kNoscript | kStale},
    {"wait", Wait, 3, kNoscript, kAclConnection},
    {"waitaof", WaitAof, 4, kNoscript, kAclConnection},
};
static_assert(RowsAreSound(kRows));

}  // namespace

CommandRows ReplicationRows() { return kRows; }

}  // namespace rha::node::commands
