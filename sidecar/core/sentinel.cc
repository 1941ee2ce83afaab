#include "sidecar/core/sentinel.h"

#include <algorithm>
#include <utility>

#include "sidecar/core/handlers.h"
#include "sidecar/core/invariants.h"
#include "sidecar/core/mode.h"
#include "sidecar/core/persistence.h"
#include "sidecar/core/topology.h"

namespace rha::sidecar::core {
namespace {

// Groups of the configuration first, then those that were added at run time and made durable.
void Begin(Context& c, const Config& config) {
  State& s = c.s;
  s.my_id = config.my_id;
  s.globals = config.globals;
  s.announce = config.announce;
  s.own_port = config.own_port != 0 ? config.own_port : config.announce.port;
  s.self = config.self;
  s.refused_is_down = config.refused_is_down;
  s.started = c.now;
  s.last_step = c.now;
  const bool needs_memory =
      std::any_of(config.groups.begin(), config.groups.end(),
                  [](const GroupConfig& group) { return ModeOf(group).votes_need_memory; });
  s.may_vote = !needs_memory;
  if (config.persisted) {
    s.current_epoch = config.persisted->current_epoch;
    s.may_vote = config.persisted->may_vote || !needs_memory;
  }
  for (const GroupConfig& group : config.groups) {
    const PersistedGroup* saved = nullptr;
    if (config.persisted) {
      auto it = config.persisted->groups.find(group.name);
      if (it != config.persisted->groups.end()) saved = &it->second;
    }
    AddGroup(c, group, saved);
  }
  if (!config.persisted || config.persisted->my_id.empty()) c.NeedPersist();
  if (!config.persisted) return;
  for (const auto& [name, saved] : config.persisted->groups) {
    if (s.groups.count(name) > 0 || saved.configured || saved.primary.empty()) continue;
    AddGroup(c, GroupConfig{saved}, &saved);
  }
}

struct Dispatch {
  Context& c;
  void operator()(const Tick&) { OnTick(c); }
  void operator()(const NodeLinkUp& e) { OnNodeLink(c, e); }
  void operator()(const NodeLinkDown& e) { OnNodeLink(c, e); }
  void operator()(const PeerLinkUp& e) { OnPeerLink(c, e); }
  void operator()(const PeerLinkDown& e) { OnPeerLink(c, e); }
  void operator()(const NodePingReply& e) { OnPingReply(c, e); }
  void operator()(const PeerPingReply& e) { OnPingReply(c, e); }
  void operator()(const InfoReply& e) { OnInfo(c, e); }
  void operator()(const ReconfigureDone& e) { OnReconfigureDone(c, e); }
  void operator()(const HandoverReply& e) { OnHandoverReply(c, e); }
  void operator()(const HelloReceived& e) { OnHello(c, e); }
  void operator()(const VoteRequest& e) { OnVoteRequest(c, e); }
  void operator()(const VoteReply& e) { OnVoteReply(c, e); }
  void operator()(const ExtensionReceived& e) { OnExtension(c, e); }
  void operator()(const ExtensionReply& e) { OnExtensionReply(c, e); }
  void operator()(const CommandReceived& e) { OnCommand(c, e); }
  void operator()(const PersistDone& e) { OnPersistDone(c, e); }
  void operator()(const HostResolved& e) { OnHostResolved(c, e); }
  void operator()(const StopRequested&) {
    c.s.stopping = true;
    c.s.stop_requested = c.now;
  }
};

}  // namespace

Sentinel::Sentinel(Config config, LogicalTime now) : state_(config.seed) {
  Context c(state_, now, opening_);
  Begin(c, config);
}

Actions Sentinel::Step(LogicalTime now, const Event& event) {
  Actions actions = std::exchange(opening_, {});
  Context c(state_, now, actions);
  RHA_CHECK(now >= state_.last_step);
  const bool tick = std::holds_alternative<Tick>(event);
  if (tick) state_.next_wake = now + kTickPeriod;
  NoticeLateness(c);
  state_.last_step = now;
  std::visit(Dispatch{c}, event);
  FlushPersist(c);
  CheckInvariants(state_);
  return actions;
}

}  // namespace rha::sidecar::core
