// sim: runs the Sentinel machine through seeded faults.
//
//   sim --seeds 1000 [--from N]     many runs; prints the seed of each failure and the failover
//   times sim --seed N [--trace]          one run, with everything that happened sim --scenario
//   FILE... [--rewrite]   scripted runs compared with FILE's .trace
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include "tests/sim/faults.h"

namespace {

struct Arguments {
  uint64_t from = 1;
  uint64_t count = 0;
  bool trace = false;
};

int RunSeeds(const Arguments& arguments) {
  rha::sim::Summary summary;
  int failed = 0;
  for (uint64_t seed = arguments.from; seed < arguments.from + arguments.count; ++seed) {
    const auto outcome = rha::sim::RunSeed(seed, arguments.trace);
    summary.Add(outcome);
    for (const std::string& failure : outcome.failures) {
      std::printf("seed %llu (%s): %s\n", static_cast<unsigned long long>(seed),
                  outcome.profile.c_str(), failure.c_str());
    }
    failed += outcome.failures.empty() ? 0 : 1;
  }
  std::printf("%s%llu seeds, %d failed\n", summary.Text().c_str(),
              static_cast<unsigned long long>(arguments.count), failed);
  if (failed > 0) std::printf("reproduce with: sim --seed N --trace\n");
  return failed == 0 ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  Arguments arguments;
  for (int i = 1; i < argc; ++i) {
    const std::string flag = argv[i];
    const bool has_value = i + 1 < argc;
    if (flag == "--trace") {
      arguments.trace = true;
    } else if (flag == "--seeds" && has_value) {
      arguments.count = std::strtoull(argv[++i], nullptr, 10);
    } else if (flag == "--from" && has_value) {
      arguments.from = std::strtoull(argv[++i], nullptr, 10);
    } else if (flag == "--seed" && has_value) {
      arguments.from = std::strtoull(argv[++i], nullptr, 10);
      arguments.count = 1;
    } else {
      std::fprintf(stderr, "usage: sim --seeds N [--from N] | --seed N [--trace]\n");
      return 2;
    }
  }
  return RunSeeds(arguments);
}
