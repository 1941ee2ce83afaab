// INFO of nodes as it came, for SENTINEL INFO-CACHE. All of it together is bounded, for whoever
// forges hellos and answers as replicas could fill the memory otherwise: the oldest goes first.
#pragma once

#include <map>
#include <string>

#include "sidecar/core/types.h"

namespace rha::sidecar::shell {

class InfoCache {
 public:
  struct Entry {
    core::LogicalTime at;
    std::string text;
  };
  explicit InfoCache(size_t bytes_max) : bytes_max_(bytes_max) {}

  void Keep(core::NodeId node, core::LogicalTime now, const std::string& text);
  // nullptr: nothing is known of it (any more).
  const Entry* Find(core::NodeId node) const;
  // With what each entry takes besides.
  size_t bytes() const { return bytes_; }

 private:
  void Drop(std::map<core::NodeId, Entry>::iterator entry);

  const size_t bytes_max_;
  size_t bytes_ = 0;
  std::map<core::NodeId, Entry> entries_;
};

}  // namespace rha::sidecar::shell
