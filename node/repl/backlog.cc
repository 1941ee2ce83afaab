#include "node/repl/backlog.h"

#include <algorithm>

#include "common/base/check.h"

namespace rha::node::repl {

void Backlog::Restart(int64_t position) {
  chunks_.clear();
  spare_.reset();
  first_chunk_at_ = begin_ = end_ = position;
}

void Backlog::AppendInPieces(std::string_view bytes) {
  while (!bytes.empty()) {
    if (chunks_.empty() || chunks_.back().used == kBacklogChunkBytes) {
      if (chunks_.empty()) first_chunk_at_ = end_;
      auto fresh =
          spare_ ? std::move(spare_) : std::make_unique_for_overwrite<char[]>(kBacklogChunkBytes);
      chunks_.push_back({std::move(fresh), 0});
    }
    Chunk& last = chunks_.back();
    const size_t copied = bytes.copy(last.bytes.get() + last.used, kBacklogChunkBytes - last.used);
    last.used += copied;
    end_ += static_cast<int64_t>(copied);
    bytes.remove_prefix(copied);
  }
}

void Backlog::Trim(int64_t needed_from) {
  const int64_t by_capacity = end_ - static_cast<int64_t>(capacity_bytes_);
  begin_ = std::max(begin_, std::min(by_capacity, needed_from));
  while (!chunks_.empty() && chunks_.front().used == kBacklogChunkBytes &&
         first_chunk_at_ + static_cast<int64_t>(kBacklogChunkBytes) <= begin_) {
    spare_ = std::move(chunks_.front().bytes);
    chunks_.pop_front();
    first_chunk_at_ += static_cast<int64_t>(kBacklogChunkBytes);
  }
}

std::string_view Backlog::At(int64_t position) const {
  RHA_CHECK(Holds(position));
  if (position == end_) return {};
  const auto distance = static_cast<size_t>(position - first_chunk_at_);
  const Chunk& chunk = chunks_[distance / kBacklogChunkBytes];
  const size_t skip = distance % kBacklogChunkBytes;
  return {chunk.bytes.get() + skip, chunk.used - skip};
}

size_t Backlog::memory_bytes() const {
  return (chunks_.size() + (spare_ ? 1 : 0)) * kBacklogChunkBytes;
}

}  // namespace rha::node::repl
