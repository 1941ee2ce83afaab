// Runs all controllers on one thread: waits for events, keeps each controller's queue of keys
// without duplicates, calls back what asked to be looked at again.
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "local/controllers/controller.h"
#include "local/registry/registry.h"

namespace rha::local::controllers {

class Manager {
 public:
  // `ca_pem` goes into every namespace's kube-root-ca.crt.
  Manager(registry::Registry& registry, const std::string& ca_pem);
  ~Manager();

  void Start();
  void Stop();

 private:
  class Queue;
  void Run();
  void Dispatch(const store::Event& event);
  void SeedFromStore();
  void RunQueues();

  registry::Registry& registry_;
  std::vector<std::unique_ptr<Controller>> controllers_;
  std::vector<std::unique_ptr<Queue>> queues_;  // one for each controller
  std::atomic<bool> stopping_{false};
  std::thread thread_;
};

}  // namespace rha::local::controllers
