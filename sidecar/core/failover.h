// The failover this sidecar leads, from its election to the last re-pointed replica.
//
//   WaitStart ─elected─▶ SealCopies ─▶ SelectReplica ─▶ SendPromotion ─▶ WaitPromotion
//   ─INFO role:master─▶                                  HandOver ───────────▲
//   ReconfReplicas ─all done or failover-timeout─▶ UpdateConfig ─▶ (none)
//
// HandOver: of a planned move in a classic group, whose primary lives (handover.h).
//
// Unlike Redis the switch is made, told and persisted at the promotion's acknowledgement: clients
// go to the new primary while the replicas are still being re-pointed.
#pragma once

#include "sidecar/core/context.h"

namespace rha::sidecar::core {

// Goes as far as it can now.
void AdvanceFailover(Context& c, Group& group);
// Somebody else may lead by now: gives up what is not promoted yet, and leaves the replicas of what
// is to the later leader, or to healing.
void Yield(Context& c, Group& group, std::string_view why);
// The promoted node says role:master.
void OnPromoted(Context& c, Group& group, Node& node);
// News about a replica being re-pointed.
void UpdateReconfStage(Context& c, Group& group, Node& node);
// Tells the node to be primary by the failover that this sidecar leads, or to follow the group's
// primary.
void SendPromote(Context& c, const Group& group, Node& node);
void SendFollow(Context& c, const Group& group, Node& node);
// The primary beside this sidecar waits for another number of copies than it should.
void CorrectCopies(Context& c, const Group& group, Node& primary);

}  // namespace rha::sidecar::core
