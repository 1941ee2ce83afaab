// Starting and signalling the processes of containers. Any thread may start; a child dies with the
// thread that started it, so that is the kubelet's own.
#pragma once

#include <sys/types.h>

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "common/base/status.h"
#include "common/base/unique_fd.h"

namespace rha::local::kubelet {

struct SpawnRequest {
  std::string program;  // this binary
  const char* verb;     // container-init or container-exec
  const nlohmann::json& spec;
  int output_fd = -1;          // stdout, and stderr unless `error_fd` is given; -1: /dev/null
  bool new_namespaces = true;  // false: an exec, or containers without isolation
  int input_fd = -1;           // stdin; -1: /dev/null
  int error_fd = -1;
};

struct Child {
  pid_t pid = 0;
  UniqueFd pid_fd;     // readable when it has ended
  UniqueFd status_fd;  // a line if it could not start, then its end
};

// True when containers need a user namespace, since we may not make the others without one.
bool NeedsUserNamespace();
// kDenied: namespaces cannot be made.
Result<Child> Spawn(const SpawnRequest& request);

struct Exit {
  int code = 0;  // 128 + signal when killed
  int signal_number = 0;
};
// The outcome of a child that has ended.
Exit Reap(const Child& child);
void Signal(const Child& child, int signal_number);

}  // namespace rha::local::kubelet
