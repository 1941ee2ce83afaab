#include "node/dispatch/gates.h"

#include <iterator>

#include "node/dispatch/engine.h"

namespace rha::node::dispatch {
namespace {

// Empty: passes.
using Gate = std::string_view (*)(const GateQuestion&, std::string* scratch);

bool FromPrimary(const GateQuestion& q) { return q.session.kind == SessionKind::kPrimary; }

std::string_view RoomLeft(const GateQuestion& q, std::string*) {
  if (!q.session.over_limit || q.session.is_peer()) return {};
  if (q.spec.Has(kOverLimitOk)) return {};
  return "ERR max number of clients reached";
}

std::string_view Authenticated(const GateQuestion& q, std::string*) {
  if (q.session.authenticated || (q.flags & kNoAuth) != 0) return {};
  if (q.engine.permissions().users().default_user().open()) return {};
  return "NOAUTH Authentication required.";
}

std::string_view DebugAllowed(const GateQuestion& q, std::string*) {
  if ((q.flags & kProtected) == 0 || Admits(q.engine.options().debug, q.session)) return {};
  return "ERR DEBUG command not allowed. If the enable-debug-command option is set to \"local\", "
         "you can "
         "run it from a local connection, otherwise you need to set this option in the "
         "configuration "
         "file, and then restart the server.";
}

std::string_view RoleAssigned(const GateQuestion& q, std::string*) {
  if (!q.engine.state().undecided || FromPrimary(q)) return {};
  if ((q.flags & (kWrite | kReadonly | kMayReplicate)) == 0 || (q.flags & kUndecidedOk) != 0)
    return {};
  return "MASTERDOWN No role has been assigned to this node yet";
}

// Every command makes room, also one that only reads. What MULTI queues takes memory too.
std::string_view MemoryLeft(const GateQuestion& q, std::string*) {
  if (q.engine.MakeRoom() != MemoryGuard::Room::kNone || FromPrimary(q)) return {};
  const bool queued = q.session.transaction.open && !q.spec.Has(kLeavesMulti);
  if ((q.flags & kDenyOom) == 0 && !queued) return {};
  return "OOM command not allowed when used memory > 'maxmemory'.";
}

std::string_view DiskHealthy(const GateQuestion& q, std::string* scratch) {
  const NodeState& state = q.engine.state();
  const bool log_failed = !state.log_error.empty();
  if (!(state.last_save_failed || log_failed) || state.is_replica || FromPrimary(q)) return {};
  // A full disk is no death: members of the cluster learn of it from INFO.
  const bool alarm = q.spec.Has(kProbe) && !q.session.is_peer();
  if ((q.flags & kWrite) == 0 && !alarm) return {};
  if (!state.last_save_failed) {
    return *scratch = "MISCONF Errors writing to the AOF file: " + state.log_error;
  }
  *scratch =
      "MISCONF Redis is configured to save RDB snapshots, but it's currently unable to persist to "
      "disk. Commands that may modify the data set are disabled, because this instance is "
      "configured to report errors during writes if RDB snapshotting fails "
      "(stop-writes-on-bgsave-error option). Please check the Redis logs for details about the RDB "
      "error.";
  if (log_failed) *scratch += " The AOF file cannot be written, either: " + state.log_error;
  return *scratch;
}

std::string_view EnoughReplicas(const GateQuestion& q, std::string*) {
  const NodeState& state = q.engine.state();
  if (state.good_replicas >= state.min_replicas_to_write && !state.copies_missing) return {};
  if ((q.flags & kWrite) == 0 || state.is_replica || FromPrimary(q)) return {};
  return "NOREPLICAS Not enough good replicas to write.";
}

// By FAILOVER, until it is known who will execute it.
bool WaitsForHandover(const GateQuestion& q) {
  const Pause& pause = q.engine.pauses().of(PauseReason::kFailover);
  return pause.scope != Pause::Scope::kNone && q.session.kind == SessionKind::kClient;
}

std::string_view NotASubscriber(const GateQuestion& q, std::string* scratch) {
  if (q.spec.Has(kSubscriberOk) || !InPubsubMode(q.session)) return {};
  *scratch =
      "ERR Can't execute '" + std::string(q.spec.name) +
      "': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET are allowed in this context";
  return *scratch;
}

}  // namespace

std::string_view WritableHere(const GateQuestion& q, std::string*) {
  const NodeState& state = q.engine.state();
  if (!state.is_replica || !state.replica_read_only || (q.flags & kWrite) == 0) return {};
  if (FromPrimary(q) || WaitsForHandover(q)) return {};
  return "READONLY You can't write against a read only replica.";
}

std::string_view FreshEnough(const GateQuestion& q, std::string*) {
  const NodeState& state = q.engine.state();
  if (!state.is_replica || state.primary_link_up) return {};
  if ((q.flags & kStale) != 0 || FromPrimary(q)) return {};
  if (state.uncommitted_tail && (q.flags & (kWrite | kReadonly)) != 0) {
    return "MASTERDOWN This node may have led, and waits to hear what of its data is committed.";
  }
  // An empty answer would pass for the primary's. While it loads, Loaded() says so.
  const bool lost = state.dataset == Dataset::kUnknown && !state.loading;
  if (lost && (q.flags & (kWrite | kReadonly)) != 0) {
    return "MASTERDOWN Loading the MASTER's dataset has failed, and the old one was given up.";
  }
  if (state.replica_serve_stale_data) return {};
  return "MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.";
}

std::string_view MayWriteNow(const GateQuestion& q, std::string* scratch) {
  for (const Gate gate : {WritableHere, DiskHealthy, EnoughReplicas}) {
    if (const std::string_view refusal = gate(q, scratch); !refusal.empty()) return refusal;
  }
  return {};
}

namespace {

std::string_view Loaded(const GateQuestion& q, std::string*) {
  if (!q.engine.state().loading || (q.flags & kLoading) != 0 || FromPrimary(q)) return {};
  return kLoadingError;
}

std::string_view NotBusy(const GateQuestion& q, std::string*) {
  return (q.flags & kAllowBusy) != 0 ? std::string_view() : q.engine.state().busy;
}

std::string_view AllowedInMulti(const GateQuestion& q, std::string*) {
  if (!q.session.transaction.open || !q.spec.Has(kNoMulti)) return {};
  return "ERR Command not allowed inside a transaction";
}

std::string_view Permitted(const GateQuestion& q, std::string* scratch) {
  const acl::Denied denied =
      q.engine.permissions().Ask(q.session, q.spec, q.args, WhereIs(q.session));
  if (denied == acl::Denied::kNothing) return {};
  return *scratch = RefusalOf(denied, q.spec);
}

std::string_view NotAReplica(const GateQuestion& q, std::string*) {
  if (q.session.kind != SessionKind::kReplica) return {};
  if ((q.flags & (kWrite | kReadonly | kMayReplicate)) == 0) return {};
  return "ERR Replica can't interact with the keyspace";
}

constexpr Gate kGates[] = {
    RoomLeft,    Authenticated, DebugAllowed,   AllowedInMulti, Permitted,
    MemoryLeft,  DiskHealthy,   EnoughReplicas, WritableHere,   NotASubscriber,
    FreshEnough, Loaded,        NotBusy,        RoleAssigned,   NotAReplica,
};

}  // namespace

bool NothingSpecial(const GateQuestion& q) {
  const NodeState& state = q.engine.state();
  // Of our primary's stream nothing is refused for what this node is.
  if (FromPrimary(q)) {
    return !q.session.transaction.open && state.busy.empty() && !state.MemoryShort() &&
           q.session.authenticated && !q.session.restricted() && !q.session.over_limit &&
           q.session.pubsub == nullptr && (q.flags & kProtected) == 0;
  }
  const bool node = state.is_replica || state.undecided || state.loading || !state.busy.empty() ||
                    state.last_save_failed || !state.log_error.empty() || state.MemoryShort() ||
                    state.min_replicas_to_write != 0 || state.copies_missing;
  const bool sender = !q.session.authenticated || q.session.restricted() ||
                      q.session.transaction.open || q.session.pubsub != nullptr ||
                      q.session.kind != SessionKind::kClient;
  return !node && !sender && (q.flags & kProtected) == 0;
}

std::string_view PassGates(const GateQuestion& question, std::string* scratch) {
  for (const Gate gate : kGates) {
    if (const std::string_view refusal = gate(question, scratch); !refusal.empty()) return refusal;
  }
  return {};
}

}  // namespace rha::node::dispatch
