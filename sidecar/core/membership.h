// What the others are to this one: who is heard, who may vote, whether a first primary is needed.
// Most of it concerns configured groups.
//
// See docs/design/sentinel.md for the amnesia rule and why a member without memory may not vote.
#pragma once

#include "sidecar/core/context.h"

namespace rha::sidecar::core {

// Votes needed, of Mode::VoterCount().
int MajorityOf(const Group& group);

// The peer has lately said which primary it goes by. Whoever only answers may know a newer one.
bool Speaks(const PeerView& view, LogicalTime now);
// Its process is there: it has said or answered anything lately.
bool Hears(const State& state, PeerId id, LogicalTime now);
// This member and those that speak, and answer it, make a majority of the configured members. A
// newer primary than this member's would have been adopted from them, and they would have heard of
// this member's. (After a sleep, once what lay in the sockets is read: its first lines are as old
// as the sleep.)
bool HearsMajority(const State& state, const Group& group, LogicalTime now);
// This one and those that speak and may vote make a majority: an election can be won.
bool HearsVoters(const State& state, const Group& group, LogicalTime now);
// A majority, this member included, believes in the same primary of the same epoch.
bool MajorityAgrees(const Group& group, LogicalTime now);
// A peer is replacing the present primary, or still re-pointing replicas to it, judging by its
// beats.
bool OtherLeads(const Group& group, LogicalTime now);
bool OtherRepoints(const Group& group, LogicalTime now);
// The election whose order the node obeys; nothing where roles carry no epochs, whatever it says.
std::optional<Epoch> OrderOf(const Group& group, const Info& info);
// The newest order that the node has had is of a later election than the one that made the group's
// primary.
bool ObeysLater(const Group& group, const Info& info);

// Lets a member without memory vote once it has learned what it may have forgotten.
void LearnEpoch(Context& c, Group& group);
// Starts or stops the clock of the bootstrap grace.
void WatchForPrimary(Context& c, Group& group);

// How many sidecars should try an election before this one. By id, on which all agree; offsets
// would tell each of them that its own node is ahead. Whoever wins picks the best node anyway.
int Rank(const State& state, const Group& group, LogicalTime now);

}  // namespace rha::sidecar::core
