// Bytes that are not the dataset's although they are in its memory: what an image (db.h) keeps of
// values that have changed or gone since it began, and its copies on their way to the file.
//
// They come back by themselves when the image has got on, so they must cost no key: maxmemory is
// compared with the memory in use less these.
//
// Whoever holds bytes does so by a Share. What a Share gives back counts until Settle(): another
// thread may have freed it, which the meter of memory (dispatch/node_state.h) does not know before
// it has asked the allocator again. So the sum is never too low, and too high for a moment only.
// Thread rule: the engine's thread; shares may go on any.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <utility>

namespace rha::node::keyspace {

class HeldMemory {
 public:
  int64_t bytes() const { return bytes_.load(std::memory_order_relaxed); }
  // The most since ResetPeak().
  int64_t peak_bytes() const { return std::max(peak_bytes_, bytes()); }
  void ResetPeak() { peak_bytes_ = 0; }
  // To be called just before the allocator is asked for the memory in use.
  void Settle() {
    peak_bytes_ = peak_bytes();
    bytes_.fetch_sub(returned_.exchange(0, std::memory_order_relaxed), std::memory_order_relaxed);
  }

  // Something is held whose size is not known yet.
  bool unmeasured() const { return unmeasured_ > 0; }
  void BeginMeasuring() { ++unmeasured_; }
  void EndMeasuring() { --unmeasured_; }

  class Share {
   public:
    Share() = default;
    explicit Share(HeldMemory* of, size_t bytes = 0) : of_(of) { Add(bytes); }
    Share(Share&& other) noexcept
        : of_(std::exchange(other.of_, nullptr)), bytes_(std::exchange(other.bytes_, 0)) {}
    Share& operator=(Share&& other) noexcept {
      std::swap(of_, other.of_);
      std::swap(bytes_, other.bytes_);
      return *this;
    }
    ~Share() {
      if (of_ != nullptr) of_->returned_.fetch_add(bytes_, std::memory_order_relaxed);
    }
    void Add(size_t bytes) {
      if (of_ == nullptr) return;
      bytes_ += static_cast<int64_t>(bytes);
      of_->bytes_.fetch_add(static_cast<int64_t>(bytes), std::memory_order_relaxed);
    }
    int64_t bytes() const { return bytes_; }

   private:
    HeldMemory* of_ = nullptr;
    int64_t bytes_ = 0;
  };

 private:
  std::atomic<int64_t> bytes_{0}, returned_{0};
  int64_t peak_bytes_ = 0;
  int unmeasured_ = 0;
};

}  // namespace rha::node::keyspace
