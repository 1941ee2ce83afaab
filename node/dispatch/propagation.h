// What one command means for replicas: collected while it runs, sent when the outermost command
// ends.
//
// One change goes out as it is; several that belong together (EXEC, a command that expired a key on
// the way) go out between MULTI and EXEC, so a replica never shows half of them. When they are very
// many, the first leave before the command has ended.
//
// Thread rule: the engine's thread.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "node/dispatch/audience.h"
#include "node/dispatch/services.h"

namespace rha::node::dispatch {

class Propagation {
 public:
  // Who is told, in this order, of what is for `part` (kLog or kReplicas). Not owned.
  void AddSink(ChangeSink& sink, Audience part) { sinks_.push_back({&sink, part}); }
  void RemoveSink(ChangeSink& sink) {
    std::erase_if(sinks_, [&](const Sink& each) { return each.sink == &sink; });
  }

  bool empty() const { return pending_.empty() && !open_; }
  void Add(int db, Args command, Audience audience = kEverybody);
  // The end of the outermost command: sends what was collected. `together`: between MULTI and EXEC
  // if it is more than one change.
  void Flush(bool together = true);
  // Sends one change at once (`wire`: ChangeSink::Append). REQUIRES: empty().
  void SendNow(int db, Args command, Audience audience = kEverybody, std::string_view wire = {});
  // Forgets what was collected and has not left: the process ends.
  void Drop() {
    pending_.clear();
    pending_bytes_ = 0;
  }

 private:
  struct Sink {
    ChangeSink* sink;
    Audience part;
  };
  struct Change {
    int db;
    Audience audience;
    std::vector<std::string> words;
  };
  void Begin();
  void SendPending();

  std::vector<Sink> sinks_;
  std::vector<Change> pending_;
  size_t pending_bytes_ = 0;
  bool open_ = false;  // a MULTI has left
  int last_db_ = 0;    // of what was sent
};

}  // namespace rha::node::dispatch
