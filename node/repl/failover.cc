#include "node/repl/failover.h"

#include <algorithm>
#include <limits>

#include "common/base/log.h"
#include "node/dispatch/engine.h"
#include "node/repl/limits.h"
#include "node/repl/parse_number.h"
#include "node/repl/primary_side.h"

namespace rha::node::repl {
namespace {

using dispatch::EqualsIgnoreCase;
using Target = ReplicaSide::Target;

Status Refused(const char* reply) { return Status(Code::kInvalid, reply); }

bool IsOnline(const Replica& replica) {
  return replica.progress.streaming() && !replica.session.closing;
}

Target AddressOf(const Replica& replica) { return {replica.ip(), replica.identity.port}; }

}  // namespace

Result<FailoverRequest> ParseFailover(dispatch::Args args) {
  FailoverRequest request;
  if (args.size() == 2 && EqualsIgnoreCase(args[1], "abort")) {
    request.abort = true;
    return request;
  }
  for (size_t i = 1; i < args.size(); ++i) {
    int64_t number = 0;
    if (EqualsIgnoreCase(args[i], "timeout") && i + 1 < args.size() && !request.timeout) {
      if (!ParseNumber(args[++i], number)) {
        return Refused("ERR value is not an integer or out of range");
      }
      if (number <= 0) return Refused("ERR FAILOVER timeout must be greater than 0");
      request.timeout = std::min(Millis(number), kFailoverTimeoutMax);
    } else if (EqualsIgnoreCase(args[i], "to") && i + 2 < args.size() && !request.to) {
      if (!ParseNumber(args[i + 2], number)) {
        return Refused("ERR value is not an integer or out of range");
      }
      const bool port = number > 0 && number <= std::numeric_limits<uint16_t>::max();
      request.to = Target{std::string(args[i + 1]), static_cast<uint16_t>(port ? number : 0)};
      i += 2;
    } else if (EqualsIgnoreCase(args[i], "force") && !request.force) {
      request.force = true;
    } else {
      return Refused("ERR syntax error");
    }
  }
  return request;
}

Failover::~Failover() {
  given_.reactor.Cancel(timeout_);
  given_.reactor.Cancel(look_);
}

Status Failover::Execute(dispatch::Args args) {
  RHA_ASSIGN_OR_RETURN(const FailoverRequest request, ParseFailover(args));
  if (!request.abort) return Begin(request);
  if (!active()) return Refused("ERR No failover in progress.");
  log::Warn("failover is given up by order");
  const bool handing_over = state_ == State::kHandingOver;
  if (handing_over) given_.lead_again();
  End();
  return {};
}

Status Failover::Begin(const FailoverRequest& request) {
  if (active()) return Refused("ERR FAILOVER already in progress.");
  if (given_.engine.state().is_replica) {
    return Refused("ERR FAILOVER is not valid when server is a replica.");
  }
  if (given_.replicas.replicas().empty()) {
    return Refused("ERR FAILOVER requires connected replicas.");
  }
  if (request.force && !(request.timeout && request.to)) {
    return Refused(
        "ERR FAILOVER with force option requires both a timeout and target HOST and IP.");
  }
  if (request.to) {
    const Replica* const target = Find(*request.to);
    if (target == nullptr) return Refused("ERR FAILOVER target HOST and PORT is not a replica.");
    if (!IsOnline(*target)) return Refused("ERR FAILOVER target replica is not online.");
  }
  request_ = request;
  state_ = State::kWaitingForSync;
  given_.engine.SetPause(dispatch::PauseReason::kFailover,
                         {dispatch::Pause::Scope::kWrite, std::numeric_limits<int64_t>::max()});
  given_.replicas.RequestAcknowledgements();
  if (request.timeout) timeout_ = given_.reactor.After(*request.timeout, [this] { TimeOver(); });
  log::Info("failover requested: writes wait until {} has every byte",
            request.to ? request.to->host + ":" + std::to_string(request.to->port) : "a replica");
  OnAcknowledged();
  return {};
}

// Not at once: what else this turn executes, in EXEC above all, belongs to the history to be
// handed over.
void Failover::OnAcknowledged() {
  if (state_ != State::kWaitingForSync || look_ != 0) return;
  look_ = given_.reactor.After(Millis(0), [this] { Look(); });
}

void Failover::Look() {
  look_ = 0;
  if (state_ != State::kWaitingForSync) return;
  const Replica* const target = InStep();
  if (target == nullptr) return;
  log::Info("failover target {}:{} has every byte, failing over.", target->ip(),
            target->identity.port);
  HandOver(request_.to ? *request_.to : AddressOf(*target));
}

void Failover::TimeOver() {
  timeout_ = 0;
  if (state_ != State::kWaitingForSync) return;
  if (!request_.force) {
    log::Warn("failover is given up: no replica had every byte within the time");
    return End();
  }
  log::Warn("failover to {}:{} time out exceeded, failing over.", request_.to->host,
            request_.to->port);
  HandOver(*request_.to);
}

void Failover::HandOver(const Target& target) {
  given_.reactor.Cancel(timeout_);
  state_ = State::kHandingOver;
  if (const Status begun = given_.hand_over(target); !begun.ok()) {
    log::Error("failover is given up: {}", begun.message());
    End();
  }
}

void Failover::OnAnswer(bool serves_us) {
  if (state_ != State::kHandingOver) return;
  if (serves_us) {
    log::Info("failover complete: this node is a replica");
  } else {
    log::Warn("Failover target rejected psync request: this node goes on as primary");
    given_.lead_again();
  }
  End();
}

void Failover::OnRoleChanged() {
  if (!active()) return;
  log::Warn("failover is given up: the role of this node was changed by order");
  End();
}

void Failover::End() {
  given_.reactor.Cancel(timeout_);
  state_ = State::kNone;
  request_ = {};
  if (given_.engine.state().is_replica) {
    given_.engine.CloseHeldBack(dispatch::PauseReason::kFailover);
  }
  given_.engine.EndPause(dispatch::PauseReason::kFailover);
}

const Replica* Failover::Find(const Target& target) const {
  for (const auto& replica : given_.replicas.replicas()) {
    if (AddressOf(*replica) == target) return replica.get();
  }
  return nullptr;
}

const Replica* Failover::InStep() const {
  for (const auto& replica : given_.replicas.replicas()) {
    const bool chosen = !request_.to || AddressOf(*replica) == *request_.to;
    const bool whole = replica->progress.acked == given_.stream.offset();
    if (chosen && whole && IsOnline(*replica)) return replica.get();
  }
  return nullptr;
}

const char* Failover::InfoWord() const {
  switch (state_) {
    case State::kWaitingForSync:
      return "waiting-for-sync";
    case State::kHandingOver:
      return "failover-in-progress";
    default:
      return "no-failover";
  }
}

}  // namespace rha::node::repl
