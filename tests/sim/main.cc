// sim: runs the Sentinel machine through seeded faults.
//
//   sim --seeds 1000 [--from N]   many runs; prints the seeds that failed and the failover times.
//                                 RHA_SIM_SEEDS in the environment replaces the number
//       --profile NAME            ... of one kind of fault only
//   sim --fresh-for SECONDS       as many as fit, from a first seed that the clock gives and the
//                                 last line repeats
//   sim --seed N [--trace]        one run, with everything that happened; with --profile NAME it
//                                 stays the same when there are more profiles
//   sim --seed-file FILE          the seeds that failed once
//   sim --scenario FILE... [--rewrite]
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "tests/sim/faults.h"
#include "tests/sim/scenario.h"

namespace {

using rha::sim::Outcome;

struct Seed {
  uint64_t number = 0;
  std::string profile;  // empty: its own
};

struct Arguments {
  std::vector<Seed> seeds;
  std::vector<std::string> scenarios;
  std::string profile;
  int fresh_seconds = 0;
  bool trace = false;
  bool rewrite = false;
};

bool RunOne(const Seed& seed, const Arguments& arguments, rha::sim::Summary& summary) {
  const std::string& profile = seed.profile.empty() ? arguments.profile : seed.profile;
  const Outcome outcome =
      rha::sim::RunSeed(seed.number, {.trace = arguments.trace, .profile = profile});
  summary.Add(outcome);
  for (const std::string& failure : outcome.failures) {
    std::printf("seed %llu (%s): %s\n", static_cast<unsigned long long>(seed.number),
                outcome.profile.c_str(), failure.c_str());
    std::fflush(stdout);
  }
  return outcome.failures.empty();
}

int RunSeeds(const Arguments& arguments) {
  rha::sim::Summary summary;
  int failed = 0;
  for (const Seed& seed : arguments.seeds) {
    failed += RunOne(seed, arguments, summary) ? 0 : 1;
  }
  std::printf("%s%zu seeds, %d failed\n", summary.Text().c_str(), arguments.seeds.size(), failed);
  if (failed > 0) std::printf("reproduce with: sim --seed N --profile NAME --trace\n");
  return failed == 0 ? 0 : 1;
}

int RunFresh(const Arguments& arguments) {
  const auto started = std::chrono::steady_clock::now();
  const auto end = started + std::chrono::seconds(arguments.fresh_seconds);
  const uint64_t first =
      std::chrono::system_clock::now().time_since_epoch() / std::chrono::seconds(1) * 10000;
  rha::sim::Summary summary;
  int failed = 0;
  uint64_t seed = first;
  for (; std::chrono::steady_clock::now() < end; ++seed) {
    failed += RunOne({.number = seed, .profile = {}}, arguments, summary) ? 0 : 1;
  }
  std::printf("%sfresh seeds %llu to %llu, %d failed\n", summary.Text().c_str(),
              static_cast<unsigned long long>(first), static_cast<unsigned long long>(seed - 1),
              failed);
  return failed == 0 ? 0 : 1;
}

int RunScenarios(const Arguments& arguments) {
  int failed = 0;
  for (const std::string& path : arguments.scenarios) {
    const rha::Status status = rha::sim::CheckScenario(path, arguments.rewrite);
    if (!status.ok()) {
      std::printf("%s\n", status.message().c_str());
      ++failed;
    }
  }
  std::printf("%zu scenarios, %d failed\n", arguments.scenarios.size(), failed);
  return failed == 0 ? 0 : 1;
}

std::vector<Seed> Range(uint64_t from, uint64_t count) {
  std::vector<Seed> seeds;
  for (uint64_t seed = from; seed < from + count; ++seed) seeds.push_back({seed, {}});
  return seeds;
}

// "123 chaos  why it is here" per line.
std::vector<Seed> ReadSeeds(const std::string& path) {
  std::vector<Seed> seeds;
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    Seed seed;
    if (std::istringstream(line) >> seed.number >> seed.profile) seeds.push_back(std::move(seed));
  }
  return seeds;
}

int Usage() {
  std::fprintf(stderr,
               "usage: sim --seeds N [--from N] | --fresh-for SECONDS | --seed N [--trace] | "
               "--seed-file FILE |\n"
               "           --scenario FILE... [--rewrite]\n");
  return 2;
}

}  // namespace

int main(int argc, char** argv) {
  Arguments arguments;
  uint64_t from = 1;
  uint64_t count = 0;
  for (int i = 1; i < argc; ++i) {
    const std::string flag = argv[i];
    const char* value = i + 1 < argc ? argv[i + 1] : nullptr;
    if (flag == "--trace") {
      arguments.trace = true;
    } else if (flag == "--rewrite") {
      arguments.rewrite = true;
    } else if (value == nullptr) {
      return Usage();
    } else if (flag == "--scenario") {
      while (i + 1 < argc && argv[i + 1][0] != '-') arguments.scenarios.push_back(argv[++i]);
    } else if (flag == "--seeds") {
      const char* override_count = std::getenv("RHA_SIM_SEEDS");
      count = std::strtoull(override_count != nullptr ? override_count : argv[++i], nullptr, 10);
      if (override_count != nullptr) ++i;
    } else if (flag == "--from") {
      from = std::strtoull(argv[++i], nullptr, 10);
    } else if (flag == "--fresh-for") {
      arguments.fresh_seconds = static_cast<int>(std::strtol(argv[++i], nullptr, 10));
    } else if (flag == "--profile") {
      arguments.profile = argv[++i];
    } else if (flag == "--seed") {
      arguments.seeds.push_back({std::strtoull(argv[++i], nullptr, 10), {}});
    } else if (flag == "--seed-file") {
      arguments.seeds = ReadSeeds(argv[++i]);
    } else {
      return Usage();
    }
  }
  if (!arguments.scenarios.empty()) return RunScenarios(arguments);
  if (arguments.fresh_seconds > 0) return RunFresh(arguments);
  if (count > 0) arguments.seeds = Range(from, count);
  return arguments.seeds.empty() ? Usage() : RunSeeds(arguments);
}
