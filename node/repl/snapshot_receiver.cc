#include "node/repl/snapshot_receiver.h"

#include <algorithm>

namespace rha::node::repl {

SnapshotReceiver::Taken SnapshotReceiver::Take(std::string_view input, std::string* out) {
  if (length_ >= 0) {
    const size_t taken =
        std::min<uint64_t>(input.size(), static_cast<uint64_t>(length_ - received_));
    out->append(input.substr(0, taken));
    received_ += static_cast<int64_t>(taken);
    return {taken, received_ == length_};
  }
  held_.append(input);
  if (held_.size() < end_mark_.size()) return {input.size(), false};
  const size_t certain = held_.size() - end_mark_.size();
  out->append(held_, 0, certain);
  received_ += static_cast<int64_t>(certain);
  held_.erase(0, certain);
  return {input.size(), held_ == end_mark_};
}

}  // namespace rha::node::repl
