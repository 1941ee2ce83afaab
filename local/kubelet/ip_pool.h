// Addresses of pods: 127.64.x.y, all of which the loopback device answers for. Begins at a random
// place, so that two clusters on one machine hardly ever meet. One owner.
#pragma once

#include <cstdint>
#include <set>
#include <string>

#include "local/kubelet/limits.h"

namespace rha::local::kubelet {

class IpPool {
 public:
  explicit IpPool(uint64_t seed) : next_(static_cast<uint32_t>(seed % kPodIpsMax)) {}

  void Reserve(const std::string& ip) { taken_.insert(ip); }
  void Release(const std::string& ip) { taken_.erase(ip); }
  // "" when all are taken.
  std::string Take() {
    for (size_t i = 0; i < kPodIpsMax; ++i) {
      next_ = (next_ + 1) % kPodIpsMax;
      // 250 addresses in each of 240 blocks: no .0, no .255.
      std::string ip =
          "127.64." + std::to_string(next_ / 250) + "." + std::to_string(next_ % 250 + 1);
      if (taken_.insert(ip).second) return ip;
    }
    return "";
  }

 private:
  uint32_t next_;
  std::set<std::string> taken_;
};

}  // namespace rha::local::kubelet
