// Clients that write and read at the primary of a RedisHA, each one command at a time, and follow
// it as applications do: they ask the sentinels, and ask again after any error.
//
// A client has keys of its own and writes growing numbers into them, so it is known at the end
// whether the last value that was acknowledged for each is still there. The keys are removed at the
// end, and expire should that fail. Thread rule: one thread owns it.
#pragma once

#include <atomic>
#include <chrono>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "cli/pod/pods.h"
#include "cli/pod/ways.h"
#include "cli/view/bench_text.h"

namespace rha::cli {

struct LoadOptions {
  int clients = 8;
  int reads_percent = 50;
  int value_bytes = 64;
  int seconds = 10;
};

class Load {
 public:
  // `ways` lead to kNodePort and kSentinelPort, and must outlive it.
  Load(Ways& ways, std::string group, std::string password, LoadOptions options);
  ~Load();
  Load(const Load&) = delete;
  Load& operator=(const Load&) = delete;

  void Start();
  // What has happened since it was asked before.
  BenchTally Take();
  // Waits for the commands under way.
  void Stop();
  // The longest time in which no write was acknowledged, the one at the end included.
  double silence_seconds() const;
  struct Kept {
    int64_t checked = 0, missing = 0;
  };
  // Reads what was acknowledged, and removes it. After Stop.
  Kept CheckAndRemove();

 private:
  struct Client;
  void Run(Client& client);
  bool Connect(Client& client);
  Result<std::string> AskSentinel(const std::string& ip);
  void Acknowledged();
  std::string KeyOf(const Client& client, size_t key) const;

  Ways* const ways_;
  const std::string group_, password_, prefix_;
  const LoadOptions options_;
  std::vector<std::unique_ptr<Client>> clients_;
  std::atomic<bool> ending_ = false;
  // Microseconds of the steady clock.
  std::atomic<int64_t> last_acknowledged_us_ = 0, silence_us_ = 0;
};

}  // namespace rha::cli
