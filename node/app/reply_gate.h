// When what a turn has answered may leave: not before the changes it may have seen are where they
// were promised to be.
//
// A turn that ends while something is outstanding gets a ticket, which opens once the append-only
// file is durable (appendfsync always) and enough copies have the stream (RoleOrder::copies) as far
// as both went then. Tickets open in their order.
// Thread rule: one owner. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>

namespace rha::node::app {

struct Reached {
  int64_t logged = 0;      // bytes of the append-only file
  int64_t replicated = 0;  // offset of the replication stream
  bool Covers(const Reached& wanted) const {
    return logged >= wanted.logged && replicated >= wanted.replicated;
  }
  bool operator==(const Reached&) const = default;
};

class ReplyGate {
 public:
  // More tickets than that are not told apart: the newest then waits for what came after it too.
  static constexpr size_t kTicketsMax = 4096;

  // For what has been answered by a turn that ends with both at `made`.
  int64_t Ticket(const Reached& made) {
    if (!closed_.empty() && (closed_.back() == made || closed_.size() >= kTicketsMax)) {
      closed_.back() = made;
    } else {
      closed_.push_back(made);
    }
    return newest();
  }
  void Open(const Reached& reached) {
    while (!closed_.empty() && reached.Covers(closed_.front())) {
      closed_.pop_front();
      ++opened_;
    }
  }
  // Newest of those that are open, and of all.
  int64_t opened() const { return opened_; }
  int64_t newest() const { return opened_ + static_cast<int64_t>(closed_.size()); }

 private:
  int64_t opened_ = 0;
  std::deque<Reached> closed_;  // what the tickets after opened_ wait for
};

}  // namespace rha::node::app
