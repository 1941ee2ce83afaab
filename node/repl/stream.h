// The replication stream of this node: which history it belongs to, its recent bytes, and the only
// way to add to it.
//
//   as a primary   Append(): what commands changed, preceded by SELECT when the database differs
//   as a replica   AppendVerbatim(): what came from the primary, byte for byte, so that replicas
//                  of a replica share offsets with those of the primary
//
// Inactive until there is someone to keep it for; an inactive stream counts nothing, so before it
// becomes active again its history must get a new name (GiveUp does).
// Thread rule: the engine's thread.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

#include "node/dispatch/services.h"
#include "node/repl/backlog.h"
#include "node/repl/psync.h"

namespace rha::node::dispatch {
struct NodeState;
}

namespace rha::node::repl {

class StreamListener {
 public:
  virtual ~StreamListener() = default;
  // There are bytes that nobody has been told of.
  virtual void OnStreamGrown() = 0;
};

class Stream final : public dispatch::ChangeSink {
 public:
  Stream(dispatch::NodeState& state, uint64_t backlog_bytes);

  void set_listener(StreamListener* listener) { listener_ = listener; }

  // As a primary.
  void Append(int db, resp::Args request, std::string_view wire) override;
  // A command that concerns no database (PING, REPLCONF GETACK).
  void AppendCommand(std::initializer_list<std::string_view> words);
  // The next Append begins with SELECT: a snapshot was taken, or the role has changed.
  void ForgetSelectedDb() { selected_db_ = -1; }
  int selected_db() const { return selected_db_; }

  // As a replica.
  void AppendVerbatim(std::string_view bytes);

  // Gives up what exceeds the capacity and no replica needs.
  void Trim(uint64_t capacity_bytes, int64_t needed_from);

  bool active() const { return active_; }
  void Activate();
  // Forgets the bytes and the history they belong to.
  void GiveUp(std::string fresh_id);
  // The dataset now stands at `offset` of `history`.
  void StandAt(History history, int64_t offset);
  // Whether the stream is this node's own, and Append welcome: a primary's is, one that a replica
  // follows or that was found in a file is not.
  bool own() const { return own_; }
  void set_own(bool own);

  History& history() { return history_; }
  const History& history() const { return history_; }
  Backlog& backlog() { return backlog_; }
  const Backlog& backlog() const { return backlog_; }
  int64_t offset() const { return backlog_.end(); }

 private:
  void Grown();
  void PublishExtent();
  void Publish();

  dispatch::NodeState& state_;
  StreamListener* listener_ = nullptr;
  History history_;
  Backlog backlog_;
  bool active_ = false;
  bool own_ = true;
  int selected_db_ = -1;
};

}  // namespace rha::node::repl
