// Delay, loss, duplication and partitions between hosts. A host is a pod: its node and its sidecar
// talk over the local socket and are never cut from one another.
#pragma once

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "common/base/prng.h"
#include "tests/sim/queue.h"

namespace rha::sim {

inline constexpr Millis kLateMin{500};

struct NetworkOptions {
  Millis delay_min{0};
  Millis delay_max{3};
  double slow = 0;  // a message takes up to slow_max instead
  Millis slow_max{400};
  double drop = 0;
  double duplicate = 0;  // of messages between sidecars
  double late = 0;       // of what a partition swallowed: arrives seconds later, as TCP may do
};

class Network {
 public:
  Network(const Queue& queue, Prng& prng, NetworkOptions options)
      : queue_(queue), prng_(prng), options_(options) {}

  void Cut(int from, int to) {
    cut_.insert({from, to});
    changed_[{from, to}] = queue_.now();
  }
  void HealAll() {
    for (const auto& way : cut_) changed_[way] = queue_.now();
    cut_.clear();
    NoteHeal();
  }
  // A host that is switched off, or asleep, as long as it is: nothing reaches it.
  void SetAway(int host, bool away) {
    if (away) away_.insert(host);
    if (away || away_.erase(host) == 0) return;
    NoteHeal();
  }
  LogicalTime healed_at() const { return healed_at_; }
  int heals() const { return heals_; }
  bool IsCut(int from, int to) const {
    if (from == to || !any_cut()) return false;
    return cut_.count({from, to}) > 0 || away_.count(from) > 0 || away_.count(to) > 0;
  }
  bool any_cut() const { return !cut_.empty() || !away_.empty(); }
  bool BothWays(int a, int b) const { return !IsCut(a, b) && !IsCut(b, a); }
  // Since when nothing was cut or healed, or lost, between these two.
  LogicalTime SteadySince(int a, int b) const {
    const auto since = [this](int from, int to) {
      const auto it = changed_.find({from, to});
      return it == changed_.end() ? LogicalTime{} : it->second;
    };
    return std::max({since(a, b), since(b, a), calm_since_});
  }
  // Messages may be lost or very slow, so nobody can be blamed for what it did not hear.
  bool rough() const { return options_.drop > 0 || options_.slow > 0; }
  // What a rough network has swallowed stays unanswered for a while when it is calm.
  void Calm() {
    if (rough()) calm_since_ = queue_.now();
    options_ = {};
    NoteHeal();
  }

  // How long one message takes; nothing: it is lost.
  std::optional<Millis> Transit(int from, int to) {
    if (from == to) return Millis{0};
    if (IsCut(from, to) || prng_.Chance(options_.drop)) {
      if (prng_.Chance(options_.late)) return Millis{prng_.Between(kLateMin.count(), 8000)};
      return std::nullopt;
    }
    if (prng_.Chance(options_.slow)) return Millis{prng_.Between(0, options_.slow_max.count())};
    return Millis{prng_.Between(options_.delay_min.count(), options_.delay_max.count())};
  }
  bool Duplicates() { return prng_.Chance(options_.duplicate); }

 private:
  void NoteHeal() {
    ++heals_;
    healed_at_ = queue_.now();
  }

  const Queue& queue_;
  Prng& prng_;
  NetworkOptions options_;
  std::set<std::pair<int, int>> cut_;
  std::set<int> away_;
  std::map<std::pair<int, int>, LogicalTime> changed_;
  int heals_ = 0;
  LogicalTime healed_at_{};
  LogicalTime calm_since_{};
};

}  // namespace rha::sim
