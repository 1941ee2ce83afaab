// What a handler gets: the state, the time of this step, and the list its actions go to.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>

#include "sidecar/core/action.h"
#include "sidecar/core/state.h"

namespace rha::sidecar::core {

class Context {
 public:
  Context(State& state, LogicalTime now, Actions& out) : s(state), now(now), out_(out) {}

  template <typename A>
  void Do(A action) {
    out_.emplace_back(std::move(action));
  }

  // Redis' event about a group, node or peer: "<type> <name> <ip> <port>[ @ <group> <ip> <port>]",
  // then " " and `extra` when there is one.
  void GroupEvent(std::string_view channel, const Group& group, std::string_view extra = {});
  void NodeEvent(std::string_view channel, const Group& group, const Node& node,
                 std::string_view extra = {});
  void PeerEvent(std::string_view channel, const Group& group, const Peer& peer,
                 std::string_view extra = {});
  // An event whose payload has no instance in it; of no group: null.
  void PlainEvent(std::string_view channel, std::string payload, const Group* group = nullptr);
  void Note(std::string text) { Do(Log{.warning = false, .text = std::move(text)}); }
  void Warn(std::string text) { Do(Log{.warning = true, .text = std::move(text)}); }

  // The shell will deliver a Tick no later than `at`.
  void WakeBy(LogicalTime at) { s.next_wake = std::min(s.next_wake, std::max(at, now)); }
  bool Elapsed(LogicalTime since, Millis period) const {
    return since == kLongAgo || now - since >= period;
  }

  // The state changed in a way that must be durable; written once, at the end of the step.
  void NeedPersist() { s.persist_needed = true; }
  // The number the Persist of this step will carry.
  uint64_t NextPersistSeq() const { return s.persist_seq + 1; }

  State& s;
  const LogicalTime now;

 private:
  void Publish(std::string_view channel, std::string payload, const Group* group);
  Actions& out_;
};

// The primary's address as others are told it; zeroes for a group without one.
Address PrimaryAddressOrZero(const State& state, const Group& group);

}  // namespace rha::sidecar::core
