#include "tests/sim/faults.h"

#include <algorithm>
#include <cstdio>

#include "tests/sim/cluster.h"

namespace rha::sim {
namespace {

constexpr Millis kSettleLimit{30000};
// Longer than the latest of the network's late messages (network.h).
constexpr Millis kWindDown{9000};
constexpr Millis kQuiet{6000};

struct Run {
  Cluster& cluster;
  Outcome& outcome;
  Prng& prng;
  int memoryless = -1;  // the one member that may have lost its disk lately

  int AnyPod() { return static_cast<int>(prng.Below(cluster.size())); }
  Millis Between(int64_t low, int64_t high) { return Millis{prng.Between(low, high)}; }

  // Runs until everyone agrees; the time it took, or a failure.
  void Settle(const char* after) {
    const LogicalTime start = cluster.now();
    while (!cluster.AgreedPrimary() && cluster.now() - start < kSettleLimit)
      cluster.Run(Millis{10});
    if (!cluster.AgreedPrimary()) {
      cluster.checkers().Fail(std::string("no agreement ") + after + ": " + cluster.Disagreement());
    }
    outcome.convergence_ms = (cluster.now() - start).count();
  }

  // Nothing is wrong any more, so nothing may happen any more, once what was under way has ended.
  void StayQuiet() {
    cluster.Run(kWindDown);
    const int before = cluster.CountEvents("+try-failover");
    const int odown_before = cluster.CountEvents("+odown");
    cluster.Run(kQuiet);
    if (cluster.CountEvents("+try-failover") != before)
      cluster.checkers().Fail("needless failover");
    if (cluster.CountEvents("+odown") != odown_before) cluster.checkers().Fail("needless +odown");
    if (!cluster.AgreedPrimary()) {
      cluster.checkers().Fail("agreement was lost again: " + cluster.Disagreement());
    }
  }
};

// All pods start at about the same time, as a StatefulSet's do.
void StartAll(Run& run, bool keep) {
  for (int i = 0; i < run.cluster.size(); ++i) {
    run.cluster.queue().After(run.Between(0, 500),
                              [&run, i, keep] { run.cluster.StartNode(i, keep); });
    run.cluster.queue().After(run.Between(0, 500),
                              [&run, i, keep] { run.cluster.StartSidecar(i, keep); });
  }
  run.cluster.Run(Millis{600});
}

void EndAllFaults(Run& run) {
  Cluster& cluster = run.cluster;
  cluster.network().HealAll();
  cluster.network().set_options({});
  cluster.set_persist_failure(0);
  for (int i = 0; i < cluster.size(); ++i) {
    cluster.PauseNode(i, false);
    cluster.PauseSidecar(i, false);
    cluster.StartNode(i, true);
    cluster.StartSidecar(i, true);
  }
}

// Kills the primary's process again and again; each kill must cost exactly one promotion.
void KillPrimary(Run& run) {
  Cluster& cluster = run.cluster;
  for (int round = 0; round < 4; ++round) {
    const auto primary = cluster.AgreedPrimary();
    if (!primary) return cluster.checkers().Fail("no primary before the kill");
    const int promotions = cluster.checkers().promotions();
    cluster.Run(run.Between(0, 1500));
    const LogicalTime killed = cluster.now();
    cluster.KillNode(*primary);
    while (cluster.last_write() <= killed && cluster.now() - killed < kSettleLimit) {
      cluster.Run(Millis{1});
    }
    if (cluster.last_write() <= killed) return cluster.checkers().Fail("no write after a kill");
    run.outcome.failover_ms.push_back((cluster.now() - killed).count());
    cluster.Note("writes were down for " + std::to_string(run.outcome.failover_ms.back()) + " ms");
    cluster.Run(run.Between(0, 3000));
    cluster.StartNode(*primary, run.prng.Chance(0.5));
    run.Settle("after a kill");
    cluster.Run(Millis{2500});
    if (cluster.checkers().promotions() != promotions + 1) {
      cluster.checkers().Fail("a single kill caused " +
                              std::to_string(cluster.checkers().promotions() - promotions) +
                              " promotions");
    }
  }
}

// The primary's process restarts before anyone could miss it, often without its data.
void QuickRestart(Run& run) {
  Cluster& cluster = run.cluster;
  for (int round = 0; round < 5; ++round) {
    const auto primary = cluster.AgreedPrimary();
    if (!primary) return cluster.checkers().Fail("no primary before the restart");
    cluster.Run(run.Between(0, 1000));
    cluster.KillNode(*primary);
    cluster.Run(run.Between(0, 120));
    cluster.StartNode(*primary, run.prng.Chance(0.3));
    run.Settle("after a quick restart");
    cluster.Run(run.Between(0, 2000));
  }
}

// The whole cluster loses power; nodes come back with their data, one of them perhaps late.
void ColdStart(Run& run) {
  Cluster& cluster = run.cluster;
  for (int round = 0; round < 2; ++round) {
    cluster.Run(run.Between(0, 1000));
    for (int i = 0; i < cluster.size(); ++i) {
      cluster.KillNode(i);
      cluster.KillSidecar(i);
    }
    cluster.Run(run.Between(0, 500));
    const int late = run.prng.Chance(0.5) ? run.AnyPod() : -1;
    const int empty = run.prng.Chance(0.5) ? run.AnyPod() : -1;
    for (int i = 0; i < cluster.size(); ++i) {
      const Millis delay = i == late ? run.Between(500, 9000) : run.Between(0, 400);
      cluster.queue().After(delay, [&cluster, i, empty] { cluster.StartNode(i, i != empty); });
      cluster.queue().After(delay + run.Between(0, 200),
                            [&cluster, i] { cluster.StartSidecar(i, true); });
    }
    cluster.Run(Millis{10000});
    run.Settle("after a cold start");
  }
}

// The primary, or any set of pods, is cut off, in both directions or one.
void Partitions(Run& run) {
  Cluster& cluster = run.cluster;
  for (int round = 0; round < 4; ++round) {
    if (run.prng.Chance(0.6)) {
      const int primary = cluster.FirstPrimary();
      cluster.Partition({primary >= 0 && run.prng.Chance(0.6) ? primary : run.AnyPod()});
    } else {
      for (int i = 0; i < 3; ++i) cluster.network().Cut(run.AnyPod(), run.AnyPod());
    }
    cluster.Run(run.Between(200, 8000));
    cluster.network().HealAll();
    if (run.prng.Chance(0.5)) cluster.Run(run.Between(0, 3000));
  }
}

void OneFault(Run& run) {
  Cluster& cluster = run.cluster;
  const int pod = run.AnyPod();
  switch (run.prng.Below(12)) {
    case 0:
      return cluster.KillNode(pod);
    case 1: {
      const int primary = cluster.FirstPrimary();
      return cluster.KillNode(primary >= 0 ? primary : pod);
    }
    case 2:
      return cluster.KillSidecar(pod);
    case 3:
      return cluster.PauseNode(pod, true);
    case 4:
      return cluster.PauseSidecar(pod, true);
    case 5:
      return cluster.Partition({pod});
    case 6:
      return cluster.network().Cut(pod, run.AnyPod());
    case 7:
      return cluster.network().HealAll();
    case 8:
      return cluster.MovePod(pod);
    case 9:
      return cluster.SendCommand(pod, {0, sidecar::core::FailoverCommand{"demo"}});
    case 10:
      // A disk is lost. Only one at a time: with a majority's memory gone nobody could be safe.
      if (run.memoryless >= 0 && run.memoryless != pod) return;
      run.memoryless = pod;
      cluster.MovePod(pod);
      cluster.StartNode(pod, false);
      return cluster.StartSidecar(pod, false);
    default:
      break;
  }
  for (int i = 0; i < cluster.size(); ++i) {
    cluster.PauseNode(i, false);
    cluster.PauseSidecar(i, false);
    if (run.prng.Chance(0.8)) cluster.StartNode(i, run.prng.Chance(0.9));
    if (run.prng.Chance(0.8)) cluster.StartSidecar(i, true);
  }
}

void Chaos(Run& run) {
  const int faults = static_cast<int>(run.prng.Between(5, 40));
  for (int i = 0; i < faults; ++i) {
    OneFault(run);
    run.cluster.Run(run.Between(0, run.prng.Chance(0.2) ? 5000 : 600));
  }
}

struct Profile {
  const char* name;
  void (*faults)(Run&);
  bool rough_network;
  bool judge_copies;
};

constexpr Profile kProfiles[] = {
    {"kill-primary", KillPrimary, false, true},
    {"quick-restart", QuickRestart, false, true},
    {"cold-start", ColdStart, false, true},
    {"partitions", Partitions, true, true},
    {"chaos", Chaos, true, false},
};

ClusterOptions DrawOptions(uint64_t seed, Prng& prng, const Profile& profile) {
  ClusterOptions options;
  options.seed = seed;
  options.members = prng.Chance(0.75) ? 3 : 5;
  options.quorum = options.members / 2 + 1;
  options.down_after = Millis{prng.Between(300, 2000)};
  options.network.delay_max = Millis{prng.Between(1, 8)};
  options.judge_copies = profile.judge_copies;
  if (profile.rough_network && prng.Chance(0.6)) {
    options.network.slow = 0.05;
    options.network.drop = prng.Chance(0.5) ? 0.05 : 0.0;
    options.network.duplicate = 0.05;
    options.network.late = 0.2;
    options.persist_failure = prng.Chance(0.3) ? 0.1 : 0.0;
    options.fsync_max = Millis{prng.Between(1, 60)};
  }
  return options;
}

int64_t Percentile(std::vector<int64_t> values, int percent) {
  std::sort(values.begin(), values.end());
  return values[std::min(values.size() - 1, values.size() * percent / 100)];
}

std::string Row(const char* what, const std::string& profile, const std::vector<int64_t>& values) {
  char line[160];
  std::snprintf(line, sizeof line,
                "%-12s %-14s n=%-5zu p50=%-6lld p90=%-6lld p99=%-6lld max=%lld\n", what,
                profile.c_str(), values.size(), static_cast<long long>(Percentile(values, 50)),
                static_cast<long long>(Percentile(values, 90)),
                static_cast<long long>(Percentile(values, 99)),
                static_cast<long long>(Percentile(values, 100)));
  return line;
}

}  // namespace

Outcome RunSeed(uint64_t seed, bool trace) {
  Outcome outcome;
  Prng draw(seed);
  const Profile& profile = kProfiles[seed % std::size(kProfiles)];
  outcome.profile = profile.name;
  Cluster cluster(DrawOptions(seed, draw, profile));
  if (trace) cluster.trace = [](const std::string& line) { std::printf("%s\n", line.c_str()); };
  Run run{cluster, outcome, draw};
  StartAll(run, /*keep=*/false);
  run.Settle("after the first start");
  cluster.StartWriting(Millis{5});
  cluster.Run(run.Between(0, 2000));
  profile.faults(run);
  EndAllFaults(run);
  run.Settle("after all faults ended");
  run.StayQuiet();
  cluster.CheckNothingLost();
  outcome.failures = cluster.checkers().failures();
  outcome.promotions = cluster.checkers().promotions();
  return outcome;
}

void Summary::Add(const Outcome& outcome) {
  auto& failovers = failover_ms_[outcome.profile];
  failovers.insert(failovers.end(), outcome.failover_ms.begin(), outcome.failover_ms.end());
  convergence_ms_[outcome.profile].push_back(outcome.convergence_ms);
  promotions_ += outcome.promotions;
}

std::string Summary::Text() const {
  std::string text;
  for (const auto& [profile, values] : failover_ms_) {
    if (!values.empty()) text += Row("failover ms", profile, values);
  }
  for (const auto& [profile, values] : convergence_ms_) {
    if (!values.empty()) text += Row("settled ms", profile, values);
  }
  return text + std::to_string(promotions_) + " promotions\n";
}

}  // namespace rha::sim
