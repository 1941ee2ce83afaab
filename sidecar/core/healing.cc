#include "sidecar/core/healing.h"

#include "sidecar/core/copies.h"
#include "sidecar/core/failover.h"
#include "sidecar/core/membership.h"
#include "sidecar/core/mode.h"
#include "sidecar/core/mutants.h"
#include "sidecar/core/names.h"
#include "sidecar/core/topology.h"

namespace rha::sidecar::core {
namespace {

Fault FindFault(const State& state, const Group& group, const Node& node) {
  if (node.info.undecided || node.info.sealed) {
    if (!ObeysLater(group, node.info)) return Fault::kUndecided;
    // By an order of an attempt that came to nothing it refuses the older epoch of the present
    // primary for ever; rightly where that is a promise to a leader that may go on (copies.h).
    return group.config.majority_first() ? Fault::kNone : Fault::kStranded;
  }
  if (node.role_reported == Role::kPrimary) {
    return Mutated(Mutant::kOldPrimaryStaysPrimary) ? Fault::kNone : Fault::kClaimsPrimary;
  }
  if (node.role_reported == Role::kReplica &&
      !SameAddress(state, node.info.primary, group.Primary()->address)) {
    return Fault::kWrongPrimary;
  }
  return Fault::kNone;
}

// sentinelMasterLooksSane(): only a healthy primary is a reason to reconfigure others.
bool PrimaryLooksSane(const Context& c, const Group& group) {
  const Node* primary = group.Primary();
  if (primary == nullptr || primary->address.empty() || primary->sdown || group.odown) return false;
  if (!primary->leads()) return false;
  return primary->info_refresh != kLongAgo && c.now - primary->info_refresh < c.s.periods.info * 2;
}

// How long a fault must last before this sidecar acts on it.
Millis Delay(const Context& c, const Group& group, const Node& node, Fault fault) {
  // By then a majority has said, since the node was seen to have that order, that the order led to
  // nothing: what it said before may be as old as the lease.
  if (fault == Fault::kStranded) return kLease + kPromotionNews;
  return group.mode().HealingDelay(c, group, node, fault);
}

// It has no role to lose: it gets one in the epoch that it knows.
void Readmit(Context& c, const Group& group, Node& node) {
  c.Note("assigning " + ToString(node.address) + " as replica: its order of epoch " +
         std::to_string(*node.info.role_epoch) + " led to nothing");
  node.reconfigured_at = c.now;
  c.Do(Reconfigure{.node = node.id,
                   .primary = group.Primary()->address,
                   .copies = CopiesWanted(group),
                   .epoch = *node.info.role_epoch,
                   .leader = node.info.role_leader});
}

void Heal(Context& c, Group& group, Node& node) {
  // What an earlier process said, or this one before our last command, is no reason to act.
  const bool seen = node.link.connected && node.info_refresh >= node.link.connected_at &&
                    node.info_refresh > node.reconfigured_at;
  if (!seen) return;
  const Fault fault = FindFault(c.s, group, node);
  if (fault == Fault::kNone) {
    node.wrong_primary_since = kNever;
    return;
  }
  if (node.wrong_primary_since == kNever) node.wrong_primary_since = c.now;
  const LogicalTime due = node.wrong_primary_since + Delay(c, group, node, fault);
  if (c.now < due) return c.WakeBy(due);
  if (fault == Fault::kClaimsPrimary) c.NodeEvent("+convert-to-slave", group, node);
  if (fault == Fault::kWrongPrimary) c.NodeEvent("+fix-slave-config", group, node);
  if (fault == Fault::kUndecided) c.Note("assigning " + ToString(node.address) + " as replica");
  node.wrong_primary_since = kNever;
  if (fault == Fault::kStranded) return Readmit(c, group, node);
  SendFollow(c, group, node);
}

}  // namespace

void HealNodes(Context& c, Group& group) {
  if (group.failover || !PrimaryLooksSane(c, group) || !group.mode().MayHeal(c, group)) return;
  Node& primary = *group.Primary();
  if (primary.local && primary.info.copies != CopiesWanted(group) &&
      primary.info.role_epoch == group.config_epoch &&
      c.Elapsed(primary.reconfigured_at, kReconfRetry)) {
    CorrectCopies(c, group, primary);
  }
  for (auto& [id, node] : group.nodes) {
    if (id == group.primary) continue;
    // A reply to the last command that never came must not stop the healing for ever.
    if (node.reconfigured_at > node.info_refresh &&
        !c.Elapsed(node.reconfigured_at, kReconfRetry)) {
      continue;
    }
    Heal(c, group, node);
  }
}

void UpdateLabel(Context& c, Group& group) {
  const Node* own = OwnNode(group);
  if (own == nullptr || group.primary == kNoNode) return;
  Role role = group.label;
  if (group.primary != own->id) {
    role = Role::kReplica;
  } else if (own->leads() &&
             (HearsMajority(c.s, group, c.now) || Mutated(Mutant::kLabelFromMemory))) {
    // Not on old memory alone: taking the label takes it from whoever was promoted meanwhile.
    role = Role::kPrimary;
  }
  if (role == group.label) return;
  group.label = role;
  c.Do(SetRoleLabel{.group = group.config.name, .role = role});
}

}  // namespace rha::sidecar::core
