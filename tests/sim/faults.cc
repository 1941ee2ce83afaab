#include "tests/sim/faults.h"

#include <algorithm>
#include <cstdio>

#include "tests/sim/profiles.h"

namespace rha::sim {
namespace {

// Longer than the latest of the network's late messages (network.h).
constexpr Millis kWindDown{9000};
constexpr Millis kQuiet{6000};

// Nothing is wrong any more, so nothing may happen any more, once what was under way has ended.
void StayQuiet(Cluster& cluster) {
  cluster.Run(kWindDown);
  const int before = cluster.CountEvents("+try-failover");
  const int odown_before = cluster.CountEvents("+odown");
  cluster.Run(kQuiet);
  if (cluster.CountEvents("+try-failover") != before) cluster.checkers().Fail("needless failover");
  if (cluster.CountEvents("+odown") != odown_before) cluster.checkers().Fail("needless +odown");
  if (!cluster.AgreedPrimary()) {
    cluster.checkers().Fail("agreement was lost again: " + cluster.Disagreement());
  }
}

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
  cluster.HealNetwork();
  cluster.network().Calm();
  cluster.set_persist_failure(0);
  for (int i = 0; i < cluster.size(); ++i) {
    cluster.WakeMachine(i);
    cluster.FillDisk(i, false);
    cluster.FailWrites(i, false);
    cluster.PauseNode(i, false);
    cluster.PauseSidecar(i, false);
    cluster.StartNode(i, true);
    cluster.StartSidecar(i, true);
  }
}

ClusterOptions DrawOptions(uint64_t seed, Prng& prng, const Profile& profile) {
  ClusterOptions options;
  options.seed = seed;
  options.members = prng.Chance(0.75) ? 3 : 5;
  options.quorum = options.members / 2 + 1;
  options.down_after = Millis{prng.Between(300, 2000)};
  profile.world(options, prng);
  return options;
}

int64_t Percentile(std::vector<int64_t> values, int percent) {
  std::sort(values.begin(), values.end());
  return values[std::min(values.size() - 1, values.size() * percent / 100)];
}

std::string Row(const char* what, const std::string& profile, const std::vector<int64_t>& values) {
  char line[160];
  std::snprintf(line, sizeof line,
                "%-12s %-16s n=%-5zu p50=%-6lld p90=%-6lld p99=%-6lld max=%lld\n", what,
                profile.c_str(), values.size(), static_cast<long long>(Percentile(values, 50)),
                static_cast<long long>(Percentile(values, 90)),
                static_cast<long long>(Percentile(values, 99)),
                static_cast<long long>(Percentile(values, 100)));
  return line;
}

}  // namespace

int Run::CalmPrimary(const char* before) {
  cluster.Run(Between(11000, 13000));
  const int primary = cluster.FirstPrimary();
  if (primary < 0) cluster.checkers().Fail(std::string("no primary before ") + before);
  return primary;
}

void Run::Settle(const char* after) {
  const LogicalTime start = cluster.now();
  // Sentinel gives a primary that calls itself a replica two INFO periods before it counts as down.
  const Millis limit = cluster.options().classic ? 2 * kSettleLimit : kSettleLimit;
  while (!cluster.AgreedPrimary() && cluster.now() - start < limit) cluster.Run(Millis{10});
  if (!cluster.AgreedPrimary()) {
    cluster.checkers().Fail(std::string("no agreement ") + after + ": " + cluster.Disagreement());
  }
  outcome.convergence_ms = (cluster.now() - start).count();
}

Outcome RunSeed(uint64_t seed, const RunOptions& how) {
  Outcome outcome;
  Prng draw(seed);
  const auto profiles = Profiles();
  auto named = std::find_if(profiles.begin(), profiles.end(),
                            [&](const Profile& p) { return how.profile == p.name; });
  if (named == profiles.end()) named = profiles.begin() + seed % profiles.size();
  const Profile& profile = *named;
  outcome.profile = profile.name;
  ClusterOptions options = DrawOptions(seed, draw, profile);
  options.fault = how.world;
  Cluster cluster(options);
  if (how.trace) cluster.trace = [](const std::string& line) { std::printf("%s\n", line.c_str()); };
  Run run{cluster, outcome, draw};
  StartAll(run, /*keep=*/false);
  run.Settle("after the first start");
  cluster.StartWriting(Millis{5});
  cluster.Run(run.Between(0, 2000));
  profile.faults(run);
  EndAllFaults(run);
  run.Settle("after all faults ended");
  if (options.classic) {
    // SLAVEOF names no epoch: an order that a cut held up is obeyed whenever it comes.
    cluster.Run(kLateOrders);
    run.Settle("after late orders");
  }
  StayQuiet(cluster);
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
