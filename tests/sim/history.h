// What a data set holds, without holding it: a position in a tree of streams. Whoever appends at
// the end of a branch extends it; whoever appends where another has gone on already opens a branch
// of its own. So "does this copy hold that write" costs a walk up the branches, not a comparison of
// logs.
#pragma once

#include <cstdint>
#include <vector>

namespace rha::sim {

struct Position {
  int32_t branch = 0;  // 0: the root, which holds nothing
  int64_t length = 0;
  bool empty() const { return length == 0; }
  bool operator==(const Position&) const = default;
};

class Histories {
 public:
  Histories() { branches_.push_back({}); }

  Position Append(Position at) {
    if (at.branch == 0 || branches_[at.branch].length != at.length) {
      branches_.push_back({.parent = at.branch, .fork = at.length, .length = at.length});
      at.branch = static_cast<int32_t>(branches_.size()) - 1;
    }
    ++branches_[at.branch].length;
    return {at.branch, at.length + 1};
  }

  // The longest part that both hold.
  Position Common(Position a, Position b) const {
    while (a.branch != b.branch) {
      Position& later = a.branch > b.branch ? a : b;  // a child is always younger than its parent
      const Branch& branch = branches_[later.branch];
      later = {branch.parent, later.length < branch.fork ? later.length : branch.fork};
    }
    return a.length < b.length ? a : b;
  }
  bool Holds(Position whole, Position part) const {
    return part.empty() || Common(whole, part).length >= part.length;
  }

 private:
  struct Branch {
    int32_t parent = 0;
    int64_t fork = 0;  // this much is the parent's
    int64_t length = 0;
  };
  std::vector<Branch> branches_;
};

}  // namespace rha::sim
