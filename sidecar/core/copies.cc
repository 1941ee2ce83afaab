#include "sidecar/core/copies.h"

#include <tuple>

#include "sidecar/core/down.h"
#include "sidecar/core/links.h"
#include "sidecar/core/membership.h"
#include "sidecar/core/mutants.h"

namespace rha::sidecar::core {
namespace {

bool Quorum(const Group& group) { return group.config.durability == Durability::kQuorum; }

void SendSeal(Context& c, const Group& group, Node& node) {
  if (node.sealed_at >= node.link.connected_at && !c.Elapsed(node.sealed_at, kReconfRetry)) return;
  node.sealed_at = node.reconfigured_at = c.now;
  c.Do(Reconfigure{.node = node.id,
                   .seal = true,
                   .copies = CopiesWanted(group),
                   .epoch = group.failover->epoch,
                   .leader = c.s.my_id});
}

// The primary that a person replaces lives, and can be reached.
bool LivesOn(const Context& c, const Group& group, const Node& node) {
  if (!group.failover->forced || !node.link.connected || Unreachable(c, group, node)) return false;
  return SealedForUs(c, group, node) ||
         (node.role_reported == Role::kPrimary && !node.info.undecided);
}

// It reads what the sealed primary had sent until it has all of it.
bool Drains(const Node& primary, const Node& replica) {
  if (replica.id == primary.id || replica.member < 0 || !replica.link.connected) return false;
  if (replica.sdown) return false;
  if (replica.info_refresh < primary.sealed_at) return true;  // what it said before is old
  if (replica.info.loading || !replica.info.primary_link_up) return false;
  return replica.info.Offset() < primary.info.Offset();
}

// One that may lead is enough.
bool HasAll(const Node& primary, const Node& replica) {
  return replica.id != primary.id && replica.member >= 0 && replica.link.connected &&
         !replica.sdown && !replica.info.loading && replica.info.priority != 0 &&
         replica.info_refresh >= primary.sealed_at &&
         replica.info.Offset() >= primary.info.Offset();
}

bool AwaitsPrimary(Context& c, Group& group) {
  Node* const primary = group.Primary();
  if (primary == nullptr || !LivesOn(c, group, *primary)) return false;
  if (!SealedForUs(c, group, *primary)) return SendSeal(c, group, *primary), true;
  bool drains = false;
  for (auto& [id, node] : group.nodes) {
    if (HasAll(*primary, node)) return false;
    if (!Drains(*primary, node)) continue;
    drains = true;
    if (!node.info_pending && c.Elapsed(node.info_sent, kSelectPoll)) AskInfo(c, node);
  }
  return drains;
}

// How many of the copies that count stand still; the others are told to.
int SealAll(Context& c, Group& group, bool* missing) {
  int counted = 0;
  for (auto& [id, node] : group.nodes) {
    if (node.member < 0 || !node.link.connected || node.certainly_dead) continue;
    if (SealedForUs(c, group, node)) {
      counted += node.info.copy_proven ? 1 : 0;
    } else if (!node.info.loading) {
      *missing = true;
      SendSeal(c, group, node);
    }
  }
  return counted;
}

}  // namespace

int CopiesWanted(const Group& group) { return Quorum(group) ? MajorityOf(group) : 1; }

bool SealedForUs(const Context& c, const Group& group, const Node& node) {
  return group.failover && node.info.sealed && node.info.role_epoch == group.failover->epoch &&
         node.info.role_leader == c.s.my_id && node.link.connected &&
         node.info_refresh >= node.link.connected_at;
}

bool AwaitsSeals(Context& c, Group& group) {
  if (!group.configured() || Mutated(Mutant::kUnsealed)) return false;
  const LogicalTime since = group.failover->stage_since;
  if (c.now < since + kSealWait && AwaitsPrimary(c, group)) {
    c.WakeBy(std::min(since + kSealWait, c.now + kSelectPoll));
    return true;
  }
  if (!Quorum(group)) return false;
  bool missing = false;
  const bool enough = SealAll(c, group, &missing) >= MajorityOf(group);
  const LogicalTime until = since + (enough ? 2 * kSelectWait : kSealWait);
  if (!missing || c.now >= until) return false;
  c.WakeBy(std::min(until, c.now + kSelectWait));
  return true;
}

void NotePromise(const Group& group, Node& node, LogicalTime now) {
  const bool promised = Quorum(group) && node.info.role_epoch &&
                        std::tie(*node.info.role_epoch, node.info.role_leader) >
                            std::tie(group.config_epoch, group.config_leader);
  if (!promised) {
    node.promised_since = kNever;
  } else if (node.promised_since == kNever || node.promised_epoch != *node.info.role_epoch) {
    node.promised_since = now;
    node.promised_epoch = *node.info.role_epoch;
  }
}

bool MemberIsBarred(const Group& group, LogicalTime now) {
  for (const auto& [id, node] : group.nodes) {
    if (node.promised_since == kNever || !node.link.connected) continue;
    if (node.promised_epoch > group.config_epoch &&
        now - node.promised_since > kLease + kPromotionNews) {
      return true;
    }
  }
  return false;
}

}  // namespace rha::sidecar::core
