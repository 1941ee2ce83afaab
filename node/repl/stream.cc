#include "node/repl/stream.h"

#include "common/base/random_id.h"
#include "common/resp/writer.h"
#include "node/dispatch/node_state.h"
#include "node/repl/limits.h"

namespace rha::node::repl {

static_assert(Backlog::kReserveBytesMax >= resp::kRequestHeaderBytesMax);

Stream::Stream(dispatch::NodeState& state, uint64_t backlog_bytes)
    : state_(state), backlog_(backlog_bytes) {
  history_.Adopt(RandomHex(kReplIdBytes));
}

void Stream::PublishExtent() {
  state_.replication_offset = backlog_.end();
  state_.stream_excess_bytes = static_cast<int64_t>(backlog_.ExcessBytes());
}

void Stream::Publish() {
  PublishExtent();
  state_.stream_active = active_ && own_;
}

void Stream::Grown() {
  PublishExtent();
  if (listener_ != nullptr) listener_->OnStreamGrown();
}

void Stream::Append(int db, resp::Args request, std::string_view wire) {
  if (!active_ || !own_) return;
  if (db != selected_db_) {
    const std::string number = std::to_string(db);
    const std::string_view select[] = {"SELECT", number};
    resp::WriteRequest(resp::Args(select), backlog_);
    selected_db_ = db;
  }
  wire.empty() ? resp::WriteRequest(request, backlog_) : backlog_.Append(wire);
  Grown();
}

void Stream::AppendCommand(std::initializer_list<std::string_view> words) {
  if (!active_ || !own_) return;
  resp::WriteRequest(resp::Args(words.begin(), words.size()), backlog_);
  Grown();
}

void Stream::AppendVerbatim(std::string_view bytes) {
  backlog_.Append(bytes);
  Grown();
}

void Stream::Trim(uint64_t capacity_bytes, int64_t needed_from) {
  backlog_.set_capacity_bytes(capacity_bytes);
  backlog_.Trim(needed_from);
  PublishExtent();
}

void Stream::Activate() {
  if (active_) return;
  active_ = true;
  backlog_.Restart(backlog_.end());
  selected_db_ = -1;
  Publish();
}

void Stream::GiveUp(std::string fresh_id) {
  active_ = false;
  backlog_.Restart(backlog_.end());
  history_.Adopt(std::move(fresh_id));
  Publish();
}

void Stream::StandAt(History history, int64_t offset) {
  history_ = std::move(history);
  backlog_.Restart(offset);
  selected_db_ = -1;
  active_ = true;
  Publish();
}

void Stream::set_own(bool own) {
  own_ = own;
  Publish();
}

}  // namespace rha::node::repl
