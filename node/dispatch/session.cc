#include "node/dispatch/session.h"

#include "node/dispatch/blocking.h"
#include "node/dispatch/peers.h"
#include "node/dispatch/pubsub.h"
#include "node/dispatch/tracking.h"

namespace rha::node::dispatch {

Session::Session(SessionKind kind) : kind(kind) {}
Session::~Session() = default;

const std::string& Session::peer_name() const {
  static const std::string kNobody;
  return peer != nullptr ? peer->responder.peer() : kNobody;
}

resp::OutputChain& Session::push_out() {
  if (!answering_) return out_;
  Governor* const governor = this;
  if (pushes_ == nullptr) pushes_ = std::make_unique<resp::OutputChain>(governor);
  return *pushes_;
}

void Session::SendPushes() {
  out_.Append(std::move(*pushes_));
  pushes_.reset();
  WantWrite();
}

size_t Session::output_memory_bytes() const {
  return (out_.empty() ? 0 : out_.held_bytes()) + (pushes_ != nullptr ? pushes_->held_bytes() : 0);
}

size_t Session::memory_bytes() const {
  size_t bytes = sizeof *this + out_.held_bytes() + transaction.bytes + watcher.bytes();
  if (pushes_ != nullptr) bytes += pushes_->held_bytes();
  if (pubsub != nullptr) bytes += pubsub->bytes;
  if (blocked != nullptr) bytes += blocked->bytes;
  if (tracking != nullptr) bytes += tracking->bytes;
  return bytes;
}

}  // namespace rha::node::dispatch
