// One replica of this node: what it is sent, and how far it has come.
//
// The session's owner sends from Peek(): the snapshot's bytes from its file, then the stream's from
// the backlog, neither copied per replica beyond the piece being sent. A replica that has been
// given all there is sleeps until Wake().
// Thread rule: the engine's thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "node/dispatch/session.h"
#include "node/repl/progress.h"
#include "node/repl/stream_packer.h"

namespace rha::node::repl {

class Backlog;
class OutgoingSnapshot;
class PrimarySide;

// What REPLCONF told before PSYNC.
struct ReplicaIdentity {
  uint16_t port = 0;
  std::string ip;  // empty: the connection's
  bool accepts_end_mark = false;
  bool accepts_new_id = false;
  bool own_kind = false;
  bool packed = false;          // the stream goes to it compressed
  bool rdb_only = false;        // it will leave behind the snapshot
  bool functions_only = false;  // of which it wants no keys
};

class Replica final : public dispatch::OutputStream {
 public:
  Replica(PrimarySide& owner, dispatch::Session& session, ReplicaIdentity identity);

  // Goes on in the stream at `position`.
  void Continue(int64_t position, MonoTime now);
  // Gets the snapshot, then the stream from where it was taken.
  void Attach(std::shared_ptr<OutgoingSnapshot> snapshot);
  void OnSnapshotEnded();
  // There may be something to send.
  void Wake();
  // A newline tells a replica that waits that we live.
  void KeepAlive();

  std::string_view Peek() override;
  std::string_view PeekNext(std::string_view piece) override;
  void Consume(size_t bytes) override;
  void OnInput() override;
  void OnClosed() override;

  // False: for longer than that it has neither taken any of the snapshot that it is offered nor
  // shown a sign of life.
  bool TakesSnapshotWithin(std::chrono::seconds limit) const;
  // INFO's word; one that is sent a snapshot while that is taken waits for it, as Redis has it.
  const char* InfoState() const;
  // Bytes of the stream that it may be sent and has not been.
  uint64_t pending_bytes() const;
  bool asleep() const { return asleep_; }
  bool starved() const { return asleep_ && snapshot_ != nullptr; }
  // First position of the stream that it still needs.
  int64_t needs_from() const { return progress.cursor; }
  std::string ip() const;
  const OutgoingSnapshot* snapshot() const { return snapshot_.get(); }

  dispatch::Session& session;
  const ReplicaIdentity identity;
  bool told_of_lifetimes = false;  // the log was, of this one
  Progress progress;
  bool position_known = false;       // progress.cursor means something
  MonoTime over_soft_limit_since{};  // epoch: it is not

 private:
  bool FillFromSnapshot();
  void FinishSnapshot();
  int64_t StreamEnd() const;
  std::string_view StreamAt(int64_t position) const;

  PrimarySide& owner_;
  const Backlog& backlog_;
  std::shared_ptr<OutgoingSnapshot> snapshot_;
  uint64_t snapshot_read_ = 0;
  bool length_announced_ = false;
  std::string end_mark_;
  std::unique_ptr<StreamPacker> packer_;  // none: the stream goes as it is
  // Bytes of no place of their own: header, piece of the snapshot, end mark, keep-alives, frames.
  std::string buffer_;
  size_t buffer_sent_ = 0;
  bool asleep_ = true;
  MonoTime taken_at_{};  // when a part of the snapshot left last, or was offered after a pause
};

}  // namespace rha::node::repl
