#include "node/app/memory.h"

#include <jemalloc/jemalloc.h>
#include <unistd.h>

#include <cstdio>
#include <string>

#include "common/base/background_thread.h"

namespace rha::node::app {
namespace {

// The statistics are a snapshot that writing to "epoch" renews.
void RenewStatistics() {
  uint64_t epoch = 1;
  size_t size = sizeof epoch;
  mallctl("epoch", &epoch, &size, &epoch, size);
}

int64_t Read(const char* name) {
  size_t value = 0;
  size_t size = sizeof value;
  return mallctl(name, &value, &size, nullptr, 0) == 0 ? static_cast<int64_t>(value) : 0;
}

int64_t ResidentByKernel() {
  std::FILE* file = std::fopen("/proc/self/statm", "r");
  if (file == nullptr) return 0;
  long long total = 0, resident = 0;
  const int fields = std::fscanf(file, "%lld %lld", &total, &resident);
  std::fclose(file);
  return fields == 2 ? resident * ::sysconf(_SC_PAGESIZE) : 0;
}

// jemalloc counts what its threads keep at hand (tcache) as allocated.
int64_t AllocatedNow() {
  static_assert(MALLCTL_ARENAS_ALL == 4096);
  return Read("stats.allocated") - Read("stats.arenas.4096.tcache_bytes");
}

}  // namespace

int64_t AllocatedBytes() {
  RenewStatistics();
  return AllocatedNow();
}

void FollowAllocations(dispatch::MemoryMeter* meter) {
  uint64_t* allocated = nullptr;
  uint64_t* freed = nullptr;
  size_t size = sizeof allocated;
  if (mallctl("thread.allocatedp", &allocated, &size, nullptr, 0) == 0 &&
      mallctl("thread.deallocatedp", &freed, &size, nullptr, 0) == 0) {
    meter->Follow(allocated, freed);
  }
  meter->Set(AllocatedBytes());
}

MemoryFigures ReadMemory() {
  RenewStatistics();
  return {.allocated = AllocatedNow(),
          .active = Read("stats.active"),
          .resident = Read("stats.resident"),
          .rss = ResidentByKernel()};
}

void ReturnFreedMemory() {
  static_assert(MALLCTL_ARENAS_ALL == 4096);
  StartBackgroundThread("purge", [] {
    mallctl("arena.4096.purge", nullptr, nullptr, nullptr, 0);
  }).detach();
}

std::string AllocatorReport() {
  std::string report;
  malloc_stats_print(
      [](void* text, const char* more) { static_cast<std::string*>(text)->append(more); }, &report,
      nullptr);
  return report;
}

int64_t SystemMemoryBytes() {
  return static_cast<int64_t>(::sysconf(_SC_PHYS_PAGES)) * ::sysconf(_SC_PAGESIZE);
}

const char* AllocatorName() {
  static const std::string name = [] {
    const char* version = "";
    size_t size = sizeof version;
    mallctl("version", &version, &size, nullptr, 0);
    const std::string text = version;
    return "jemalloc-" + text.substr(0, text.find('-'));
  }();
  return name.c_str();
}

}  // namespace rha::node::app
