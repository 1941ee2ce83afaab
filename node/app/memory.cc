#include "node/app/memory.h"

#include <jemalloc/jemalloc.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <string>
#include <string_view>

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

// What jemalloc keeps under these names are pointers to a text; nothing in it says so.
bool NamesText(std::string_view name) {
  constexpr std::string_view kTexts[] = {
      "version",         "config.malloc_conf",      "opt.dss",
      "opt.junk",        "opt.metadata_thp",        "opt.percpu_arena",
      "opt.prof_prefix", "opt.stats_interval_opts", "opt.stats_print_opts",
      "opt.thp",         "opt.zero_realloc",        "thread.prof.name"};
  return std::ranges::find(kTexts, name) != std::end(kTexts) ||
         (name.starts_with("arena.") && name.ends_with(".dss"));
}

// What nothing survives: memory that is in use goes, or the functions that provide it.
bool IsDeadly(std::string_view name) {
  if (!name.starts_with("arena.")) return false;
  return name.ends_with(".reset") || name.ends_with(".destroy") || name.ends_with(".extent_hooks");
}

Status Refused(int error) {
  return Status(Code::kInvalid, std::string("ERR ") + std::strerror(error));
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
  Result<std::thread> thread = StartBackgroundThread(
      "purge", [] { mallctl("arena.4096.purge", nullptr, nullptr, nullptr, 0); });
  if (thread.ok()) thread->detach();  // else the allocator does it with time
}

std::string AllocatorReport() {
  std::string report;
  malloc_stats_print(
      [](void* text, const char* more) { static_cast<std::string*>(text)->append(more); }, &report,
      nullptr);
  return report;
}

// A number's size is not known: the largest that fits is its own.
Result<std::optional<int64_t>> AllocatorNumber(const std::string& name,
                                               std::optional<int64_t> value) {
  static_assert(std::endian::native == std::endian::little);
  if (NamesText(name)) return Status(Code::kInvalid, "ERR a text: DEBUG MALLCTL-STR reads it");
  if (IsDeadly(name)) return Refused(EPERM);
  for (size_t size = sizeof(int64_t); size > 0; size /= 2) {
    int64_t old = 0, to_be = value.value_or(0);
    size_t old_size = size;
    void* const wanted = value ? &to_be : nullptr;
    int error = mallctl(name.c_str(), &old, &old_size, wanted, value ? size : 0);
    if (error == 0) return std::optional(old);
    if (error == EPERM && value) {
      error = mallctl(name.c_str(), nullptr, nullptr, wanted, size);
      if (error == 0) return std::optional<int64_t>();
    }
    if (error != EINVAL) return Refused(error);
  }
  return Refused(EINVAL);
}

Result<std::string> AllocatorText(const std::string& name) {
  if (!NamesText(name)) return Status(Code::kInvalid, "ERR no text: DEBUG MALLCTL reads numbers");
  const char* text = nullptr;
  size_t size = sizeof text;
  const int error = mallctl(name.c_str(), &text, &size, nullptr, 0);
  if (error != 0) return Refused(error);
  return std::string(text == nullptr ? "" : text);
}

Status AllocatorDo(const std::string& name) {
  if (IsDeadly(name)) return Refused(EPERM);
  const int error = mallctl(name.c_str(), nullptr, nullptr, nullptr, 0);
  return error == 0 ? Status() : Refused(error);
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
