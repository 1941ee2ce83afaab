#include "cli/view/sentinel_event.h"

#include "common/base/sha1.h"
#include "local/object/json.h"

namespace rha::cli {
namespace {

// The id of a member's sentinel (docs/sentinel.md, redisha-cluster-uid).
std::string MemberId(const std::string& cluster_uid, const std::string& pod) {
  std::string hex;
  for (const uint8_t byte : Sha1(cluster_uid + "/" + pod)) {
    static constexpr char kDigits[] = "0123456789abcdef";
    hex += kDigits[byte >> 4];
    hex += kDigits[byte & 15];
  }
  return hex;
}

}  // namespace

SentinelEvent SentinelEvent::Parse(std::string_view channel, std::string_view text) {
  SentinelEvent event{.channel = std::string(channel), .words = {}};
  while (!text.empty()) {
    const size_t end = text.find(' ');
    if (end != 0) event.words.emplace_back(text.substr(0, end));
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  return event;
}

std::string SentinelEvent::Address() const {
  if (channel == "+switch-master") return words.size() > 3 ? words[3] : "";
  return words.size() > 2 ? words[2] : "";  // "master NAME IP PORT", "slave IP:PORT IP PORT @ …"
}

PodNames::PodNames(const Subject& subject) {
  const std::string uid = local::object::Str(subject.redisha, {"status", "clusterUID"});
  for (const Json& pod : subject.pods) {
    const std::string name = local::object::Name(pod);
    const std::string ip = local::object::Str(pod, {"status", "podIP"});
    if (!ip.empty()) names_[ip] = name;
    if (!uid.empty()) names_[MemberId(uid, name)] = name;
  }
}

std::string PodNames::Of(const std::string& key) const {
  const auto found = names_.find(key);
  return found == names_.end() ? key : found->second;
}

std::string Describe(const SentinelEvent& event, const PodNames& names) {
  const std::string about = names.Of(event.Address());
  const auto& words = event.words;
  if (event.channel == "+sdown" && !words.empty() && words[0] == "master") {
    return "finds the primary " + about + " down";
  }
  if (event.channel == "+odown") {
    return "a quorum agrees" + (words.size() > 5 ? " (" + words[5] + ")" : std::string());
  }
  if (event.channel == "+try-failover") return "stands for election";
  if (event.channel == "+vote-for-leader" && words.size() > 1) {
    return "votes for the sentinel of " + names.Of(words[0]) + " in epoch " + words[1];
  }
  if (event.channel == "+elected-leader") return "is elected and leads the failover";
  if (event.channel == "+selected-slave") return "chooses " + about + ", which holds the most";
  if (event.channel == "+promoted-slave") return about + " has taken the role of primary";
  if (event.channel == "+switch-master") return "names " + about + " as primary";
  if (event.channel == "+failover-end") return "all replicas follow " + about;
  if (event.channel == "+failover-end-for-timeout") return "gives up waiting for the replicas";
  if (event.channel.starts_with("-failover-abort")) {
    return "gives the failover up (" + event.channel.substr(1) + ")";
  }
  return "";
}

}  // namespace rha::cli
