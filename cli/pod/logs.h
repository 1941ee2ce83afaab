// Logs of containers, through the API server. Blocking.
#pragma once

#include <string>
#include <vector>

#include "cli/cluster_client.h"
#include "cli/view/log_lines.h"
#include "cli/view/subject.h"

namespace rha::cli {

struct LogQuery {
  std::vector<std::string> containers = {"node", "sentinel"};
  int64_t tail_lines = -1;  // of each container; -1: all
  int64_t since_seconds = 0;
  bool previous = false;  // of the container's process before this one
  bool follow = false;
};

// A request for the log of one container.
k8s::HttpRequest LogRequest(const std::string& name_space, const std::string& pod,
                            const std::string& container, const LogQuery& query);
// All of them merged by time. A container without a log (not started, no process before) has no
// lines; other failures are told to `problems`, one line each.
std::vector<LogLine> ReadLogs(ClusterClient& client, const Subject& subject, const LogQuery& query,
                              std::vector<std::string>* problems);

}  // namespace rha::cli
