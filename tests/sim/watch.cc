// What is looked at all the time, not only at the end: whom the Services reach, and what a sidecar
// that has lost the others says.
#include <algorithm>

#include "tests/sim/cluster.h"

namespace rha::sim {

using sidecar::core::Role;

namespace {

constexpr Millis kWatchPeriod{100};
// A pod that lost its majority names no primary after the lease and a beat, with some to spare.
constexpr Millis kMinorityLimit{3000};
// Two pods labelled primary, or an agreed primary without the label: the API server's time to patch
// and little more.
constexpr Millis kLabelLimit{1500};
constexpr Millis kPatchMax{50};
// From the moment an old primary can be told, until it has given up its role.
constexpr Millis kDemotionLimit{1500};
// News of a promotion has reached everyone after this.
constexpr Millis kNewsLimit{1000};
constexpr int kCrossing = 3;  // messages of the longest delay

}  // namespace

// As App::TellPod: also when only the epoch is another.
void Cluster::TellPod(int pod) {
  Pod& p = pods_[pod];
  const sidecar::core::Group& group = *p.machine->FindGroup(kGroupName);
  const uint64_t epoch = group.label == Role::kPrimary ? group.config_epoch : 0;
  const auto facts = std::pair(group.label, epoch);
  if (facts == p.told || group.label == Role::kUnknown) return;
  p.told = facts;
  if (facts.first == Role::kPrimary) CheckLabelWish(pod, epoch);
  const uint64_t wish = ++p.label_wish;  // only the newest counts
  queue_.After(Millis{prng_.Between(5, kPatchMax.count())},
               [this, pod, facts, wish, life = p.life] {
                 if (pods_[pod].life != life || pods_[pod].label_wish != wish) return;
                 Patch(pod, facts.first, facts.second);
               });
}

// As KubePatcher::Tell: a new primary's sidecar takes the label from whoever has it for an older
// epoch, since they may be switched off, and gives its own back where there is a newer.
void Cluster::Patch(int pod, Role role, uint64_t epoch) {
  Pod& p = pods_[pod];
  p.label = role;
  p.labelled_at = queue_.now();
  if (role != Role::kPrimary) return;
  p.label_epoch = epoch;
  if (options_.fault == WorldFault::kLabelNotTaken) return;
  for (Pod& other : pods_) {
    if (&other == &p || other.label != Role::kPrimary) continue;
    if (other.label_epoch < epoch) other.label = Role::kReplica;
    if (other.label_epoch > epoch) p.label = Role::kReplica;
  }
}

void Cluster::Watch() {
  queue_.After(kWatchPeriod, [this] { Watch(); });
  if (options_.classic) return;  // Redis' protocol keeps none of it
  WatchMinority();
  WatchNames();
  WatchLabels();
  WatchOldPrimaries();
}

// No packets of a majority of sidecars that run arrive at it.
bool Cluster::Alone(int pod) const {
  const int voters = pods_[pod].voters;
  int reached = 0;
  for (int j = 0; j < voters; ++j) {
    const bool speaks = j == pod || (pods_[j].machine && !pods_[j].paused);
    reached += speaks && !network_.IsCut(j, pod) ? 1 : 0;
  }
  return reached <= voters / 2 && pods_[pod].heals_seen == network_.heals();
}

void Cluster::WatchMinority() {
  if (network_.rough()) return;  // what a cut swallowed may still arrive
  for (int i = 0; i < size(); ++i) {
    Pod& p = pods_[i];
    const bool alone = Alone(i);  // a cut that has healed may have done so for a moment
    p.heals_seen = network_.heals();
    if (!p.machine || p.paused || !alone) {
      p.alone_since = queue_.now();
      p.named_alone = false;
    } else if (queue_.now() - p.alone_since > kMinorityLimit && !p.named_alone &&
               p.machine->PrimaryAddress(kGroupName, ClockOf(i))) {
      checkers_.Fail("pod-" + std::to_string(i) + " names a primary, cut off from a majority");
      p.named_alone = true;
    }
  }
}

// Two halves of the group go on with a primary each, and clients of both are told it is the one.
void Cluster::WatchNames() {
  int named = -1;
  bool differ = false;
  for (int i = 0; i < size(); ++i) {
    const Pod& p = pods_[i];
    if (!p.machine || p.paused) continue;
    const auto address = p.machine->PrimaryAddress(kGroupName, ClockOf(i));
    const int host = address ? HostOfIp(address->host) : -1;
    if (host < 0) continue;
    differ |= named >= 0 && named != host;
    named = host;
  }
  if (!differ || network_.rough()) {
    names_differ_since_ = queue_.now();
  } else if (queue_.now() - names_differ_since_ > kMinorityLimit) {
    checkers_.Fail("two primaries are named");
    names_differ_since_ = LogicalTime::max();
  }
}

// A sidecar orders a node to follow: does it hear a majority? A leader may end what it has begun.
void Cluster::CheckOrder(int pod, bool leads) {
  if (options_.classic || network_.rough() || leads || !Alone(pod)) return;
  if (queue_.now() - pods_[pod].alone_since <= kMinorityLimit) return;
  checkers_.Fail("pod-" + std::to_string(pod) + " gives orders, cut off from a majority");
}

void Cluster::WatchLabels() {
  const auto labelled = std::count_if(pods_.begin(), pods_.end(),
                                      [](const Pod& p) { return p.label == Role::kPrimary; });
  const auto agreed = AgreedPrimary();
  // A sidecar that does not hear the others cannot know that the label is its own.
  const bool hears =
      options_.judge_copies && !network_.rough() && !network_.any_cut() && Redialled();
  const bool missing = hears && agreed && pods_[*agreed].machine && !pods_[*agreed].paused &&
                       pods_[*agreed].label != Role::kPrimary;
  const bool wrong = labelled > 1 || missing;
  if (!wrong) {
    labels_wrong_since_ = queue_.now();
  } else if (queue_.now() - labels_wrong_since_ > kLabelLimit) {
    checkers_.Fail(labelled > 1 ? "two pods are labelled primary"
                                : "the primary Service does not reach the primary");
    labels_wrong_since_ = LogicalTime::max();
  }
}

// A majority's beats arrive at it.
bool Cluster::HearsWell(int pod) const {
  if (network_.rough() || network_.any_cut() || !Redialled()) return false;
  int speaking = 0;
  for (int j = 0; j < pods_[pod].voters; ++j) speaking += pods_[j].machine && !pods_[j].paused;
  return speaking > pods_[pod].voters / 2;
}

void Cluster::WatchOldPrimaries() {
  const Pod* newest = nullptr;
  for (const Pod& p : pods_) {
    if (!p.node->primary() || p.node->reign() != newest_reign_) continue;
    if (!p.node->stands_still() && p.machine && !p.paused) newest = &p;
  }
  for (int i = 0; i < size(); ++i) {
    Pod& p = pods_[i];
    const bool able = newest != nullptr && p.node->primary() && p.node->reign() < newest_reign_ &&
                      !p.node->stands_still() && p.machine && !p.paused && HearsWell(i);
    if (!able) {
      p.old_primary_since = queue_.now();
    } else if (queue_.now() - p.old_primary_since > kDemotionLimit) {
      checkers_.Fail("pod-" + std::to_string(i) + " is primary still, though it was replaced");
      p.old_primary_since = LogicalTime::max();
    }
  }
}

// Its machine slept for longer than anything counts that it has heard.
void Cluster::CheckWaking(int pod) {
  const Millis slept = queue_.now() - pods_[pod].asleep_since;
  if (slept <= sidecar::core::kLease || !pods_[pod].machine) return;
  if (!pods_[pod].machine->PrimaryAddress(kGroupName, ClockOf(pod))) return;
  checkers_.Fail("pod-" + std::to_string(pod) + " wakes up and names a primary nobody has told");
}

// The Services would reach it for a moment at least, beside the primary or instead of it.
void Cluster::CheckLabelWish(int pod, uint64_t epoch) {
  if (network_.rough() || network_.any_cut() || !Redialled()) return;
  for (const Pod& other : pods_) {
    if (other.label != Role::kPrimary || other.label_epoch <= epoch) continue;
    if (queue_.now() - other.labelled_at < kNewsLimit) continue;
    return checkers_.Fail("pod-" + std::to_string(pod) +
                          " asks for the primary's label, which a newer one has");
  }
}

bool Cluster::OrdersMayCross() const {
  return queue_.now() - last_promotion_ <= kCrossing * options_.network.delay_max;
}

// The newest primary is replaced though nobody asked for that: do most of the others see it well?
void Cluster::CheckSeenWell(const sidecar::core::Failover& failover) {
  if (network_.rough() || failover.forced) return;
  // What the earlier one has made, the later one cannot know yet.
  if (OrdersMayCross()) return;
  const auto well = [this](int pod, int from) {
    const Pod& p = pods_[from];
    return p.machine && !p.paused && queue_.now() - p.disturbed > kRedialLimit &&
           network_.BothWays(pod, from) &&
           queue_.now() - network_.SteadySince(pod, from) > kRedialLimit;
  };
  for (int i = 0; i < size(); ++i) {
    const SimNode& node = *pods_[i].node;
    if (!node.primary() || node.reign() != newest_reign_ || node.stands_still() || !well(i, i))
      continue;
    int seeing = 0;
    for (int j = 0; j < size(); ++j) seeing += well(i, j) ? 1 : 0;
    if (seeing <= size() / 2) continue;
    checkers_.Fail("pod-" + std::to_string(i) + " is replaced though " + std::to_string(seeing) +
                   " members see it well");
  }
}

// A sidecar says +odown: of a primary that is well, in a network that is well?
void Cluster::CheckFalseAlarm(int pod) {
  if (network_.rough() || network_.any_cut() || !Redialled() || !options_.judge_copies) return;
  const sidecar::core::Group* group = pods_[pod].machine->FindGroup(kGroupName);
  const sidecar::core::Node* primary = group->Primary();
  if (primary == nullptr || primary->member < 0) return;
  const Pod& p = pods_[primary->member];
  if (!p.node->primary() || p.node->stands_still() || p.node->reign() != newest_reign_) return;
  const LogicalTime disturbed = std::max(p.disturbed, pods_[pod].disturbed);
  const LogicalTime down_since = primary->sdown_since - Ahead(pod);
  // Of its time before it was given its role again, or on its way then.
  if (down_since <= last_promotion_ + kCrossing * options_.network.delay_max) return;
  // It may not have reached it yet: who dialled before the other side was there dials again later.
  const bool reached = primary->link.connected_at != sidecar::core::kLongAgo;
  const Millis limit = reached ? kNewsLimit : kRedialLimit;
  if (down_since - std::max(disturbed, network_.healed_at()) < limit) return;
  for (const Pod& other : pods_) {  // who has not heard of the promotion yet is no false alarm
    if (!other.machine) continue;
    if (other.machine->FindGroup(kGroupName)->config_epoch > group->config_epoch) return;
  }
  checkers_.Fail("pod-" + std::to_string(pod) + " calls a primary down that is well");
}

// A replica of the newest primary, which follows it by an order as new as that promotion, is
// pointed at another one. (Who has followed that pod since it led before may still be moved.)
void Cluster::CheckStaleOrder(const SimNode& node, const std::string& primary, uint64_t obeyed) {
  const int from = HostOfIp(node.follows());
  const int to = HostOfIp(primary);
  if (from < 0 || to < 0 || from == to || node.undecided() || node.primary()) return;
  const SimNode& present = *pods_[from].node;
  const bool newest = present.primary() && present.reign() == newest_reign_ &&
                      !present.stands_still() && obeyed >= present.role_epoch();
  if (!newest || options_.classic || network_.rough() ||
      queue_.now() - last_promotion_ < kNewsLimit)
    return;
  checkers_.Fail("pod-" + std::to_string(node.host()) + " is taken from the newest primary");
}

}  // namespace rha::sim
