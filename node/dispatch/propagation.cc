#include "node/dispatch/propagation.h"

#include <utility>

#include "node/dispatch/limits.h"

namespace rha::node::dispatch {

void Propagation::Add(int db, Args command, Audience audience) {
  if (sinks_.empty() || audience == kNobody) return;
  pending_.push_back({db, audience, std::vector<std::string>(command.begin(), command.end())});
  for (const std::string_view word : command) pending_bytes_ += word.size() + sizeof(std::string);
  if (pending_bytes_ < kPropagationBytesMax || pending_.size() == 1) return;
  if (!open_) Begin();
  SendPending();
}

void Propagation::Begin() {
  open_ = true;
  last_db_ = pending_.front().db;
  constexpr std::string_view kMulti[] = {"MULTI"};
  SendNow(last_db_, kMulti);
}

void Propagation::SendNow(int db, Args command, Audience audience, std::string_view wire) {
  for (const Sink& each : sinks_) {
    if ((audience & each.part) != 0) each.sink->Append(db, command, wire);
  }
}

void Propagation::SendPending() {
  for (const Change& change : std::exchange(pending_, {})) {
    const std::vector<std::string_view> views(change.words.begin(), change.words.end());
    SendNow(change.db, views, change.audience);
    last_db_ = change.db;
  }
  pending_bytes_ = 0;
}

void Propagation::Flush(bool together) {
  if (empty()) return;
  if (!open_ && together && pending_.size() > 1) Begin();
  SendPending();
  constexpr std::string_view kExec[] = {"EXEC"};
  if (std::exchange(open_, false)) SendNow(last_db_, kExec);
}

}  // namespace rha::node::dispatch
