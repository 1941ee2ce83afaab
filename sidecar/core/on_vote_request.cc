#include "sidecar/core/election.h"
#include "sidecar/core/handlers.h"
#include "sidecar/core/mode.h"
#include "sidecar/core/mutants.h"
#include "sidecar/core/topology.h"

namespace rha::sidecar::core {

// sentinelCommand(), IS-MASTER-DOWN-BY-ADDR. The answer names the vote of this sidecar, so it must
// not leave before that vote is durable.
void OnVoteRequest(Context& c, const VoteRequest& event) {
  Group* group = nullptr;
  if (event.group.empty()) {
    group = FindGroupByPrimary(c.s, event.primary);
  } else if (auto it = c.s.groups.find(event.group); it != c.s.groups.end()) {
    group = &it->second;
  }
  if (group == nullptr) return c.Do(Reply{event.request, ReplyVote{}});
  // Anybody may ask whether the primary looks down; a vote is for the member who asks for it.
  const bool asks_for_vote = event.candidate != "*";
  if (asks_for_vote && !group->mode().Believes(event.candidate, event.proven)) {
    return c.Do(Reply{event.request, ReplyError{kNotProven}});
  }

  const Node* primary = group->Primary();
  ReplyVote answer{.down = primary != nullptr && primary->sdown && !c.s.tilt};
  if (!asks_for_vote) return c.Do(Reply{event.request, answer});

  const VoteResult vote = CastVote(c, *group, event.epoch, event.candidate);
  answer.leader = vote.leader;
  answer.leader_epoch = vote.epoch;
  const bool durable = (!c.s.persist_needed && c.s.persist_done == c.s.persist_seq) ||
                       Mutated(Mutant::kVoteBeforeDurable);
  if (durable) {
    c.Do(Reply{event.request, answer});
  } else {
    // Something of it is still being written; the end of the step asks for it if nobody did yet.
    c.NeedPersist();
    c.s.after_persist.push_back({.seq = c.NextPersistSeq(),
                                 .request = event.request,
                                 .group = group->config.name,
                                 .epoch = vote.epoch,
                                 .leader = vote.leader,
                                 .down = answer.down});
  }
  Evaluate(c, *group);
}

}  // namespace rha::sidecar::core
