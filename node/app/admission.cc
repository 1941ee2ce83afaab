#include "node/app/admission.h"

#include <algorithm>

#include "node/app/limits.h"

namespace rha::node::app {

Admission::Arrival Admission::Arrive(uint64_t id, bool authenticated, const Limits& limits) {
  Arrival arrival;
  const bool full = counted() >= limits.clients_max;
  if (full && strangers_.empty() && !limits.has_members) return {.admitted = false};
  if (full && limits.has_members) {
    if (over_limit_.size() >= kOverLimitMax) arrival.leaves = over_limit_.begin()->first;
    if (strangers_.empty()) {
      arrival.over_limit = true;
      over_limit_.emplace(id, 0);
      return arrival;
    }
    const auto oldest = strangers_.begin();
    arrival.put_over_limit = oldest->first;
    over_limit_.insert(strangers_.extract(oldest));
  } else if (full || (!authenticated && strangers_.size() >= kStrangersMax)) {
    arrival.leaves = strangers_.begin()->first;
  }
  if (authenticated) {
    ++clients_;
  } else {
    strangers_.emplace(id, 0);
  }
  return arrival;
}

bool Admission::Forget(Waiting& waiting, uint64_t id) {
  const auto found = waiting.find(id);
  if (found == waiting.end()) return false;
  waiting_bytes_ -= found->second;
  waiting.erase(found);
  return true;
}

void Admission::BecomeClient(uint64_t id) {
  if (Forget(strangers_, id)) ++clients_;
}

void Admission::BecomeMember(uint64_t id) {
  if (!members_.insert(id).second) return;
  if (!Forget(strangers_, id) && !Forget(over_limit_, id)) --clients_;
}

void Admission::Leave(uint64_t id) {
  if (Forget(strangers_, id) || Forget(over_limit_, id) || members_.erase(id) != 0) return;
  --clients_;
}

std::optional<uint64_t> Admission::Hold(uint64_t id, size_t bytes) {
  auto held = strangers_.find(id);
  if (held == strangers_.end()) {
    held = over_limit_.find(id);
    if (held == over_limit_.end()) return std::nullopt;
  }
  waiting_bytes_ += bytes - held->second;
  held->second = bytes;
  if (waiting_bytes_ <= kStrangersBytesMax) return std::nullopt;
  const auto less = [](const auto& a, const auto& b) { return a.second < b.second; };
  for (const Waiting* waiting : {&strangers_, &over_limit_}) {
    const auto most = std::max_element(waiting->begin(), waiting->end(), less);
    if (most != waiting->end() && most->second > bytes) {
      id = most->first;
      bytes = most->second;
    }
  }
  return id;
}

}  // namespace rha::node::app
