// A group of `redisha-group`: its members are written down, know one another by proof, and hear of
// everything by beats, so that a majority of them can be asked to agree on anything.
#include <algorithm>

#include "sidecar/core/membership.h"
#include "sidecar/core/mode.h"
#include "sidecar/core/mutants.h"
#include "sidecar/core/topology.h"

namespace rha::sidecar::core {
namespace {

constexpr Facts kFacts{
    .fixed = true,                 // redisha-member
    .peers_are_ours = true,        // redisha-peer-key-file
    .majority_rules = true,        // of the members, who are known
    .votes_need_memory = true,     // which may be lost with a volume (LearnEpoch)
    .roles_carry_epochs = true,    // REDISHA ROLE
    .seals_copies = true,          // REDISHA ROLE ... SEAL
    .waits_for_copies = true,      // each member's, whether or not it is there
    .gives_up_early = true,        // the others are as quick
    .judges_refusals = false,      // the sidecar beside it tells
    .full_volume_is_alive = true,  // and takes no vote away either (common/env/slot_file.h)
    .beat_period = kBeatPeriod,
    .reach_limit = kReconfRetry,
    .promotion_limit = kPromotionTimeout,
    .nobody_retry = Millis{0},
};

void AddMembers(Context& c, Group& group) {
  for (const MemberConfig& config : group.config.members) {
    const int index = static_cast<int>(group.members.size());
    Member member{.config = config};
    Node& node = AddNode(c, group, {"", group.config.node_port});
    node.member = index;
    node.local = config.name == c.s.self;
    member.node = node.id;
    if (node.local) {
      node.address.host = c.s.announce.host;
    } else {
      Peer& peer = AddPeer(c, config.id, {"", group.config.sentinel_port});
      peer.member = index;
      peer.extended = true;
      group.views[peer.id];
      member.peer = peer.id;
    }
    group.members.push_back(std::move(member));
  }
}

class Configured final : public Mode {
 public:
  Configured() : Mode(kFacts) {}

  // All members, and which of them led last: its address may have changed since.
  void Populate(Context& c, Group& group, const PersistedGroup* saved) const override {
    AddMembers(c, group);
    const Member* led = saved != nullptr ? FindMember(group, saved->primary_member) : nullptr;
    if (led != nullptr) group.primary = led->node;
  }

  void Save(const State&, const Group& group, PersistedGroup* saved) const override {
    saved->configured = true;
    const Node* primary = group.Primary();
    if (primary != nullptr) saved->primary_member = group.members[primary->member].config.name;
  }

  int VoterCount(const Group& group) const override {
    return static_cast<int>(group.members.size());
  }
  bool IsVoter(const State& state, const Group& group, const std::string& id) const override {
    return id == state.my_id ||
           std::any_of(group.members.begin(), group.members.end(),
                       [&](const Member& member) { return member.config.id == id; });
  }

  // Each speaks for the member that it is, and for no other.
  bool Believes(const std::string& id, const std::string& proven) const override {
    return proven == id || Mutated(Mutant::kStrangersBelieved);
  }

  NodeId PrimaryOf(Context&, Group& group, const Beat& beat) const override {
    const Member* member = FindMember(group, beat.belief.primary_member);
    return member != nullptr ? member->node : kNoNode;
  }

  bool HasLostItsRole(const Context& c, const Group& group, const Node& primary) const override {
    // Whoever has sealed it is about to say who leads.
    if (primary.info.sealed && (group.failover || OtherLeads(group, c.now))) return false;
    if (primary.info.undecided) return true;
    return c.now - std::max(primary.role_reported_at, group.primary_since) > kRoleMismatch;
  }

  // Beats tell of the own node what this one has just heard; of the others, their beats do.
  Millis InfoPeriod(const Context&, const Group&, const Node& node) const override {
    const bool awaited = node.info.undecided || node.reconfigured_at > node.info_refresh;
    if (node.local) return awaited ? kInfoPeriodStep : kInfoPeriodLocal;
    return kInfoPeriodMember;
  }

  Pick Choose(const State&, const Group& group, LogicalTime now,
              const std::vector<std::string>& given_up) const override {
    return PickMember(group, now, given_up);
  }

  // A late clock makes silence doubtful, but not what a majority says now: a primary that was
  // stopped together with this sidecar must step down at once.
  bool MayHeal(const Context& c, const Group& group) const override {
    if (c.s.tilt && Mutated(Mutant::kTiltBlindsHealing)) return false;
    return Mutated(Mutant::kHealsInMinority) ||
           (MajorityAgrees(group, c.now) && !OtherLeads(group, c.now));
  }

  // The leader re-points replicas itself, a few at a time; the sidecar beside the node is quickest
  // for everything else, and the others step in when it is gone.
  Millis HealingDelay(const Context& c, const Group& group, const Node& node,
                      Fault fault) const override {
    const bool leader_at_it = fault == Fault::kWrongPrimary && OtherRepoints(group, c.now);
    return node.local && !leader_at_it ? Millis{0} : kConvertDelay;
  }
};

}  // namespace

const Mode& ConfiguredMode() {
  static const Configured kMode;
  return kMode;
}

}  // namespace rha::sidecar::core
