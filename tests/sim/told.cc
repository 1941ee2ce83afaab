// Writes that need copies: whoever writes or reads is told once a majority has what it is about,
// and what was told to anybody is there for ever.
#include "tests/sim/cluster.h"

namespace rha::sim {

// The replica says how much it has, if its primary hears it.
void Cluster::Acknowledge(int pod) {
  if (!options_.quorum_writes) return;
  const SimNode& replica = *pods_[pod].node;
  for (Pod& p : pods_) {
    SimNode& primary = *p.node;
    if (!primary.primary() || primary.paused || primary.host() == pod) continue;
    if (!replica.alive() || !replica.ReplicatesFrom(primary)) {
      primary.ForgetAck(pod);  // its connection has ended
      continue;
    }
    if (replica.paused || !network_.BothWays(pod, primary.host())) continue;
    if (options_.fault == WorldFault::kActsAlone && prng_.Chance(0.05)) {
      pods_[pod].node->ChangeAlone();
    }
    primary.TakeAck(pod, replica.copy().position.length);
    Tell(primary);
  }
}

void Cluster::Tell(SimNode& primary) {
  if (!options_.quorum_writes || primary.copies() == 1) return;
  const Position all = primary.copy().position;
  if (options_.fault == WorldFault::kDirtyReads && prng_.Chance(0.02)) NoteTold(all);
  const int64_t committed = primary.Committed();
  if (committed > 0) NoteTold({all.branch, committed});
}

void Cluster::NoteTold(Position told) {
  if (histories_.Holds(told_, told)) return;
  if (!histories_.Holds(told, told_)) {
    checkers_.Fail("what is told now lacks what was told before");
  }
  told_ = told;
}

// It will never know what became of the writes that wait for copies; nobody hears of them.
void Cluster::OnDeposed(SimNode& primary) {
  deposed_with_ = primary.copy().position;
  if (options_.fault == WorldFault::kUnknownAnswered && primary.copies() > 1) {
    NoteTold(primary.copy().position);
  }
}

// Who obeys an order late, in an epoch that is over, may lack something: it has nobody to make
// copies and tells nothing.
void Cluster::CheckTold(const SimNode& promoted) {
  const Position& holds = promoted.copy().position;
  if (!options_.quorum_writes || histories_.Holds(holds, told_)) return;
  const Position common = histories_.Common(holds, told_);
  checkers_.Fail(std::to_string(told_.length - common.length) +
                 " writes that somebody was told of " + "are not in pod-" +
                 std::to_string(promoted.host()) + ", which leads now");
}

}  // namespace rha::sim
