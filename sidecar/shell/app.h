// The sidecar as a process: wires loop, machine, server, labeler and pages together.
//
//   signals, sockets ─▶ Reactor ─▶ Server, links ─▶ Driver ─▶ machine
//                                     pages (HTTP threads) ─┘ ask the loop, bounded
// Thread rule: main's.
#pragma once

#include <string>
#include <vector>

namespace rha::sidecar::shell {

// The whole program; returns its exit code: 0 after a stop that was asked for, 1 after an error,
// which is one line on stderr. `args` without the program's name.
int RunSidecar(const std::vector<std::string>& args);

}  // namespace rha::sidecar::shell
