// A running local cluster: API server, controllers, kubelet and proxy in this process.
// Thread rule: made and destroyed by one thread; the parts have threads of their own.
#pragma once

#include <memory>
#include <string>

#include "common/base/status.h"

namespace rha::local::daemon {

// kAuto: containers get namespaces of their own where these can be had, else none.
enum class Isolation { kAuto, kNamespaces, kNone };

struct ClusterOptions {
  std::string folder;
  uint16_t port = 0;                        // 0: the one used before, else any free one
  std::string program;                      // this binary, run again to set up containers
  std::string binary_folder;                // seen by containers as /usr/local/bin
  int64_t crash_backoff_max_seconds = 300;  // longest wait before a crashed container's next start
  Isolation isolation = Isolation::kAuto;
};

class Cluster {
 public:
  // Ready to answer when it returns.
  static Result<std::unique_ptr<Cluster>> Start(const ClusterOptions& options);
  // Ends every container, then the rest.
  ~Cluster();
  // One line for people when containers run without namespaces, else empty.
  const std::string& note() const;

 private:
  struct Parts;
  explicit Cluster(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace rha::local::daemon
