// A thread beside the loop. It receives no signals (they are the loop's business).
// Thread rule: any thread.
#pragma once

#include <functional>
#include <thread>

namespace rha {

constexpr int kBackgroundNiceness = 10;

enum class ThreadRank {
  kPolite,  // nobody waits for its work: it yields to the process' other threads
  kEqual,   // somebody does
};

// `name`: up to 15 characters, as `top -H` shows them.
std::thread StartBackgroundThread(const char* name, std::function<void()> work,
                                  ThreadRank rank = ThreadRank::kPolite);

}  // namespace rha
