#include "common/k8s/watch_lines.h"

namespace rha::k8s {

Status WatchLines::Feed(std::string_view chunk,
                        const std::function<Status(std::string_view)>& on_line) {
  while (!chunk.empty()) {
    const size_t end = chunk.find('\n');
    const std::string_view piece = chunk.substr(0, end);
    if (partial_.size() + piece.size() > line_bytes_max_) {
      return Status(Code::kExhausted,
                    "a watch event exceeds " + std::to_string(line_bytes_max_) + " bytes");
    }
    if (end == std::string_view::npos) {
      partial_ += piece;
      return {};
    }
    chunk.remove_prefix(end + 1);
    // A line that came whole is handed on without a copy.
    std::string joined;
    std::string_view line = piece;
    if (!partial_.empty()) {
      joined = std::move(partial_);
      partial_.clear();
      joined += piece;
      line = joined;
    }
    if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
    if (!line.empty()) RHA_RETURN_IF_ERROR(on_line(line));
  }
  return {};
}

}  // namespace rha::k8s
