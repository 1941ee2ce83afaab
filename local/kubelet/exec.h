// A command inside of a running container, for `kubectl exec`. It dies with the thread that
// started it, which is its connection's.
#pragma once

#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "common/base/status.h"
#include "local/stream/exec_session.h"

namespace rha::local::kubelet {

// `spec`: Container::ExecSpec. An error names what could not be run.
Result<std::unique_ptr<stream::Process>> StartExec(const std::string& program, nlohmann::json spec,
                                                   const stream::ExecOptions& options);

}  // namespace rha::local::kubelet
