#include "sidecar/core/election.h"
#include "sidecar/core/handlers.h"
#include "sidecar/core/mutants.h"

namespace rha::sidecar::core {
namespace {

void Release(Context& c, const AfterPersist& waiting, bool ok) {
  if (!waiting.own_vote) {
    // What is not durable was not voted: the candidate gets no leader at all.
    ReplyVote answer{.down = waiting.down};
    if (ok || Mutated(Mutant::kFailedVoteAnswered)) {
      answer.leader = waiting.leader;
      answer.leader_epoch = waiting.epoch;
    }
    return c.Do(Reply{waiting.request, answer});
  }
  auto it = c.s.groups.find(waiting.group);
  if (it == c.s.groups.end() || !it->second.failover) return;
  Group& group = it->second;
  auto* stage = std::get_if<WaitStart>(&group.failover->stage);
  if (stage == nullptr || group.failover->epoch != waiting.epoch) return;
  if (!ok) {
    c.Warn("the own vote could not be made durable; the attempt is given up");
    c.GroupEvent("-failover-abort-not-elected", group);
    group.failover.reset();
    return HoldBack(c, group);
  }
  stage->asked_at = c.now;
  AskForVotes(c, group, /*again=*/false);
  Evaluate(c, group);
}

}  // namespace

void OnPersistDone(Context& c, const PersistDone& event) {
  if (event.ok) {
    c.s.persist_done = std::max(c.s.persist_done, event.seq);
  } else {
    c.s.persist_retry_at = c.now + kPersistRetry;
  }
  std::vector<AfterPersist> released;
  std::vector<AfterPersist> kept;
  for (auto& waiting : c.s.after_persist) {
    (waiting.seq <= event.seq ? released : kept).push_back(std::move(waiting));
  }
  c.s.after_persist = std::move(kept);
  for (const auto& waiting : released) Release(c, waiting, event.ok);
}

}  // namespace rha::sidecar::core
