#include "node/repl/replica.h"

#include <algorithm>

#include "common/base/log.h"
#include "common/base/random_id.h"
#include "node/repl/limits.h"
#include "node/repl/outgoing_snapshot.h"
#include "node/repl/primary_side.h"

namespace rha::node::repl {

Replica::Replica(PrimarySide& owner, dispatch::Session& session, ReplicaIdentity identity)
    : session(session),
      identity(std::move(identity)),
      owner_(owner),
      backlog_(owner.stream().backlog()) {
  if (this->identity.packed) packer_ = std::make_unique<StreamPacker>();
  session.kind = dispatch::SessionKind::kReplica;
  session.set_stream(this);
}

void Replica::Continue(int64_t position, MonoTime now) {
  progress.OnContinue(position, now);
  position_known = true;
  Wake();
}

void Replica::Attach(std::shared_ptr<OutgoingSnapshot> snapshot) {
  snapshot_ = std::move(snapshot);
  progress.cursor = progress.acked = snapshot_->position();
  progress.heard_at = taken_at_ = owner_.now();
  position_known = true;
  // Without the mark the length must be known first, so such a replica waits for the whole file.
  if (!snapshot_->running()) {
    OnSnapshotEnded();
  } else if (identity.accepts_end_mark) {
    end_mark_ = RandomHex(kEofMarkBytes);
    buffer_ += "$EOF:" + end_mark_ + "\r\n";
    progress.OnSnapshotBegins(snapshot_->position());
  }
  Wake();
}

void Replica::OnSnapshotEnded() {
  if (std::holds_alternative<WaitingForSnapshot>(progress.state)) {
    length_announced_ = true;
    buffer_ += "$" + std::to_string(snapshot_->size()) + "\r\n";
    progress.OnSnapshotBegins(snapshot_->position());
  }
  Wake();
}

void Replica::Wake() {
  if (!asleep_) return;
  asleep_ = false;
  taken_at_ = owner_.now();
  session.WantWrite();
}

void Replica::KeepAlive() {
  if (!std::holds_alternative<WaitingForSnapshot>(progress.state) || !buffer_.empty()) return;
  buffer_ = "\n";
  Wake();
}

bool Replica::FillFromSnapshot() {
  buffer_.resize(kSnapshotReadBytes);
  const Result<size_t> got = snapshot_->Read(snapshot_read_, buffer_.data(), buffer_.size());
  buffer_.resize(got.value_or(0));
  buffer_sent_ = 0;
  if (!got.ok()) {
    log::Warn("replica {}: {}", ip(), got.status().message());
    session.Close(dispatch::Session::CloseMode::kNow);
    return false;
  }
  snapshot_read_ += *got;
  if (*got > 0) return true;
  if (snapshot_->running()) return false;
  FinishSnapshot();
  return !buffer_.empty();
}

void Replica::FinishSnapshot() {
  buffer_ = end_mark_;
  buffer_sent_ = 0;
  snapshot_.reset();
  progress.OnSnapshotSent(length_announced_, owner_.now());
  owner_.OnProgress(*this);
}

// What this node must have on its own disk first waits for that, and is nobody's fault but its own.
int64_t Replica::StreamEnd() const { return std::min(owner_.forwarded_offset(), backlog_.end()); }

std::string_view Replica::StreamAt(int64_t position) const {
  const int64_t left = StreamEnd() - position;
  return left > 0 ? backlog_.At(position).substr(0, static_cast<size_t>(left)) : std::string_view();
}

std::string_view Replica::Peek() {
  if (buffer_sent_ < buffer_.size()) return std::string_view(buffer_).substr(buffer_sent_);
  buffer_.clear();
  buffer_sent_ = 0;
  if (std::holds_alternative<SendingSnapshot>(progress.state) && FillFromSnapshot()) return buffer_;
  std::string_view piece;
  if (progress.wants_stream() && buffer_.empty()) piece = StreamAt(progress.cursor);
  if (!piece.empty() && packer_ != nullptr) {
    piece = piece.substr(0, kPackedPieceBytesMax);
    packer_->Pack(piece, &buffer_);
    progress.cursor += static_cast<int64_t>(piece.size());
    owner_.CountPacked(piece.size(), buffer_.size());
  }
  if (!buffer_.empty()) return buffer_;
  if (piece.empty()) {
    asleep_ = true;
    owner_.OnAsleep(*this);
  }
  return piece;
}

std::string_view Replica::PeekNext(std::string_view piece) {
  if (piece.empty() || !buffer_.empty()) return {};
  return StreamAt(progress.cursor + static_cast<int64_t>(piece.size()));
}

void Replica::Consume(size_t bytes) {
  if (snapshot_ != nullptr) taken_at_ = owner_.now();
  if (buffer_sent_ < buffer_.size()) {
    buffer_sent_ += bytes;
    return;
  }
  progress.cursor += static_cast<int64_t>(bytes);
}

const char* Replica::InfoState() const {
  const bool taken = snapshot_ == nullptr || !snapshot_->running();
  return taken ? progress.InfoState() : "wait_bgsave";
}

bool Replica::TakesSnapshotWithin(std::chrono::seconds limit) const {
  const bool offered = std::holds_alternative<SendingSnapshot>(progress.state) && !asleep_;
  return !offered || owner_.now() - std::max(taken_at_, progress.heard_at) <= limit;
}

// Redis: a newline from a replica that loads its snapshot counts as an acknowledgement.
void Replica::OnInput() { progress.heard_at = owner_.now(); }

void Replica::OnClosed() { owner_.OnClosed(*this); }

uint64_t Replica::pending_bytes() const {
  return position_known ? static_cast<uint64_t>(std::max<int64_t>(StreamEnd() - progress.cursor, 0))
                        : 0;
}

std::string Replica::ip() const {
  if (!identity.ip.empty()) return identity.ip;
  const std::string ip = session.peer_address.substr(0, session.peer_address.rfind(':'));
  return ip.starts_with('[') ? ip.substr(1, ip.size() - 2) : ip;  // an IPv6 address is written bare
}

}  // namespace rha::node::repl
