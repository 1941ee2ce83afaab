// A question from another thread to the loop, with a bounded wait.
#pragma once

#include <future>
#include <memory>
#include <optional>
#include <utility>

#include "common/base/clock.h"
#include "common/net/reactor.h"

namespace rha::sidecar::shell {

// Runs `answer` in the loop. Nothing: the loop did not come to it within `wait` (it may do so
// later). What `answer` refers to must live as long as the reactor runs.
template <typename T, typename Answer>
std::optional<T> AskLoop(net::Reactor& reactor, Millis wait, Answer answer) {
  auto promise = std::make_shared<std::promise<T>>();
  std::future<T> future = promise->get_future();
  reactor.Post([promise, answer = std::move(answer)]() mutable { promise->set_value(answer()); });
  if (future.wait_for(wait) != std::future_status::ready) return std::nullopt;
  return future.get();
}

}  // namespace rha::sidecar::shell
