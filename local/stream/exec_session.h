// Couples a process, or a log that is followed, with the channels of an exec or attach. Runs on the
// connection's thread until either end is over.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "common/base/status.h"
#include "common/base/unique_fd.h"
#include "local/stream/channels.h"
#include "local/stream/duplex.h"

namespace rha::local::stream {

// A running process as its session sees it. All descriptors but `exited` are non-blocking.
class Process {
 public:
  virtual ~Process() = default;  // kills it if it still runs
  // Readable once it has ended.
  virtual int exited_fd() const = 0;
  // Its exit code; waits.
  virtual int Reap() = 0;

  UniqueFd input, output, error;  // of a terminal, `output` alone is used
  bool tty = false;
};

// Begins what the session shows; called once the client is ready. Its error is the client's answer.
using StartProcess = std::function<Result<std::unique_ptr<Process>>()>;
void RunExec(Duplex& wire, Channels& channels, const StartProcess& start);

// More of a log each time, "" for none now; nullopt: it is over.
using MoreOutput = std::function<std::optional<std::string>()>;
void RunAttach(Duplex& wire, Channels& channels, const MoreOutput& more);

// {"Width":80,"Height":24}; false when that is not what it says. Pure.
bool ParseResize(const std::string& text, uint16_t* columns, uint16_t* rows);

}  // namespace rha::local::stream
