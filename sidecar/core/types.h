// Words shared by every file of the Sentinel machine: time, epochs, ids, addresses.
//
// Time enters the machine only as the argument of Step(). LogicalClock has no now(), so code of
// this folder that wants to read a clock does not compile.
#pragma once

#include <chrono>
#include <compare>
#include <cstdint>
#include <string>

namespace rha::sidecar::core {

struct LogicalClock {
  using duration = std::chrono::milliseconds;
  using rep = duration::rep;
  using period = duration::period;
  using time_point = std::chrono::time_point<LogicalClock>;
  static constexpr bool is_steady = true;
};
using LogicalTime = LogicalClock::time_point;
using Millis = std::chrono::milliseconds;

// Never reached: "no deadline", "long ago".
inline constexpr LogicalTime kNever = LogicalTime::max();
inline constexpr LogicalTime kLongAgo = LogicalTime::min();

// Numbers one attempt to change the primary; grows for ever and is shared by all groups of a
// process.
using Epoch = uint64_t;

// Given out by the machine, never reused within one process; 0 is nobody.
enum class NodeId : uint32_t {};  // a data node (redisha-node or redis-server)
enum class PeerId : uint32_t {};  // another sidecar (redisha-sentinel or redis-sentinel)
inline constexpr NodeId kNoNode{0};
inline constexpr PeerId kNoPeer{0};

// Given out by the shell: names the client that waits for a Reply.
using RequestId = uint64_t;

struct Address {
  std::string host;  // IP, or host name where the user chose names
  uint16_t port = 0;

  bool empty() const { return host.empty(); }
  auto operator<=>(const Address&) const = default;
};

// "10.0.0.1:6379" (IPv6 as Redis prints it, without brackets).
inline std::string ToString(const Address& address) {
  return address.host + ":" + std::to_string(address.port);
}

enum class Role : uint8_t { kUnknown, kPrimary, kReplica };

// What a primary is asked for when its role is to move; see handover.h.
enum class HandoverStep : uint8_t { kHandOver, kAbort, kPause, kUnpause };

}  // namespace rha::sidecar::core
