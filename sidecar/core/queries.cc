// The const half of Sentinel: what the shell renders.
#include <algorithm>
#include <iterator>

#include "sidecar/core/membership.h"
#include "sidecar/core/mode.h"
#include "sidecar/core/mutants.h"
#include "sidecar/core/names.h"
#include "sidecar/core/persistence.h"
#include "sidecar/core/pick_replica.h"
#include "sidecar/core/sentinel.h"
#include "sidecar/core/topology.h"

namespace rha::sidecar::core {
namespace {

class Flags {
 public:
  void Add(bool set, std::string_view name) {
    if (!set) return;
    if (!text_.empty()) text_.push_back(',');
    text_.append(name);
  }
  std::string Take() { return std::move(text_); }

 private:
  std::string text_;
};

// A connection that was there and is gone. Who is new counts before it is reached, as in Redis.
bool LostForNow(const Link& link) { return !link.connected && link.connected_at != kLongAgo; }

}  // namespace

const Group* Sentinel::FindGroup(std::string_view name) const {
  auto it = state_.groups.find(std::string(name));
  return it == state_.groups.end() ? nullptr : &it->second;
}

bool Sentinel::HasMajority(const Group& group, LogicalTime now) const {
  return HearsMajority(state_, group, now);
}

std::optional<Address> Sentinel::PrimaryAddress(std::string_view group_name,
                                                LogicalTime now) const {
  const Group* group = FindGroup(group_name);
  if (group == nullptr) return std::nullopt;
  const Node* primary = group->Primary();
  if (primary == nullptr || primary->address.empty()) return std::nullopt;
  if (!HasMajority(*group, now) && !Mutated(Mutant::kMinorityNamesPrimary)) return std::nullopt;
  return Shown(primary->address);
}

// sentinelIsQuorumReachable().
Result<std::string> Sentinel::CheckQuorum(std::string_view name, LogicalTime now) const {
  const Group* group = FindGroup(name);
  if (group == nullptr) return Status(Code::kNotFound, "ERR No such master with that name");
  int usable = 1;
  for (const auto& [id, view] : group->views) {
    const Peer& peer = state_.peers.at(id);
    const bool reached =
        group->mode().peers_are_ours ? Speaks(view, now) : !peer.sdown && !LostForNow(peer.link);
    if (reached) ++usable;
  }
  const std::string count = std::to_string(usable) + " usable Sentinels. ";
  const bool quorum = usable >= group->config.quorum;
  const bool majority = usable >= MajorityOf(*group);
  if (quorum && majority) {
    return "OK " + count + "Quorum and failover authorization can be reached";
  }
  std::string error = "NOQUORUM " + count;
  if (!quorum)
    error += "Not enough available Sentinels to reach the specified quorum for this master";
  if (!majority) {
    error += (quorum ? "" : ". ");
    error += "Not enough available Sentinels to reach the majority and authorize a failover";
  }
  return Status(Code::kUnavailable, error);
}

Address Sentinel::Shown(const Address& address) const { return core::Shown(state_, address); }

std::string Sentinel::NodeFlags(const Group& group, const Node& node) const {
  const bool primary = node.id == group.primary;
  // A new primary is not called promoted any more: clients take only exactly "master" for healthy.
  const bool promoted = node.promoted && !primary;
  Flags flags;
  flags.Add(node.sdown, "s_down");
  flags.Add(primary && group.odown, "o_down");
  flags.Add(primary, "master");
  flags.Add(!primary, "slave");
  flags.Add(!node.link.connected, "disconnected");
  const bool switched =
      group.failover && std::holds_alternative<ReconfReplicas>(group.failover->stage);
  flags.Add(primary && group.failover.has_value() && !switched, "failover_in_progress");
  flags.Add(promoted, "promoted");
  flags.Add(!primary && node.reconf == ReconfStage::kSent, "reconf_sent");
  flags.Add(!primary && node.reconf == ReconfStage::kInProgress, "reconf_inprog");
  flags.Add(!primary && node.reconf == ReconfStage::kDone, "reconf_done");
  flags.Add(primary && group.failover && group.failover->forced && !switched, "force_failover");
  flags.Add(node.script_kill_sent, "script_kill_sent");
  // (Where a new process has no role, it counts as down.)
  flags.Add(primary && node.rebooted && !group.mode().roles_carry_epochs, "master_reboot");
  return flags.Take();
}

std::string Sentinel::PeerFlags(const Group& group, const Peer& peer) const {
  auto view = group.views.find(peer.id);
  Flags flags;
  flags.Add(peer.sdown, "s_down");
  flags.Add(true, "sentinel");
  flags.Add(!peer.link.connected, "disconnected");
  flags.Add(view != group.views.end() && view->second.says_down, "master_down");
  return flags.Take();
}

std::optional<std::string> Sentinel::FailoverState(const Group& group) const {
  if (!group.failover) return std::nullopt;
  // By stage, in Redis' words.
  static constexpr const char* kNames[] = {"wait_start",         "select_slave",   "select_slave",
                                           "send_slaveof_noone", "wait_promotion", "wait_promotion",
                                           "reconf_slaves",      "update_config"};
  static_assert(std::size(kNames) == std::variant_size_v<FailoverStage>);
  return kNames[group.failover->stage.index()];
}

std::string Sentinel::WaitsFor(const Group& group) const { return DescribeWait(group, group.wait); }

std::string Sentinel::WaitsForUntil(const Group& group, LogicalTime now) const {
  return DescribeWaitUntil(group, group.wait, now);
}

std::vector<const Node*> Sentinel::Replicas(const Group& group) const {
  std::vector<const Node*> replicas;
  for (const auto& [id, node] : group.nodes) {
    const bool placed = !node.address.empty();
    const bool announced = node.info_refresh == kLongAgo || node.info.announced;
    if (id != group.primary && placed && announced) replicas.push_back(&node);
  }
  return replicas;
}

std::vector<const Peer*> Sentinel::Peers(const Group& group) const {
  std::vector<const Peer*> peers;
  for (const auto& [id, view] : group.views) peers.push_back(&state_.peers.at(id));
  return peers;
}

bool Sentinel::OwnNodeReady(LogicalTime now) const {
  for (const auto& [name, group] : state_.groups) {
    const Node* own = OwnNode(group);
    if (own == nullptr) continue;
    if (!own->link.connected || own->info_refresh == kLongAgo || own->info.undecided ||
        own->info.loading || own->sdown || !HasMajority(group, now)) {
      return false;
    }
    if (group.primary == own->id) return own->role_reported == Role::kPrimary;
    const Node* primary = group.Primary();
    return primary != nullptr && own->role_reported == Role::kReplica &&
           own->info.primary_link_up && own->info.primary == primary->address;
  }
  return true;
}

namespace {

// No copy that lives on can take over: everybody is on the way back from disk and waits for this
// pod's, which comes only once this process has ended.
bool IsWaitedFor(const Group& group, const Node& own, LogicalTime now) {
  const Pick pick = PickMember(group, now, {});
  const std::vector<int>& members = pick.wait.members;
  return pick.result == PickResult::kWait &&
         std::find(members.begin(), members.end(), own.member) != members.end();
}

}  // namespace

bool Sentinel::SafeToStop(LogicalTime now) const {
  if (!state_.stopping) return false;
  if (now - state_.stop_requested > kStopTimeout) return true;
  for (const auto& [name, group] : state_.groups) {
    const Node* own = OwnNode(group);
    if (own == nullptr) continue;
    if (!own->certainly_dead) return false;
    if (group.failover) return false;
    if (Mutated(Mutant::kLeavesWithItsNode)) continue;
    if (group.primary == own->id && group.mode().VoterCount(group) > 1 &&
        !IsWaitedFor(group, *own, now)) {
      return false;
    }
  }
  return true;
}

PersistedState Sentinel::Snapshot() const { return MakeSnapshot(state_); }

}  // namespace rha::sidecar::core
