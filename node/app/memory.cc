#include "node/app/memory.h"

#include <jemalloc/jemalloc.h>
#include <unistd.h>

#include <cstdio>
#include <string>

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

}  // namespace

int64_t AllocatedBytes() {
  RenewStatistics();
  return Read("stats.allocated");
}

MemoryFigures ReadMemory() {
  RenewStatistics();
  return {.allocated = Read("stats.allocated"),
          .active = Read("stats.active"),
          .resident = Read("stats.resident"),
          .rss = ResidentByKernel()};
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
