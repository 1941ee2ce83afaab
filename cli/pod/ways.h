// Ways to all pods of a RedisHA for many threads at once: a way that has closed, or that leads to a
// pod that is no more, is opened again by a thread of its own, so that nobody waits for it who has
// another way to go. Any thread.
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "cli/pod/tunnel.h"
#include "cli/view/subject.h"

namespace rha::cli {

class Ways {
 public:
  // `client` must outlive it. Returns once every pod that has an address was tried.
  Ways(ClusterClient& client, const Subject& subject, std::vector<uint16_t> ports);
  ~Ways();
  Ways(const Ways&) = delete;
  Ways& operator=(const Ways&) = delete;

  // Addresses of pods as the members name each other.
  std::vector<std::string> Addresses() const;
  // Where to connect to for that address and port; kUnavailable while there is no way.
  Result<net::Endpoint> To(const std::string& ip, uint16_t port) const;
  // Whoever could not go that way says so; also for an address that is not known.
  void Renew(const std::string& ip);
  // "" where no pod has that address.
  std::string PodAt(const std::string& ip) const;
  // Whether any goes through kubectl.
  bool forwarded() const;

 private:
  struct Way {
    std::string pod, ip;
    Tunnel tunnel;
    std::vector<net::Endpoint> ends;  // as ports_; empty: it could not be opened
    bool stale = false;
  };
  Way Open(const std::string& pod);
  void Work();

  ClusterClient* const client_;
  const std::string name_space_;
  const std::vector<uint16_t> ports_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Way> ways_;  // one for each pod
  bool ending_ = false;
  std::thread thread_;
};

}  // namespace rha::cli
