// Copies that stand still, so that the newest can be told (configured groups).
//
//   quorum (redisha-durability)   A primary tells nobody of a change that fewer than a majority of
//                                 the members hold. Before another one leads, a majority is sealed:
//                                 each promises, durably, to take nothing more from anybody older,
//                                 and only then says what it holds. Any two majorities share a
//                                 member, so the best of these copies has all that was ever told.
//   a person's failover           The primary that lives is sealed first and its replicas drain its
//                                 stream, in either mode, so that nothing is lost on the way.
//
// A copy counts if its process has followed, or led, since it began (redisha_copy_proven): what a
// restarted one found on its disk may lack what it once acknowledged. Who is missing, or does not
// count, is waited for; only when all members are there, or a person gives the others up, is the
// best of what exists taken.
#pragma once

#include "sidecar/core/context.h"

namespace rha::sidecar::core {

// What an order to lead says of it.
int CopiesWanted(const Group& group);
// The node stands still by the order of the failover that this sidecar leads.
bool SealedForUs(const Group& group, const Node& node);
// Seals what must stand still before a choice is made. True: it is worth waiting for more.
bool AwaitsSeals(Context& c, Group& group);
// A script has kept the primary that is to be moved from standing still: whoever is promoted now
// lacks what it acknowledges after that, unless each write needs a majority.
bool TakesWritesStill(const Context& c, const Group& group);
// A member has promised itself to an attempt that came to nothing, for as long as a leader that
// lives would need to go on: it can follow nobody but the winner of another election.
bool MemberIsBarred(const Group& group, LogicalTime now);
// After a new INFO of `node`.
void NotePromise(const Group& group, Node& node, LogicalTime now);

}  // namespace rha::sidecar::core
