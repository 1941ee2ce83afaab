#include "node/repl/psync.h"

#include <fmt/format.h>

#include "node/repl/limits.h"

namespace rha::node::repl {

std::string History::NoId() { return std::string(kReplIdBytes, '0'); }

void History::Branch(std::string fresh_id, int64_t end) {
  second_id = std::move(id);
  second_offset = end + 1;
  id = std::move(fresh_id);
}

void History::Adopt(std::string other_id) {
  id = std::move(other_id);
  second_id = NoId();
  second_offset = -1;
}

PsyncDecision DecidePsync(const History& history, const HeldRange& held,
                          const PsyncRequest& request) {
  if (request.id == "?") return FullResync{"it has no data yet"};
  const bool same = request.id == history.id;
  const bool second = request.id == history.second_id && history.second_id != History::NoId();
  if (!same && !second) {
    return FullResync{fmt::format("it has history {}, this node has {} and {}", request.id,
                                  history.id, history.second_id)};
  }
  if (!same && request.offset > history.second_offset) {
    return FullResync{fmt::format("it has history {} up to {}, of which this node has {}",
                                  request.id, request.offset - 1, history.second_offset - 1)};
  }
  if (!held.active) return FullResync{"no history is kept here"};
  const int64_t position = request.offset - 1;
  if (position > held.end) {
    return FullResync{
        fmt::format("it asks for offset {}, this node has only {}", request.offset, held.end)};
  }
  if (position < held.begin) {
    return FullResync{fmt::format("it asks for offset {}, the backlog begins at {}", request.offset,
                                  held.begin + 1)};
  }
  return ContinueFrom{position};
}

}  // namespace rha::node::repl
