// Why a RedisHA is not what was asked for: a condition's reason and message, and whether waiting
// helps.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/base/status.h"

namespace rha::op::reconcile {

struct Problem {
  std::string reason;   // operator/api/conditions.h
  std::string message;  // says what to do
  // Somebody must act: shown as Stalled. Otherwise the operator's retries will do.
  bool stalls = true;

  bool operator==(const Problem&) const = default;
};

// The problem that a failed call to the API server is.
Problem ProblemOf(const Status& error);

}  // namespace rha::op::reconcile
