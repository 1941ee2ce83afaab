// The operator as a process: configuration, pages, leader election, controller.
#pragma once

#include <stop_token>

#include "common/base/status.h"
#include "operator/app/options.h"

namespace rha::op::app {

// Runs until `stop` is requested (Ok) or something makes going on senseless: no configuration, a
// taken port, a lost lease.
Status Run(const Options& options, std::stop_token stop);

}  // namespace rha::op::app
