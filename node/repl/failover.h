// FAILOVER: this primary hands its role to a replica that has every byte of its stream.
//
//   None ──FAILOVER──▶ WaitingForSync ──it has every byte──▶ HandingOver ──it serves us──▶ None,
//                        │    │ time over, FORCE ──────────────▲   │                   a replica
//                        │ time over, ABORT                        │ it refuses, ABORT
//                        ▼                                         ▼
//                      None, a primary                           None, a primary again
//
//  * From the order to the end writes are held back, not refused. When this node has stayed primary
//    they go on; when the other leads, whoever was held back is disconnected, since nothing of it
//    was executed, and asks the new primary.
//  * The target becomes primary by PSYNC … FAILOVER, which names the history it must have. Until it
//    has answered this node is a replica already, so that there are never two primaries. A target
//    that is gone is asked again and again, since it may lead by now: only a person can say ABORT.
//  * An order of who leads, from elsewhere, ends it in any state: what the target then answers
//    leads nobody back.
//
// Source of the rules: Redis 7.0, FAILOVER. Thread rule: the engine's thread.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "common/net/reactor.h"
#include "node/dispatch/services.h"
#include "node/repl/replica_side.h"

namespace rha::node::repl {

class PrimarySide;
class Replica;

struct FailoverRequest {
  std::optional<ReplicaSide::Target> to;  // none: the first that has every byte
  std::optional<Millis> timeout;          // of WaitingForSync
  bool force = false, abort = false;
};
// The message of an error is the reply.
Result<FailoverRequest> ParseFailover(dispatch::Args args);

class Failover {
 public:
  struct Dependencies {
    net::Reactor& reactor;
    dispatch::Engine& engine;
    PrimarySide& replicas;
    const Stream& stream;
    std::function<Status(const ReplicaSide::Target&)> hand_over;
    std::function<void()> lead_again;
  };
  explicit Failover(Dependencies dependencies) : given_(std::move(dependencies)) {}
  ~Failover();
  Failover(const Failover&) = delete;
  Failover& operator=(const Failover&) = delete;

  // The message of an error is the reply.
  Status Execute(dispatch::Args args);
  // A replica has acknowledged more.
  void OnAcknowledged();
  // What PSYNC … FAILOVER was answered.
  void OnAnswer(bool serves_us);
  // Somebody else has said what this node is.
  void OnRoleChanged();

  bool active() const { return state_ != State::kNone; }
  const char* InfoWord() const;

 private:
  enum class State { kNone, kWaitingForSync, kHandingOver };

  Status Begin(const FailoverRequest& request);
  void Look();
  void TimeOver();
  void HandOver(const ReplicaSide::Target& target);
  // The role is known by now.
  void End();
  const Replica* Find(const ReplicaSide::Target& target) const;
  const Replica* InStep() const;

  Dependencies given_;
  State state_ = State::kNone;
  FailoverRequest request_;
  net::TimerId timeout_ = 0, look_ = 0;
};

}  // namespace rha::node::repl
