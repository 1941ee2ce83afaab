// Any sequence of hostile events at the Sentinel machine, of both kinds of group: no broken
// invariant, no undefined arithmetic. The input is what HostileEvents chooses by.
#include <cstddef>
#include <cstdint>

#include "sidecar/core/hostile_events.h"

namespace {

using rha::sidecar::core::Bench;
using rha::sidecar::core::HostileEvents;
using rha::sidecar::core::LiveAmongHostiles;

// A choice of few takes a byte, one of many takes two; zeros once the bytes are used up.
class Bytes {
 public:
  Bytes(const uint8_t* data, size_t size) : data_(data), left_(size) {}
  uint64_t Below(uint64_t bound) {
    const uint64_t word = Next();
    return (bound > 256 ? word * 256 + Next() : word) % bound;
  }

 private:
  uint64_t Next() {
    if (left_ == 0) return 0;
    --left_;
    return *data_++;
  }
  const uint8_t* data_;
  size_t left_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  Bytes bytes(data + 1, size - 1);
  HostileEvents events([&](uint64_t bound) { return bytes.Below(bound); });
  const auto config = data[0] % 2 == 0 ? Bench::Member() : Bench::Classic(1);
  constexpr size_t kBytesPerEvent = 8;
  LiveAmongHostiles(config, events, static_cast<int>(size / kBytesPerEvent));
  return 0;
}
