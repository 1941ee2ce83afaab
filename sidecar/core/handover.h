// A planned move of a classic group loses no write: the primary that lives hands its role over.
//
//   redisha-node   FAILOVER TO the chosen one ──OK──▶ INFO: that one leads ──▶ the switch
//   redis-server   CLIENT PAUSE … WRITE ──OK──▶ INFO: it has every byte ──▶ SLAVEOF NO ONE
//
//   Refused (unknown, not allowed), the other is tried; then SENTINEL FAILOVER promotes it as it
//   is, and says so, and SENTINEL FAILOVER … COORDINATED is given up. (Redis knows FAILOVER as
//   well, but its replicas say only once a second how much they have.)
//
// Writes are held back for as long as that takes, and so is PUBLISH: no hello goes to the old
// primary meanwhile, since what is sent after it would wait too. Should this sidecar die, the time
// that FAILOVER and CLIENT PAUSE were given ends it all.
#pragma once

#include <string>

#include "sidecar/core/context.h"

namespace rha::sidecar::core {

bool PrimaryInReach(const Group& group);
// The failover is a planned move, and the group's primary can be asked.
bool MayHandOver(const Group& group);
// The primary is asked; what follows from it is WatchHandover's.
HandOver BeginHandover(Context& c, Group& group, const Node& node);

enum class Handover : uint8_t {
  kWaits,
  kDone,      // by the primary's own word the node leads
  kDrained,   // writes are held back, and the replica has them all
  kRefused,   // the primary cannot, or does not answer
  kTimeOver,  // the replica does not come that far
};
Handover WatchHandover(Context& c, Group& group);
// The primary has agreed, or its writes are held back.
bool HandsOver(const Group& group);
// The primary has made the node lead, as far as this process of it is concerned.
bool HandedOverTo(const Group& group, const Node& node);
// Nothing stays held back by a failover that ends before its promotion.
void EndHandover(Context& c, Group& group);

// The primary is replaced without its consent: it is told so at once, lest it take writes
// meanwhile.
void ForceHandover(Node& primary);

// Asked to hand over, and not known to have finished: it would refuse an order.
bool StillHandsOver(Context& c, Node& node);
// An order to the node was answered, or its INFO came.
void OnObeyed(Context& c, Node& node);
void NoteHandoverInfo(Node& node);
// Until when a promotion must be seen, so that the old primary follows before its pause ends.
LogicalTime PauseEnds(const Group& group);

}  // namespace rha::sidecar::core
