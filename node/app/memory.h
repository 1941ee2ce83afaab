// What the allocator and the kernel say of this process' memory. The only file that knows jemalloc.
// Any thread.
#pragma once

#include <cstdint>

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
int64_t SystemMemoryBytes();
// "jemalloc-5.3.0"
const char* AllocatorName();

}  // namespace rha::node::app
