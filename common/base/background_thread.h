// A thread for work that nobody waits for.
//
// It receives no signals (they are the loop's business) and yields to the process' other threads:
// its niceness is kBackgroundNiceness. Thread rule: any thread.
#pragma once

#include <functional>
#include <thread>

namespace rha {

constexpr int kBackgroundNiceness = 10;

// `name`: up to 15 characters, as `top -H` shows them.
std::thread StartBackgroundThread(const char* name, std::function<void()> work);

}  // namespace rha
