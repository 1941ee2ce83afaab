#include "node/dispatch/propagation.h"

#include <utility>

namespace rha::node::dispatch {

void Propagation::Add(int db, Args command) {
  if (feed_ == nullptr) return;
  pending_.push_back({db, std::vector<std::string>(command.begin(), command.end())});
}

void Propagation::Send(const Change& change) {
  const std::vector<std::string_view> views(change.words.begin(), change.words.end());
  feed_->Append(change.db, views);
}

void Propagation::Flush(bool together) {
  if (pending_.empty()) return;
  const std::vector<Change> changes = std::exchange(pending_, {});
  together = together && changes.size() > 1;
  const std::string_view multi[] = {"MULTI"};
  const std::string_view exec[] = {"EXEC"};
  if (together) feed_->Append(changes.front().db, multi);
  for (const Change& change : changes) Send(change);
  if (together) feed_->Append(changes.back().db, exec);
}

}  // namespace rha::node::dispatch
