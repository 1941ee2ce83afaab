// Scripted runs: a file of verbs, one per line, gives a trace that is compared with the file beside
// it (x.txt, x.trace). `--rewrite` writes the trace instead; the change is then reviewed as a diff.
//
//   members 3                  pods, before anything else     seed 7, quorum 2, down-after 1000
//                              initialised 1
//   start all | start 0 1      nodes (empty) and sidecars (no memory)
//   run 500                    logical milliseconds
//   settle                     until all agree; fails after 30 s
//   write 5 | write off        a client writes every so many milliseconds
//   kill-node 0                start-node 0, start-node 0 empty, start-node 0 load 5000
//   kill-sidecar 0             start-sidecar 0, start-sidecar 0 forgetful
//   stop-node 0, cont-node 0, stop-sidecar 0, cont-sidecar 0
//   move 0                     the pod goes and will come back at another address
//   island 0 1                 cuts these from the others    cut 0 2 (one way)    heal
//   failover 1                 SENTINEL FAILOVER sent to pod-1
//   failover 1 force 2         ... FORCE accept-loss-of pod-2
//   expect primary 2           also: expect promotions 1, expect no-agreement, expect address 0
//   none
#pragma once

#include <string>
#include <vector>

#include "common/base/status.h"

namespace rha::sim {

// The trace; an error names the line that could not be run or the expectation that failed.
Result<std::string> RunScenario(const std::string& text);
// Runs the file and compares or rewrites its trace.
Status CheckScenario(const std::string& path, bool rewrite);

}  // namespace rha::sim
