// Which image the pods of a RedisHA run.
//
// A new operator brings a new image of its own. A RedisHA that names none keeps the image it was
// made with all the same, so that an upgrade of the operator does not restart every server of the
// cluster at once; what it could run instead is reported. Pure; any thread.
#pragma once

#include <string>

#include "operator/api/redisha.h"
#include "operator/reconcile/observe.h"

namespace rha::op::reconcile {

struct ImageChoice {
  std::string image;      // empty: nobody names one
  std::string held_back;  // the operator's own, if it is another and may not be used yet
};

// `own`: the image of the operator, or empty.
ImageChoice ChooseImage(const api::Spec& spec, const Observed& observed, const std::string& own);

}  // namespace rha::op::reconcile
