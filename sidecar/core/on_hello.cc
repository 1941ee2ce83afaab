#include "sidecar/core/election.h"
#include "sidecar/core/handlers.h"
#include "sidecar/core/hello.h"
#include "sidecar/core/links.h"
#include "sidecar/core/mode.h"
#include "sidecar/core/mutants.h"
#include "sidecar/core/names.h"
#include "sidecar/core/topology.h"

namespace rha::sidecar::core {
namespace {

// A new sidecar, or a known one at a new address (sentinelProcessHelloMessage).
Peer* LearnPeer(Context& c, Group& group, const Hello& hello) {
  Peer* peer = FindPeerByRunId(c.s, hello.id);
  if (peer != nullptr && group.views.count(peer->id) > 0) {
    if (peer->address != hello.sentinel) {
      peer->address = hello.sentinel;
      RedialPeer(c, *peer);
      c.GroupEvent("+sentinel-address-switch", group,
                   "ip " + hello.sentinel.host + " port " + std::to_string(hello.sentinel.port) +
                       " for " + hello.id);
      c.NeedPersist();
    }
    return peer;
  }
  if (c.s.peers.size() >= kPeersMax) return nullptr;
  for (auto& [id, other] : c.s.peers) {
    if (other.run_id == hello.id || other.address != hello.sentinel) continue;
    if (group.views.count(id) == 0) continue;
    c.PeerEvent("+sentinel-invalid-addr", group, other);
    LeaveGroup(c, group, id);
    break;
  }
  if (peer == nullptr) peer = &AddPeer(c, hello.id, hello.sentinel);
  group.views[peer->id];
  c.PeerEvent("+sentinel", group, *peer);
  c.NeedPersist();
  return peer;
}

// Redis adopts a primary of a strictly newer epoch only; so do we, from a hello. The tie of equal
// epochs is broken by beats, which say who won.
void AdoptConfig(Context& c, Group& group, const Hello& hello, const Peer* peer) {
  if (peer == nullptr || hello.config_epoch <= group.config_epoch) return;
  Node* node = FindNodeByAddress(c.s, group, hello.primary);
  if (node == nullptr) {
    if (!MakeRoomForNode(c, group, hello.primary)) return;
    node = &AddNode(c, group, hello.primary);
  }
  SwitchPrimary(c, group, {.node = node->id, .epoch = hello.config_epoch, .informer = peer});
}

}  // namespace

void OnHello(Context& c, const HelloReceived& event) {
  const auto hello = ParseHello(event.payload);
  if (!hello || hello->id == c.s.my_id) return;
  auto it = c.s.groups.find(hello->group);
  if (it == c.s.groups.end()) return;
  Group& group = it->second;
  // Ours tell all in their beats, where they prove who they are: a hello is news of nothing.
  if (group.mode().peers_are_ours && !Mutated(Mutant::kHelloBelieved)) {
    Peer* sender = event.proven == hello->id ? FindPeerByRunId(c.s, hello->id) : nullptr;
    if (sender != nullptr) sender->last_hello_received = sender->last_heard = c.now;
    return;
  }
  if (!IsUsableHost(c.s, hello->sentinel.host)) return;
  Peer* peer = LearnPeer(c, group, *hello);
  if (peer != nullptr) peer->current_epoch = hello->current_epoch;
  const Epoch newest = std::max(hello->current_epoch, hello->config_epoch);
  if (SeeEpoch(c, group, newest)) AdoptConfig(c, group, *hello, peer);
  if (peer != nullptr) {
    peer->last_hello_received = c.now;
    peer->last_heard = c.now;
  }
  Evaluate(c, group);
}

}  // namespace rha::sidecar::core
