#include "tests/sim/checkers.h"

namespace rha::sim {

void Checkers::OnElected(int member, Epoch epoch) {
  auto [it, first] = leaders_.emplace(epoch, member);
  if (!first && it->second != member) {
    Fail("two leaders of epoch " + std::to_string(epoch) + ": pod-" + std::to_string(it->second) +
         " and pod-" + std::to_string(member));
  }
}

void Checkers::OnPromotion(int target, Epoch epoch, bool crossed) {
  auto [it, first] = promoted_.emplace(epoch, target);
  if (first && !(crossed && target == newest_)) ++promotions_;
  newest_ = target;
  if (!first && it->second != target) {
    Fail("two nodes promoted in epoch " + std::to_string(epoch) + ": pod-" +
         std::to_string(it->second) + " and pod-" + std::to_string(target));
  }
}

void Checkers::OnVote(int member, Epoch epoch, const std::string& candidate) {
  auto [it, first] = votes_.emplace(std::pair(member, epoch), candidate);
  if (!first && it->second != candidate) {
    Fail("pod-" + std::to_string(member) + " voted twice in epoch " + std::to_string(epoch));
  }
}

void Checkers::OnMemoryLost(int member, const std::string& id) {
  for (auto it = votes_.begin(); it != votes_.end();) {
    const bool own = it->first.first == member && it->second == id;
    it = own ? votes_.erase(it) : std::next(it);
  }
}

}  // namespace rha::sim
