#include "sidecar/core/copies.h"

#include <algorithm>

#include "sidecar/core/down.h"
#include "sidecar/core/links.h"
#include "sidecar/core/membership.h"
#include "sidecar/core/mode.h"
#include "sidecar/core/mutants.h"

namespace rha::sidecar::core {
namespace {

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
  return SealedForUs(group, node) || node.leads();
}

enum class Drain : uint8_t { kNot, kReads, kHasAll };
// How far a replica is with what the sealed primary had sent.
Drain DrainOf(const Node& primary, const Node& replica) {
  if (replica.id == primary.id || replica.member < 0) return Drain::kNot;
  if (!replica.link.connected || replica.sdown) return Drain::kNot;
  if (replica.info_refresh < primary.sealed_at) return Drain::kReads;  // what it said is older
  if (replica.info.loading) return Drain::kNot;
  if (replica.info.Offset() >= primary.info.Offset()) return Drain::kHasAll;
  return replica.info.primary_link_up ? Drain::kReads : Drain::kNot;
}

bool AwaitsPrimary(Context& c, Group& group) {
  Node* const primary = group.Primary();
  if (primary == nullptr || !LivesOn(c, group, *primary)) return false;
  if (!SealedForUs(group, *primary)) return SendSeal(c, group, *primary), true;
  bool drains = false;
  for (auto& [id, node] : group.nodes) {
    const Drain drain = DrainOf(*primary, node);
    if (drain == Drain::kHasAll && node.info.priority != 0) return false;  // one is enough
    if (drain != Drain::kReads) continue;
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
    if (SealedForUs(group, node)) {
      counted += node.info.copy_proven ? 1 : 0;
    } else if (!node.info.loading) {
      *missing = true;
      SendSeal(c, group, node);
    }
  }
  return counted;
}

}  // namespace

int CopiesWanted(const Group& group) {
  return group.config.majority_first() ? MajorityOf(group) : 1;
}

bool SealedForUs(const Group& group, const Node& node) {
  return group.failover && node.info.sealed && node.info.role_epoch == group.failover->epoch &&
         node.info.role_leader == group.leader_id && node.link.connected &&
         node.info_refresh >= node.link.connected_at;
}

bool AwaitsSeals(Context& c, Group& group) {
  if (!group.mode().seals_copies || Mutated(Mutant::kUnsealed)) return false;
  const LogicalTime since = group.failover->stage_since;
  if (c.now < since + kSealWait && AwaitsPrimary(c, group)) {
    c.WakeBy(std::min(since + kSealWait, c.now + kSelectPoll));
    return true;
  }
  if (!group.config.majority_first()) return false;
  bool missing = false;
  const bool enough = SealAll(c, group, &missing) >= MajorityOf(group);
  const LogicalTime until = since + (enough ? 2 * kSelectWait : kSealWait);
  if (!missing || c.now >= until) return false;
  c.WakeBy(std::min(until, c.now + kSelectWait));
  return true;
}

bool TakesWritesStill(const Context& c, const Group& group) {
  if (!group.mode().seals_copies || group.config.majority_first()) return false;
  const Node* primary = group.Primary();
  return primary != nullptr && LivesOn(c, group, *primary) && !SealedForUs(group, *primary) &&
         (primary->busy_since != kNever || primary->busy_for_orders);
}

void NotePromise(const Group& group, Node& node, LogicalTime now) {
  if (!group.config.majority_first() || !ObeysLater(group, node.info)) {
    node.promised_since = kNever;
  } else if (node.promised_since == kNever) {
    node.promised_since = now;
  }
}

bool MemberIsBarred(const Group& group, LogicalTime now) {
  return std::any_of(group.nodes.begin(), group.nodes.end(), [&](const auto& entry) {
    const Node& node = entry.second;
    return node.promised_since != kNever && node.link.connected && ObeysLater(group, node.info) &&
           now - node.promised_since > kLease + kPromotionNews;
  });
}

}  // namespace rha::sidecar::core
