// Votes: one per epoch and group, durable before it is spoken of.
//
//   candidate: epoch+1, own vote ──Persist──▶ durable ──ask──▶ peers ──votes──▶ majority and quorum
//   voter:     newer epoch? vote ──Persist──▶ durable ──▶ answer
//
// Candidates wait according to their rank, so that split votes are rare; who fails tries a new
// epoch after about a second, and each election that is lost gives the next one more time, for
// disks may be slow. Behind a stock leader Redis' 2 x failover-timeout is kept, since it is slow.
#pragma once

#include "sidecar/core/context.h"
#include "sidecar/core/event.h"

namespace rha::sidecar::core {

// Adopts a higher epoch. False: it is too far above the known one to come from an election
// (kEpochJumpMax), and nothing that was said with it counts. `group`: whose script is told.
[[nodiscard]] bool SeeEpoch(Context& c, const Group& group, Epoch epoch);

struct VoteResult {
  std::string leader = "*";
  Epoch epoch = 0;
};
// The vote of this sidecar for that epoch after considering `candidate`.
VoteResult CastVote(Context& c, Group& group, Epoch epoch, const std::string& candidate);

// Starts an attempt when one is due: O_DOWN, or no primary at all, and nobody else is at it.
void ConsiderCandidacy(Context& c, Group& group);
// forced: a user asked for it and does without the members `given_up`.
void StartFailover(Context& c, Group& group, bool forced, std::vector<std::string> given_up = {});
// Requests the votes still missing.
void AskForVotes(Context& c, Group& group, bool again);
int VotesForMe(const Context& c, const Group& group);
// So many voted for others that the rest, as far as it can be asked, cannot make a majority.
bool CannotWin(const Context& c, const Group& group);
bool Elected(const Context& c, const Group& group);
// A majority is known to have voted for one of the others.
bool OtherElected(const Group& group);
// From when peers are asked.
Millis ElectionTimeout(const Context& c, const Group& group);
// How many times longer than usual attempts take, after so many that were lost.
int Patience(const Group& group);
// When an attempt that found nobody to promote is made again. With it epochs are used up, and stock
// sentinels that voted for it make no attempt of their own for 2 x failover-timeout.
Millis RetryInVain(const State& state, Group& group);
// A replica is there that was not: whoever found nobody to promote looks again soon.
void NewCandidate(Context& c, Group& group);
// No own attempt for a random second or so.
void HoldBack(Context& c, Group& group);

}  // namespace rha::sidecar::core
