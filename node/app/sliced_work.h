// Work that is done a slice at a time, between the turns of the loop.
// Thread rule: the loop's thread.
#pragma once

#include <functional>
#include <optional>
#include <utility>

#include "common/net/reactor.h"

namespace rha::node::app {

class SlicedWork {
 public:
  // `slice` works for a moment and says when it wants to be called again, if there is more to do.
  using Slice = std::function<std::optional<Millis>()>;
  SlicedWork(net::Reactor& reactor, Slice slice) : reactor_(reactor), slice_(std::move(slice)) {}
  ~SlicedWork() { reactor_.Cancel(timer_); }
  SlicedWork(const SlicedWork&) = delete;
  SlicedWork& operator=(const SlicedWork&) = delete;

  // There is something to do.
  void Wake() {
    if (timer_ == 0) Schedule(Millis(0));
  }

 private:
  void Schedule(Millis delay) {
    timer_ = reactor_.After(delay, [this] {
      const std::optional<Millis> again = slice_();
      timer_ = 0;
      if (again) Schedule(*again);
    });
  }

  net::Reactor& reactor_;
  Slice slice_;
  net::TimerId timer_ = 0;  // set: a slice is to come, or running
};

}  // namespace rha::node::app
