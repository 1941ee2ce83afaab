// Who is down: subjectively (S_DOWN, this sidecar's own view) and, for the primary, objectively
// (O_DOWN, as many sidecars as the quorum asks for see it too).
//
// Beyond Redis: the death of a process seen over the local socket is certain and counts at once; so
// does the notice of the sidecar beside it, as soon as the own link to that node is gone too. In a
// classic group nobody is known to be beside the primary: there a connection that its host refuses
// counts, once the replicas confirm it (JudgeRefusal). In a configured group a primary that came
// back undecided has lost its role and counts as down.
#pragma once

#include "sidecar/core/context.h"

namespace rha::sidecar::core {

// Silent for longer than down-after, or certainly dead; whatever role it claims.
bool Unreachable(const Context& c, const Group& group, const Node& node);
void UpdateNodeDown(Context& c, Group& group, Node& node);
// The primary's host refuses connections where one was open, which tells that the process has
// ended, or that a firewall was set up. The replicas know: theirs were not to the firewall. All of
// them that can be asked must say, since then, that they have just lost the primary too, and one
// must be there; whoever still hears it vetoes.
void JudgeRefusal(Context& c, Group& group);
// The primary's host refuses connections, and it is not yet known what that means.
bool RefusalIsOpen(const Context& c, const Group& group);
void UpdatePeersDown(Context& c);
void UpdateObjectivelyDown(Context& c, Group& group);
// Asks the peers what they think of the primary, while it is down here (kAskPeriod).
void AskWhetherDown(Context& c, Group& group);
// Sidecars that call the primary down, this one included.
int DownVotes(const Context& c, const Group& group);

}  // namespace rha::sidecar::core
