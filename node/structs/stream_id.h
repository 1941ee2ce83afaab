// The id of a stream's entry: milliseconds and a sequence number, in that order of weight.
// Thread rule: a value.
#pragma once

#include <compare>
#include <cstdint>

namespace rha::node::structs {

struct StreamId {
  uint64_t ms = 0;
  uint64_t seq = 0;

  auto operator<=>(const StreamId&) const = default;
  bool is_zero() const { return ms == 0 && seq == 0; }
  // The id behind and before this one. False: there is none; it stays.
  bool Increment() {
    if (*this == Max()) return false;
    if (++seq == 0) ++ms;
    return true;
  }
  bool Decrement() {
    if (is_zero()) return false;
    if (seq-- == 0) --ms;
    return true;
  }
  static constexpr StreamId Max() { return {UINT64_MAX, UINT64_MAX}; }
};

}  // namespace rha::node::structs
