#include "sidecar/core/links.h"

#include <algorithm>

#include "sidecar/core/down.h"
#include "sidecar/core/extension.h"
#include "sidecar/core/hello.h"
#include "sidecar/core/membership.h"
#include "sidecar/core/mode.h"
#include "sidecar/core/mutants.h"
#include "sidecar/core/names.h"
#include "sidecar/core/topology.h"
#include "sidecar/core/witness.h"

namespace rha::sidecar::core {
namespace {

// Redis pings every min(1 s, down-after); ten pings within down-after notice a hang sooner at the
// same threshold.
Millis PingPeriod(const Context& c, Millis down_after) {
  const Millis most = c.s.periods.ping;
  return std::clamp(down_after / 10, std::min(kPingPeriodMin, most), most);
}

bool PingDue(const Context& c, const Link& link, Millis period) {
  return c.Elapsed(link.last_reply, period) && c.Elapsed(link.last_ping, period / 2);
}

void NotePing(Link& link, LogicalTime now) {
  link.last_ping = now;
  if (link.unanswered_since == kNever) link.unanswered_since = now;
  if (link.trip.on_the_way.size() < kPingsOnTheWayMax) link.trip.on_the_way.push_back(now);
}

// Replies come in the order of the pings.
void NoteTrip(RoundTrip& trip, LogicalTime now) {
  if (trip.on_the_way.empty()) return;
  const Millis took = now - trip.on_the_way.front();
  trip.on_the_way.pop_front();
  const Millis off = took - trip.mean_eighths / 8;
  trip.mean_eighths += off;
  trip.deviation_quarters += std::max(off, -off) - trip.deviation_quarters / 4;
}

bool DialDue(const Context& c, const Link& link, Millis period) {
  return !link.connected && c.Elapsed(link.dialed_at, link.dialing ? kDialTimeout : period);
}

// A link that is up but mute for long may be half open: dial again. Redis does after half of
// down-after (sentinelCheckSubjectivelyDown), but then the answer of a busy server, which is on its
// way, is thrown away for a connection that takes longer.
bool LooksHalfOpen(const Context& c, const Link& link, Millis down_after) {
  return link.connected && link.unanswered_since != kNever && IsMute(link, down_after, c.now) &&
         c.Elapsed(link.connected_at, c.s.periods.min_link_reconnect);
}

bool MayConfirmDeath(const Context& c, const Group& group, const Node& node) {
  return RefusalIsOpen(c, group) && node.id != group.primary &&
         c.now - group.Primary()->refused_since <= kRefusedAsk;
}

Millis InfoPeriod(const Context& c, const Group& group, const Node& node) {
  if (MayConfirmDeath(c, group, node)) return kInfoPeriodRefused;
  if (ReplicaHears(c, group, node)) {
    return std::clamp(group.config.down_after / 4, kInfoPeriodStep, kInfoPeriodFast);
  }
  if (group.failover && (node.promoted || node.reconf == ReconfStage::kSent ||
                         node.reconf == ReconfStage::kInProgress)) {
    return kInfoPeriodStep;
  }
  return group.mode().InfoPeriod(c, group, node);
}

void SendHelloToNode(Context& c, const Group& group, Node& node, const std::string& payload) {
  const bool held = c.now < node.held_until && !Mutated(Mutant::kHelloWhileHeld);
  if (group.primary == kNoNode || held) return;
  node.last_hello = c.now;
  c.Do(PublishHelloToNode{.node = node.id, .payload = payload});
}

void SendHelloToPeer(Context& c, const Group& group, Peer& peer, const std::string& payload) {
  if (group.primary == kNoNode) return;
  peer.last_hello_sent = c.now;
  c.Do(PublishHelloToPeer{.peer = peer.id, .payload = payload});
}

std::string MakeHello(const Context& c, const Group& group) {
  return FormatHello({.sentinel = c.s.announce,
                      .id = c.s.my_id,
                      .current_epoch = c.s.current_epoch,
                      .group = group.config.name,
                      .primary = PrimaryAddressOrZero(c.s, group),
                      .config_epoch = group.config_epoch});
}

int64_t SilentFor(const Link& link, LogicalTime now) {
  return link.last_ok == kLongAgo ? -1 : Silence(link, now).count();
}

Hearing HearingOf(const Context& c, const Group& group, const Peer& whom) {
  const Node* primary = group.Primary();
  if (primary == nullptr || primary->certainly_dead || c.s.tilt) return {};
  if (primary->sdown && !Unreachable(c, group, *primary)) return {};  // it has lost its role
  return {.primary_silent_ms = SilentFor(primary->link, c.now),
          .you_silent_ms = SilentFor(whom.link, c.now)};
}

// To `whom`.
Beat MakeBeat(const Context& c, const Group& group, const Peer& whom) {
  Beat beat{.id = c.s.my_id,
            .address = c.s.announce,
            .current_epoch = c.s.current_epoch,
            .may_vote = c.s.may_vote,
            .group = group.config.name,
            .config_leader = group.config_leader,
            .belief = {.config_epoch = group.config_epoch,
                       .leading_epoch = group.failover ? group.failover->epoch : 0,
                       .forced = group.failover && group.failover->forced,
                       .has_majority = HearsMajority(c.s, group, c.now)},
            .hearing = HearingOf(c, group, whom)};
  if (const Node* primary = group.Primary()) {
    beat.primary = Shown(c.s, primary->address);
    beat.says_down = primary->sdown && !c.s.tilt;
    if (primary->member >= 0) {
      beat.belief.primary_member = group.members[primary->member].config.name;
    }
  }
  if (const Node* own = OwnNode(group)) {
    beat.node = {.alive = own->link.connected && own->info_refresh != kLongAgo &&
                          !own->certainly_dead && !own->info.foreign_data,
                 .undecided = own->info.undecided,
                 .loading = own->info.loading,
                 .role = own->info.role,
                 .priority = own->info.priority,
                 .run_id = own->info.run_id,
                 .history = own->history};
  }
  return beat;
}

void KeepNode(Context& c, Group& group, Node& node, const std::string& hello) {
  if (node.address.host.empty() && !node.local) return;
  if (LooksHalfOpen(c, node.link, group.config.down_after)) {
    c.Do(DisconnectNode{node.id});
    MarkDown(node.link, c.now);
  }
  const bool refused = node.id == group.primary && RefusalIsOpen(c, group);
  const Millis redial = node.local ? kLocalReconnectPeriod
                        : refused  ? kRefusedAgain
                                   : kReconnectPeriod;
  if (DialDue(c, node.link, redial)) DialNode(c, group, node);
  if (!node.link.connected) {
    if (node.local || refused) c.WakeBy(c.now + redial);
    return;
  }
  if (PingDue(c, node.link, PingPeriod(c, group.config.down_after))) PingNode(c, node);
  const Millis period = InfoPeriod(c, group, node);
  if (c.Elapsed(node.info_sent, node.info_pending ? std::max(period, kInfoPeriodFast) : period)) {
    AskInfo(c, node);
  }
  if (period == kInfoPeriodRefused) c.WakeBy(c.now + period);
  if (c.Elapsed(node.last_hello, c.s.periods.publish)) SendHelloToNode(c, group, node, hello);
}

// The shortest down-after of the groups a peer takes part in.
Millis PeerDownAfter(const State& state, PeerId id) {
  Millis shortest = kDownAfterDefault;
  for (const auto& [name, group] : state.groups) {
    if (group.views.count(id) > 0) shortest = std::min(shortest, group.config.down_after);
  }
  return shortest;
}

}  // namespace

void NoteStranger(Context& c, std::string* stranger, const std::string& what,
                  const std::string& why) {
  if (*stranger == why) return;
  *stranger = why;
  if (why.empty()) return c.Note(what + " has proved itself");
  c.Warn("whoever answers as " + what + " is not believed: " + why);
}

void NoteLinkDown(Context& c, Link& link, std::string* stranger, const std::string& what,
                  DownReason reason, const std::string& why) {
  if (reason == DownReason::kUnproven) return NoteStranger(c, stranger, what, why);
  if (reason == DownReason::kClosed || why.empty() || link.error == why) return;
  link.error = why;
  c.Warn("no connection to " + what + ": " + why);
}

Millis Silence(const Link& link, LogicalTime now) {
  if (link.unanswered_since != kNever) return now - link.unanswered_since;
  if (!link.connected) return now - link.last_ok;
  return Millis{0};
}

Millis Trip(const Link& link, Millis down_after) {
  const Millis trip = link.trip.mean_eighths / 8 + link.trip.deviation_quarters;
  return std::clamp(trip - kTripFree, Millis{0}, std::max(down_after / 2, Millis{0}));
}

bool IsMute(const Link& link, Millis down_after, LogicalTime now) {
  return Silence(link, now) > down_after + Trip(link, down_after);
}

void MarkUp(Link& link, LogicalTime now) {
  link.connected = true;
  link.dialing = false;
  link.error.clear();
  link.connected_at = now;  // (what was not answered before is still owed)
  link.last_ping = kLongAgo;
  link.trip.on_the_way.clear();
}

void MarkDown(Link& link, LogicalTime now) {
  if (link.connected) link.lost_at = now;
  link.connected = false;
  link.dialing = false;
}

void MarkReply(Link& link, bool acceptable, LogicalTime now) {
  link.last_reply = now;
  NoteTrip(link.trip, now);
  if (!acceptable) return;
  link.last_ok = now;
  link.unanswered_since = kNever;
}

void DialNode(Context& c, const Group& group, Node& node) {
  node.link.dialed_at = c.now;
  node.link.dialing = true;
  node.info_pending = false;
  c.Do(ConnectNode{
      .node = node.id, .group = group.config.name, .address = node.address, .local = node.local});
}

void AskInfo(Context& c, Node& node) {
  if (!node.link.connected) return;
  node.info_sent = c.now;
  node.info_pending = true;
  c.Do(SendInfo{node.id});
}

void PingNode(Context& c, Node& node) {
  if (!node.link.connected) return;
  NotePing(node.link, c.now);
  c.Do(SendNodePing{node.id});
}

void RedialNode(Context& c, Node& node) {
  MarkDown(node.link, c.now);
  node.link.dialed_at = kLongAgo;
  node.info_pending = false;
  c.Do(DisconnectNode{node.id});
}

void RedialPeer(Context& c, Peer& peer) {
  MarkDown(peer.link, c.now);
  peer.link.dialed_at = kLongAgo;
  c.Do(DisconnectPeer{peer.id});
}

void SendBeat(Context& c, Group& group, PeerId id) {
  const Peer& peer = c.s.peers.at(id);
  if (!peer.link.connected || peer.extension_refused) return;
  group.views[id].beat_sent = c.now;
  c.Do(SendExtension{.peer = id, .args = EncodeBeat(MakeBeat(c, group, peer))});
}

void SpreadNews(Context& c, Group& group) {
  const std::string hello = MakeHello(c, group);
  for (const auto& [id, view] : group.views) {
    SendBeat(c, group, id);
    Peer& peer = c.s.peers.at(id);
    if (peer.link.connected) SendHelloToPeer(c, group, peer, hello);
  }
  for (auto& [id, node] : group.nodes) {
    if (node.link.connected) SendHelloToNode(c, group, node, hello);
  }
}

void KeepGroupLinks(Context& c, Group& group) {
  const std::string hello = MakeHello(c, group);
  for (auto& [id, node] : group.nodes) KeepNode(c, group, node, hello);
  const Node* primary = group.Primary();
  const bool missed =
      primary != nullptr && Silence(primary->link, c.now) > group.config.down_after / 4;
  const Millis period =
      group.mode().beat_period.value_or(missed ? kBeatPeriod : c.s.periods.publish);
  for (auto& [id, view] : group.views) {
    Peer& peer = c.s.peers.at(id);
    if (!peer.link.connected) continue;
    if (c.Elapsed(view.beat_sent, period)) SendBeat(c, group, id);
    if (c.Elapsed(peer.last_hello_sent, c.s.periods.publish))
      SendHelloToPeer(c, group, peer, hello);
  }
  for (Member& member : group.members) {
    const Node* node = group.FindNode(member.node);
    const auto peer = c.s.peers.find(member.peer);
    const bool reached = node->local || (node->link.connected && peer != c.s.peers.end() &&
                                         peer->second.link.connected);
    if (reached || !c.Elapsed(member.resolve_asked, kResolvePeriod)) continue;
    member.resolve_asked = c.now;
    c.Do(Resolve{member.config.host});
  }
}

void KeepPeerLinks(Context& c) {
  for (auto& [id, peer] : c.s.peers) {
    if (peer.address.host.empty() || peer.address.port == 0) continue;
    const Millis down_after = PeerDownAfter(c.s, id);
    if (LooksHalfOpen(c, peer.link, down_after)) {
      c.Do(DisconnectPeer{id});
      MarkDown(peer.link, c.now);
    }
    // Who was never reached may be somebody's invention.
    const bool unreached = peer.member < 0 && peer.link.connected_at == kLongAgo;
    if (DialDue(c, peer.link, unreached ? kUnreachedPeriod : kReconnectPeriod)) {
      peer.link.dialed_at = c.now;
      peer.link.dialing = true;
      c.Do(ConnectPeer{.peer = id, .address = peer.address});
    }
    if (peer.link.connected && PingDue(c, peer.link, PingPeriod(c, down_after))) {
      NotePing(peer.link, c.now);
      c.Do(SendPeerPing{id});
    }
  }
}

}  // namespace rha::sidecar::core
