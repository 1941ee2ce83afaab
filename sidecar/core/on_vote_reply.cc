#include "sidecar/core/election.h"
#include "sidecar/core/handlers.h"

namespace rha::sidecar::core {

void OnVoteReply(Context& c, const VoteReply& event) {
  auto peer = c.s.peers.find(event.peer);
  auto it = c.s.groups.find(event.group);
  if (peer == c.s.peers.end() || it == c.s.groups.end()) return;
  Group& group = it->second;
  auto view = group.views.find(event.peer);
  if (view == group.views.end()) return;
  peer->second.last_heard = c.now;
  if (event.leader != "*" && !SeeEpoch(c, group, event.leader_epoch)) return;
  view->second.says_down = event.down;
  view->second.says_down_at = c.now;
  if (event.leader != "*") {
    view->second.leader = event.leader;
    view->second.leader_epoch = event.leader_epoch;
  }
  Evaluate(c, group);
}

}  // namespace rha::sidecar::core
