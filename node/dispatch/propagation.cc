#include "node/dispatch/propagation.h"

#include <utility>

#include "node/dispatch/limits.h"

namespace rha::node::dispatch {

void Propagation::Add(int db, Args command) {
  if (feed_ == nullptr) return;
  pending_.push_back({db, std::vector<std::string>(command.begin(), command.end())});
  for (const std::string_view word : command) pending_bytes_ += word.size() + sizeof(std::string);
  if (pending_bytes_ < kPropagationBytesMax || pending_.size() == 1) return;
  if (!open_) Begin();
  SendPending();
}

void Propagation::Begin() {
  open_ = true;
  last_db_ = pending_.front().db;
  Send("MULTI");
}

void Propagation::Send(std::string_view word) { feed_->Append(last_db_, {&word, 1}); }

void Propagation::SendPending() {
  for (const Change& change : std::exchange(pending_, {})) {
    const std::vector<std::string_view> views(change.words.begin(), change.words.end());
    feed_->Append(change.db, views);
    last_db_ = change.db;
  }
  pending_bytes_ = 0;
}

void Propagation::Flush(bool together) {
  if (empty()) return;
  if (!open_ && together && pending_.size() > 1) Begin();
  SendPending();
  if (std::exchange(open_, false)) Send("EXEC");
}

}  // namespace rha::node::dispatch
