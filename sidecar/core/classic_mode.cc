// A group of `sentinel monitor`: what Redis' Sentinel does, and what it takes to live among stock
// sentinels and servers.
#include <algorithm>

#include "sidecar/core/mode.h"
#include "sidecar/core/names.h"
#include "sidecar/core/topology.h"

namespace rha::sidecar::core {
namespace {

constexpr Facts kFacts{
    .fixed = false,                 // hellos, INFO and SENTINEL MONITOR say who there is
    .peers_are_ours = false,        // some may be (Peer::extended)
    .majority_rules = false,        // SENTINEL FAILOVER does without
    .votes_need_memory = false,     // as in Redis
    .roles_carry_epochs = false,    // SLAVEOF names none
    .seals_copies = false,          // redis-server cannot be told to stand still
    .waits_for_copies = false,      // whoever is in touch comes into question
    .gives_up_early = false,        // stock sentinels let 2 x failover-timeout pass
    .judges_refusals = true,        // for want of a sidecar that is beside each node
    .full_volume_is_alive = false,  // as in Redis
    .beat_period = std::nullopt,
    .reach_limit = std::nullopt,
    .promotion_limit = std::nullopt,
    .nobody_retry = kNoReplicaRetry,
};

class Classic final : public Mode {
 public:
  Classic() : Mode(kFacts) {}

  // The primary that a person named, or the one that was elected since; and who was heard of.
  void Populate(Context& c, Group& group, const PersistedGroup* saved) const override {
    const bool moved = saved != nullptr && !saved->primary.empty();
    group.primary = AddNode(c, group, moved ? saved->primary : group.config.primary).id;
    if (saved == nullptr) return;
    for (const Address& address : saved->replicas) {
      if (FindNodeByAddress(c.s, group, address) == nullptr) AddNode(c, group, address);
    }
    for (const PersistedPeer& known : saved->peers) {
      Peer* peer = FindPeerByRunId(c.s, known.id);
      if (peer == nullptr) peer = &AddPeer(c, known.id, known.address);
      group.views[peer->id];
    }
  }

  void Save(const State& state, const Group& group, PersistedGroup* saved) const override {
    static_cast<GroupSettings&>(*saved) = group.config;
    const Node* primary = group.Primary();
    saved->primary = primary != nullptr ? primary->address : Address{};
    for (const auto& [id, node] : group.nodes) {
      if (id != group.primary && !node.address.empty()) saved->replicas.push_back(node.address);
    }
    for (const auto& [id, view] : group.views) {
      const Peer& peer = state.peers.at(id);
      if (!peer.address.empty()) saved->peers.push_back({peer.address, peer.run_id});
    }
  }

  // All that were ever heard, until SENTINEL RESET.
  int VoterCount(const Group& group) const override {
    return static_cast<int>(group.views.size()) + 1;
  }
  bool IsVoter(const State&, const Group&, const std::string&) const override { return true; }

  // Redis has no proofs.
  bool Believes(const std::string&, const std::string&) const override { return true; }

  // By its address, under which it may be new.
  NodeId PrimaryOf(Context& c, Group& group, const Beat& beat) const override {
    if (const Node* known = FindNodeByAddress(c.s, group, beat.primary)) return known->id;
    return MakeRoomForNode(c, group, beat.primary) ? AddNode(c, group, beat.primary).id : kNoNode;
  }

  // As in sentinelCheckSubjectivelyDown().
  bool HasLostItsRole(const Context& c, const Group& group, const Node& primary) const override {
    const Millis limit = group.config.down_after + c.s.periods.info * 2;
    return c.now - std::max(primary.role_reported_at, group.primary_since) > limit;
  }

  Millis InfoPeriod(const Context& c, const Group& group, const Node& node) const override {
    const Node* primary = group.Primary();
    const bool replica = node.id != group.primary;
    const bool trouble = group.failover.has_value() || (primary != nullptr && primary->sdown);
    if (replica && (trouble || (node.info.role == Role::kReplica && !node.info.primary_link_up))) {
      return std::min(kInfoPeriodFast, c.s.periods.info);
    }
    return c.s.periods.info;
  }

  Pick Choose(const State& state, const Group& group, LogicalTime now,
              const std::vector<std::string>&) const override {
    return PickClassic(state, group, now);
  }

  bool MayHeal(const Context& c, const Group&) const override { return !c.s.tilt; }

  // Redis: four hello periods, and the failover timeout, for others may know better. But nobody has
  // promoted a process that began as a primary after we had replaced the one before it: it has only
  // been restarted, and takes writes that will be gone.
  Millis HealingDelay(const Context& c, const Group& group, const Node& node,
                      Fault fault) const override {
    if (fault == Fault::kWrongPrimary) return group.config.failover_timeout;
    const bool we_led = group.leader_id == c.s.my_id && group.leader_epoch == group.config_epoch;
    const bool restarted = node.began_as_primary && node.process_since > group.primary_since;
    if (fault == Fault::kClaimsPrimary && we_led && restarted) return Millis{0};
    return c.s.periods.publish * 4;
  }
};

}  // namespace

const Mode& ClassicMode() {
  static const Classic kMode;
  return kMode;
}

}  // namespace rha::sidecar::core
