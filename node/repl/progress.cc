#include "node/repl/progress.h"

#include <algorithm>

namespace rha::node::repl {

void Progress::OnSnapshotBegins(int64_t position) {
  state = SendingSnapshot{};
  cursor = acked = position;
}

void Progress::OnSnapshotSent(bool announced_length, MonoTime now) {
  if (announced_length) {
    state = Streaming{};
  } else {
    state = AwaitingFirstAck{};
  }
  heard_at = now;
}

void Progress::OnContinue(int64_t position, MonoTime now) {
  state = Streaming{};
  cursor = acked = position;
  heard_at = now;
}

bool Progress::OnAck(int64_t offset, MonoTime now, int64_t on_disk) {
  // An acknowledgement while the snapshot is under way says only that the replica lives.
  heard_at = now;
  // Nobody has more than was sent to it: whoever says so would answer WAIT for what it never got.
  offset = std::min(offset, cursor);
  synced = std::max(synced, std::min(on_disk, cursor));
  applied = std::max(applied, offset);
  if (std::holds_alternative<AwaitingFirstAck>(state)) {
    state = Streaming{};
    acked = std::max(acked, offset);
    return true;
  }
  if (streaming()) acked = std::max(acked, offset);
  return false;
}

int64_t Progress::LagSeconds(MonoTime now) const {
  return std::chrono::duration_cast<std::chrono::seconds>(now - heard_at).count();
}

const char* Progress::InfoState() const {
  if (streaming()) return "online";
  return std::holds_alternative<WaitingForSnapshot>(state) ? "wait_bgsave" : "send_bulk";
}

}  // namespace rha::node::repl
