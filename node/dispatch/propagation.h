// What one command means for replicas: collected while it runs, sent when the outermost command
// ends.
//
// One change goes out as it is; several that belong together (EXEC, a command that expired a key on
// the way) go out between MULTI and EXEC, so a replica never shows half of them. When they are very
// many, the first leave before the command has ended.
//
// Thread rule: the engine's thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "node/dispatch/services.h"

namespace rha::node::dispatch {

class Propagation {
 public:
  // Nobody listens without a feed.
  void set_feed(Feed* feed) { feed_ = feed; }
  bool has_feed() const { return feed_ != nullptr; }

  bool empty() const { return pending_.empty() && !open_; }
  void Add(int db, Args command);
  // The end of the outermost command: sends what was collected. `together`: between MULTI and EXEC
  // if it is more than one change.
  void Flush(bool together = true);
  // Sends one change at once. REQUIRES: empty().
  void SendNow(int db, Args command) {
    if (feed_ != nullptr) feed_->Append(db, command);
  }

 private:
  struct Change {
    int db;
    std::vector<std::string> words;
  };
  void Begin();
  void Send(std::string_view word);
  void SendPending();

  Feed* feed_ = nullptr;
  std::vector<Change> pending_;
  size_t pending_bytes_ = 0;
  bool open_ = false;  // a MULTI has left
  int last_db_ = 0;    // of what was sent
};

}  // namespace rha::node::dispatch
