// Ways to ports of a pod.
//
// A pod of the one-machine Kubernetes has an address of this machine (127.x.y.z) and is dialled
// there. Every other pod is reached through a `kubectl port-forward` of ours, which knows proxies,
// credential plugins and both upgrade protocols, ends in the pod's loopback (so no NetworkPolicy is
// in its way), and dies with this process. docs/adr/0021 says why no forwarder of our own.
// One thread.
#pragma once

#include <sys/types.h>

#include <map>
#include <string>
#include <vector>

#include "cli/cluster_client.h"
#include "common/base/unique_fd.h"
#include "common/net/socket.h"

namespace rha::cli {

// A program that ends with its owner, and whose output is read here.
class Child {
 public:
  Child() = default;
  Child(Child&& other) noexcept;
  Child& operator=(Child&& other) noexcept;
  ~Child() { Stop(); }

  enum class Stderr { kKept, kOurs };  // kOurs: a person reads it
  static Result<Child> Start(const std::vector<std::string>& words, Stderr err = Stderr::kKept);
  // The next line of its stdout; kUnavailable with what it said on stderr when it has ended or has
  // been silent for too long.
  Result<std::string> ReadLine(int timeout_ms);
  // All of its stdout once it has ended well.
  Result<std::string> ReadAll();

 private:
  void Stop();
  std::string Complaint();

  pid_t pid_ = -1;
  UniqueFd out_, err_;
  std::string buffer_;
};

class Tunnel {
 public:
  // Returns at once; Reach waits until the way is open.
  static Result<Tunnel> Open(const Access& access, const std::string& name_space,
                             const nlohmann::json& pod, std::vector<uint16_t> ports);
  // Where to connect to for that port of the pod. REQUIRES: it was among `ports`.
  Result<net::Endpoint> Reach(uint16_t port);
  const std::string& pod() const { return pod_; }

 private:
  std::string pod_;
  std::string direct_ip_;  // not empty: no forwarder is needed
  Child forwarder_;
  std::map<uint16_t, uint16_t> local_ports_;  // of the pod → here
};

// kubectl's words for the same cluster: kubectl --kubeconfig … --context … -n …
std::vector<std::string> Kubectl(const Access& access, const std::string& name_space);

}  // namespace rha::cli
