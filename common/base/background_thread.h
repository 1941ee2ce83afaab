// A thread beside the loop. It receives no signals (they are the loop's business).
// Thread rule: any thread.
#pragma once

#include <functional>
#include <thread>

#include "common/base/status.h"

namespace rha {

constexpr int kBackgroundNiceness = 10;

enum class ThreadRank {
  kPolite,  // nobody waits for its work: it yields to the process' other threads
  kEqual,   // somebody does
};

// `name`: up to 15 characters, as `top -H` shows them.
// Fails where the kernel gives no more threads (a pod's limit of pids is for all that runs in it).
Result<std::thread> StartBackgroundThread(const char* name, std::function<void()> work,
                                          ThreadRank rank = ThreadRank::kPolite);

// Joins it, if it has ended; true: it has. Who says that it is done may wait for a core before it
// has: 17 ms were seen on a busy machine, in which whoever joins it stands still.
bool JoinIfEnded(std::thread& thread);

}  // namespace rha
