#include "sidecar/core/handlers.h"
#include "sidecar/core/links.h"

namespace rha::sidecar::core {

void OnPeerLink(Context& c, const PeerLinkUp& event) {
  auto it = c.s.peers.find(event.peer);
  if (it == c.s.peers.end()) return;
  Peer& peer = it->second;
  MarkUp(peer.link, c.now);
  NoteStranger(c, &peer.stranger, "sentinel " + ToString(peer.address), "");
  peer.extension_refused = false;
  peer.last_hello_sent = kLongAgo;
  for (auto& [name, group] : c.s.groups) {
    auto view = group.views.find(peer.id);
    if (view == group.views.end()) continue;
    view->second.asked_at = kLongAgo;
    SendBeat(c, group, peer.id);
    Evaluate(c, group);
  }
}

void OnPeerLink(Context& c, const PeerLinkDown& event) {
  auto it = c.s.peers.find(event.peer);
  if (it == c.s.peers.end()) return;
  Peer& peer = it->second;
  MarkDown(peer.link, c.now);
  NoteLinkDown(c, peer.link, &peer.stranger, "sentinel " + ToString(peer.address), event.reason,
               event.why);
}

}  // namespace rha::sidecar::core
