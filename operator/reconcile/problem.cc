#include "operator/reconcile/problem.h"

#include "operator/api/conditions.h"

namespace rha::op::reconcile {

Problem ProblemOf(const Status& error) {
  namespace reason = api::reason;
  switch (error.code()) {
    case Code::kDenied:
      return {std::string(reason::kForbidden),
              error.message() + "; check the operator's ClusterRole", true};
    case Code::kInvalid:
    case Code::kUnsupported:
    case Code::kExhausted:
      return {std::string(reason::kRejected), error.message(), true};
    default:
      return {std::string(reason::kApiUnavailable), error.message(), false};
  }
}

}  // namespace rha::op::reconcile
