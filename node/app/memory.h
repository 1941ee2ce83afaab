// What the allocator and the kernel say of this process' memory. The only file that knows jemalloc.
// Any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "common/base/status.h"
#include "node/dispatch/node_state.h"

namespace rha::node::app {

struct MemoryFigures {
  int64_t allocated = 0;  // by the program: used_memory
  int64_t active = 0;
  int64_t resident = 0;
  int64_t rss = 0;  // by the kernel
};

int64_t AllocatedBytes();
// Lets `meter` follow what the calling thread allocates and frees from now on.
void FollowAllocations(dispatch::MemoryMeter* meter);
MemoryFigures ReadMemory();
// Gives what was freed back to the kernel at once instead of a second later, on a thread of its
// own. Until then small stretches are not joined to serve larger ones: values of 700 bytes stayed
// resident beside those of 100 that took their place.
void ReturnFreedMemory();
int64_t SystemMemoryBytes();
// All it counts, as text of some 20 KB.
std::string AllocatorReport();
// By its name in mallctl(3); set first if there is a value. Null: it can be set and not read.
Result<std::optional<int64_t>> AllocatorNumber(const std::string& name,
                                               std::optional<int64_t> value);
// One of the names that stand for a text.
Result<std::string> AllocatorText(const std::string& name);
// One of those that stand for something to do ("thread.tcache.flush").
Status AllocatorDo(const std::string& name);
// "jemalloc-5.3.0"
const char* AllocatorName();

}  // namespace rha::node::app
