// sim_mutants: how many seeds it takes until the checkers notice a fault that was put back.
//
//   sim_mutants --all [--seeds 10000]      the table; fails when one is not caught
//   sim_mutants NAME [--seeds N] [--profile NAME]
//   sim_mutants NAME --seed N              that run's trace
//   sim_mutants --list
//
// Each mutant runs in a child process, since an invariant of the machine may end it; that counts as
// caught. A seed on which the true machine fails as well does not.
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <string>
#include <utility>

#include "tests/sim/faults.h"
#include "tests/sim/mutants.h"

namespace {

using rha::sim::MutantRow;

constexpr uint64_t kSeedsDefault = 10000;

// Shared with the child: where it is, and what it found.
struct Progress {
  uint64_t seed;
  char profile[32];
  uint64_t true_failures;
  char failure[160];
};

struct Extent {
  uint64_t seeds = kSeedsDefault;
  std::string profile;  // empty: all in turn
};

bool TrueMachineFails(uint64_t seed, const std::string& profile) {
  const auto mutant = std::exchange(rha::sidecar::core::active_mutant, {});
  const bool fails = !rha::sim::RunSeed(seed, {.profile = profile}).failures.empty();
  rha::sidecar::core::active_mutant = mutant;
  return fails;
}

void Search(const MutantRow& mutant, const Extent& extent, Progress& progress) {
  rha::sidecar::core::active_mutant = mutant.machine;
  for (progress.seed = 1; progress.seed <= extent.seeds; ++progress.seed) {
    const auto outcome =
        rha::sim::RunSeed(progress.seed, {.profile = extent.profile, .world = mutant.world});
    if (outcome.failures.empty()) continue;
    if (TrueMachineFails(progress.seed, extent.profile)) {
      ++progress.true_failures;
      continue;
    }
    std::snprintf(progress.profile, sizeof progress.profile, "%s", outcome.profile.c_str());
    std::snprintf(progress.failure, sizeof progress.failure, "%s", outcome.failures[0].c_str());
    return;
  }
}

// True: caught.
bool Hunt(const MutantRow& mutant, const Extent& extent) {
  void* shared =
      ::mmap(nullptr, sizeof(Progress), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (shared == MAP_FAILED) return false;
  auto& progress = *static_cast<Progress*>(shared);
  std::fflush(nullptr);
  const pid_t child = ::fork();
  if (child == 0) {
    std::freopen("/dev/null", "w", stderr);  // the invariant's last words
    Search(mutant, extent, progress);
    ::_exit(0);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  const bool aborted = !WIFEXITED(status);
  const bool caught = aborted || progress.seed <= extent.seeds;
  const std::string count = caught ? std::to_string(progress.seed) : "not caught";
  const char* how = aborted ? "an invariant of the machine ends it" : progress.failure;
  std::printf("| %s | %s | %s | %s | %s |\n", mutant.name, mutant.what, count.c_str(),
              aborted ? "" : progress.profile, how);
  if (progress.true_failures > 0) {
    std::printf("(%llu seeds do not count: the true machine fails them too)\n",
                static_cast<unsigned long long>(progress.true_failures));
  }
  std::fflush(stdout);
  ::munmap(shared, sizeof(Progress));
  return caught;
}

const MutantRow* Find(const std::string& name) {
  for (const MutantRow& mutant : rha::sim::MutantTable()) {
    if (name == mutant.name) return &mutant;
  }
  return nullptr;
}

int HuntAll(const Extent& extent) {
  std::printf("| mutant | what is broken | seeds until caught | by profile | as |\n");
  std::printf("|---|---|---|---|---|\n");
  int missed = 0;
  for (const MutantRow& mutant : rha::sim::MutantTable()) missed += Hunt(mutant, extent) ? 0 : 1;
  std::printf("%zu mutants, %d not caught\n", rha::sim::MutantTable().size(), missed);
  return missed == 0 ? 0 : 1;
}

int Usage() {
  std::fprintf(
      stderr, "usage: sim_mutants --all | --list | NAME [--seeds N | --seed N] [--profile NAME]\n");
  return 2;
}

}  // namespace

int main(int argc, char** argv) {
  Extent extent;
  uint64_t one = 0;
  std::string name;
  for (int i = 1; i < argc; ++i) {
    const std::string flag = argv[i];
    if (flag == "--seeds" && i + 1 < argc) {
      extent.seeds = std::strtoull(argv[++i], nullptr, 10);
    } else if (flag == "--profile" && i + 1 < argc) {
      extent.profile = argv[++i];
    } else if (flag == "--seed" && i + 1 < argc) {
      one = std::strtoull(argv[++i], nullptr, 10);
    } else {
      name = flag;
    }
  }
  if (name == "--all") return HuntAll(extent);
  if (name == "--list") {
    for (const MutantRow& mutant : rha::sim::MutantTable()) {
      std::printf("%-24s %s\n", mutant.name, mutant.what);
    }
    return 0;
  }
  const MutantRow* mutant = Find(name);
  if (mutant == nullptr) return Usage();
  if (one == 0) return Hunt(*mutant, extent) ? 0 : 1;
  rha::sidecar::core::active_mutant = mutant->machine;
  const auto outcome =
      rha::sim::RunSeed(one, {.trace = true, .profile = extent.profile, .world = mutant->world});
  for (const std::string& failure : outcome.failures) std::printf("%s\n", failure.c_str());
  return outcome.failures.empty() ? 0 : 1;
}
