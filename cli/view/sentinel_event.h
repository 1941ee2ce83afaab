// Sentinel's events ("+switch-master shop.cart 10.0.0.1 6379 10.0.0.2 6379") in words, with pods'
// names for their addresses. Pure; any thread.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "cli/view/subject.h"

namespace rha::cli {

struct SentinelEvent {
  std::string channel;             // "+switch-master"
  std::vector<std::string> words;  // what follows

  static SentinelEvent Parse(std::string_view channel, std::string_view text);
  // The address that the event is about: of a switch the new primary's, else of its subject.
  std::string Address() const;
};

// Addresses and sentinels' ids to pods' names.
class PodNames {
 public:
  PodNames() = default;
  explicit PodNames(const Subject& subject);
  void Add(const std::string& key, const std::string& pod) { names_[key] = pod; }
  // The key itself where no pod is known by it.
  std::string Of(const std::string& key) const;

 private:
  std::map<std::string, std::string> names_;
};

// A line for people; "" for what is no step on the way to a new primary.
std::string Describe(const SentinelEvent& event, const PodNames& names);

}  // namespace rha::cli
