#include "node/dispatch/session.h"

#include "node/dispatch/blocking.h"
#include "node/dispatch/peers.h"
#include "node/dispatch/pubsub.h"

namespace rha::node::dispatch {

Session::Session(SessionKind kind) : kind(kind) {}
Session::~Session() = default;

const std::string& Session::peer_name() const {
  static const std::string kNobody;
  return peer != nullptr ? peer->responder.peer() : kNobody;
}

}  // namespace rha::node::dispatch
