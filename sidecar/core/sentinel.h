// The Sentinel machine: event in, actions out.
//
//   shell ── Event ──▶ Step(now, event) ── Actions ──▶ shell
//
// Pure: no clock, no I/O, no log, no chance but the seeded generator in the state. The same
// configuration and the same sequence of (now, event) give the same actions, which is how the
// simulator (tests/sim) replays a failure from its seed.
//
// Invariants are listed and checked in invariants.h. `now` never runs backwards.
// Thread rule: one owner.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/status.h"
#include "sidecar/core/action.h"
#include "sidecar/core/config.h"
#include "sidecar/core/event.h"
#include "sidecar/core/state.h"

namespace rha::sidecar::core {

class Sentinel {
 public:
  // Whole from the start: everything that `config.persisted` holds is in the state, so Snapshot()
  // says what was loaded, and nothing that was promised before a restart can be forgotten by
  // writing too early. There is no other way to begin.
  Sentinel(Config config, LogicalTime now);

  // The first call, with Tick, announces the groups (+monitor) and opens connections.
  Actions Step(LogicalTime now, const Event& event);

  // The shell must deliver a Tick no later than this (at most kTickPeriod away).
  LogicalTime NextWake() const { return state_.next_wake; }

  // ---- queries; `now` as in the last Step ------------------------------------------------------
  const State& state() const { return state_; }
  const Group* FindGroup(std::string_view name) const;

  // SENTINEL GET-MASTER-ADDR-BY-NAME. Nothing when there is no such group, no primary is known, or
  // this member of a configured group has not heard a majority for kLease.
  std::optional<Address> PrimaryAddress(std::string_view group, LogicalTime now) const;
  // A member hears a majority of the configured members (itself counted); true for classic groups.
  bool HasMajority(const Group& group, LogicalTime now) const;

  // An address as clients are told it: a host name only where names are announced.
  Address Shown(const Address& address) const;

  // SENTINEL CKQUORUM: "OK 3 usable Sentinels. ..." or the error text.
  Result<std::string> CheckQuorum(std::string_view group, LogicalTime now) const;

  // The `flags` field in Redis' order, e.g. "s_down,o_down,master".
  std::string NodeFlags(const Group& group, const Node& node) const;
  std::string PeerFlags(const Group& group, const Peer& peer) const;
  // The `failover-state` field; nothing while this sidecar leads none.
  std::optional<std::string> FailoverState(const Group& group) const;
  // Whom a configured group without a primary waits for, in words; empty: it does not.
  std::string WaitsFor(const Group& group) const;
  // ... and for how much longer.
  std::string WaitsForUntil(const Group& group, LogicalTime now) const;
  // Replicas and peers of a group, in the order SENTINEL REPLICAS and SENTINELS list them.
  std::vector<const Node*> Replicas(const Group& group) const;
  std::vector<const Peer*> Peers(const Group& group) const;

  // May this pod receive traffic: its own node is the known primary or a replica of it in sync.
  // True without an own node.
  bool OwnNodeReady(LogicalTime now) const;
  // After StopRequested: the own node has ended and, if it was primary, another one is known or
  // this pod's data is what the others wait for.
  bool SafeToStop(LogicalTime now) const;

  // What Persist would write now (FLUSHCONFIG, first start).
  PersistedState Snapshot() const;

 private:
  State state_;
  Actions opening_;  // what the constructor wants done; given out by the first Step
};

}  // namespace rha::sidecar::core
