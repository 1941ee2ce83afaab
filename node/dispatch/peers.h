// The members of our RedisHA among those who send commands (common/trust): a session that proved
// itself with the cluster's key is a peer session, and only there are roles assigned.
//
// Thread rule: the engine's thread.
#pragma once

#include <memory>
#include <string>
#include <utility>

#include "common/trust/peer_proof.h"

namespace rha::node::dispatch {

// What this node is a member of, as the configuration says.
struct Membership {
  trust::Identity self;  // redisha-cluster-uid, redisha-node-name
  trust::PeerKeys keys;  // redisha-peer-key-file
  // By which members may have dialled besides where a connection reached us: replica-announce-ip
  // and -port. Empty: none, or a host name, which anybody's answer of DNS could be.
  std::string announced_address;

  // False: this node belongs to no RedisHA, and nobody is its peer.
  bool known() const { return !keys.all().empty(); }
};

// A session that has said REDISHA HELLO.
struct PeerState {
  explicit PeerState(trust::Responder responder) : responder(std::move(responder)) {}
  trust::Responder responder;
};

}  // namespace rha::node::dispatch
