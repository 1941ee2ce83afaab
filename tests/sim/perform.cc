// The simulator's shell: performs the machine's actions on the modelled world.
#include <memory>

#include "tests/sim/cluster.h"

namespace rha::sim {

using sidecar::core::Action;
using sidecar::core::Address;
using sidecar::core::AskPeer;
using sidecar::core::AskToHandOver;
using sidecar::core::ConnectNode;
using sidecar::core::ConnectPeer;
using sidecar::core::CrashProcess;
using sidecar::core::DisconnectNode;
using sidecar::core::DisconnectPeer;
using sidecar::core::DownReason;
using sidecar::core::Event;
using sidecar::core::ExtensionReceived;
using sidecar::core::ExtensionReply;
using sidecar::core::Group;
using sidecar::core::HelloReceived;
using sidecar::core::HostResolved;
using sidecar::core::InfoReply;
using sidecar::core::Log;
using sidecar::core::NodeId;
using sidecar::core::NodeLinkDown;
using sidecar::core::NodeLinkUp;
using sidecar::core::NodePingReply;
using sidecar::core::PeerId;
using sidecar::core::PeerLinkDown;
using sidecar::core::PeerLinkUp;
using sidecar::core::PeerPingReply;
using sidecar::core::Persist;
using sidecar::core::PersistDone;
using sidecar::core::PingResult;
using sidecar::core::PublishEvent;
using sidecar::core::PublishHelloToNode;
using sidecar::core::PublishHelloToPeer;
using sidecar::core::ReconfigureDone;
using sidecar::core::Reply;
using sidecar::core::ReplyError;
using sidecar::core::ReplyOk;
using sidecar::core::ReplyVote;
using sidecar::core::RequestId;
using sidecar::core::Resolve;
using sidecar::core::Role;
using sidecar::core::SendExtension;
using sidecar::core::SendInfo;
using sidecar::core::SendNodePing;
using sidecar::core::SendPeerPing;
using sidecar::core::SetRoleLabel;
using sidecar::core::VoteReply;
using sidecar::core::VoteRequest;

namespace {
constexpr Millis kConnectTimeout{3000};
}  // namespace

LogicalTime Cluster::InOrder(LogicalTime& newest, Millis transit) const {
  const LogicalTime time = queue_.now() + transit;
  if (transit >= kLateMin) return time;
  return newest = std::max(newest, time);
}

void Cluster::AtNode(int host, uint64_t node_life, Task work) {
  Pod& p = pods_[host];
  if (!p.node->alive() || p.node_life != node_life) return;
  if (p.node->paused) {
    p.node_queued.push_back(std::move(work));
  } else {
    work();
  }
}

namespace {
Event Closed(NodeId id, DownReason reason) { return NodeLinkDown{id, reason}; }
Event Closed(PeerId id, DownReason reason) { return PeerLinkDown{id, reason}; }
Event Opened(NodeId id) { return NodeLinkUp{id}; }
Event Opened(PeerId id) { return PeerLinkUp{id}; }
}  // namespace

template <typename Id>
void Cluster::LinkClosed(int pod, Id id, std::map<Id, Conn> Pod::*links, uint64_t generation) {
  auto it = (pods_[pod].*links).find(id);
  if (it == (pods_[pod].*links).end() || it->second.generation != generation) return;
  it->second.up = false;
  it->second.generation = unique_++;
  Deliver(pod, Closed(id, DownReason::kClosed));
}

template <typename Id>
void Cluster::Refuse(int pod, Id id, std::map<Id, Conn> Pod::*links, uint64_t generation) {
  auto it = (pods_[pod].*links).find(id);
  if (it == (pods_[pod].*links).end() || it->second.generation != generation) return;
  // Nobody is there any more, or somebody else, who knows nothing of it.
  if (it->second.ip != Ip(it->second.host) && !StrangerAt(it->second.ip)) return;
  const auto back = network_.Transit(it->second.host, pod);
  if (!back) return;
  queue_.After(*back,
               [this, pod, id, links, generation] { LinkClosed(pod, id, links, generation); });
}

// The process at `host` has ended: whoever is connected to it sees the end of the stream.
template <typename Id>
void Cluster::CloseLinks(int host, std::map<Id, Conn> Pod::*links) {
  for (int i = 0; i < size(); ++i) {
    for (auto& [id, conn] : pods_[i].*links) {
      if (conn.host != host || !conn.up) continue;
      const auto transit = network_.Transit(host, i);
      if (!transit) continue;  // nobody tells; pings will
      queue_.After(*transit, [this, i, links, id = id, generation = conn.generation] {
        LinkClosed(i, id, links, generation);
      });
    }
  }
}
template void Cluster::CloseLinks(int, std::map<NodeId, Conn> Pod::*);
template void Cluster::CloseLinks(int, std::map<PeerId, Conn> Pod::*);

// Nobody without the key gets as far as a link, unless the dialer does not ask.
template <typename Id>
void Cluster::DialStranger(int pod, Id id, std::map<Id, Conn> Pod::*links) {
  Conn& conn = (pods_[pod].*links)[id] = {};
  conn.host = kStranger;
  conn.generation = unique_++;
  queue_.After(Millis{prng_.Between(1, 6)}, [this, pod, id, links, generation = conn.generation] {
    auto it = (pods_[pod].*links).find(id);
    if (it == (pods_[pod].*links).end() || it->second.generation != generation) return;
    it->second.up = options_.fault == WorldFault::kProofSkipped;
    Deliver(pod, it->second.up ? Opened(id) : Closed(id, DownReason::kUnproven));
  });
}

void Cluster::Dial(int pod, NodeId id, const Address& address, bool local) {
  if (!local && StrangerAt(address.host)) return DialStranger(pod, id, &Pod::nodes);
  auto& conn = pods_[pod].nodes[id];
  conn = {};
  conn.host = local ? pod : HostOfIp(address.host);
  const uint64_t generation = conn.generation = unique_++;
  const int host = conn.host;
  const auto there = host < 0 ? std::nullopt : network_.Transit(pod, host);
  const auto back = host < 0 ? std::nullopt : network_.Transit(host, pod);
  const bool ok = there && back && !pods_[host].silenced;
  queue_.After(ok ? *there + *back : kConnectTimeout, [this, pod, id, host, generation, ok] {
    auto it = pods_[pod].nodes.find(id);
    if (it == pods_[pod].nodes.end() || it->second.generation != generation) return;
    if (!ok) return Deliver(pod, NodeLinkDown{id, DownReason::kTimeout});
    if (Refuses(host, pod)) return Deliver(pod, NodeLinkDown{id, DownReason::kRefused});
    it->second.up = true;
    it->second.life = pods_[host].node_life;
    it->second.ip = Ip(host);
    Deliver(pod, NodeLinkUp{id});
  });
}

void Cluster::DialPeer(int pod, PeerId id, const Address& address) {
  if (StrangerAt(address.host)) return DialStranger(pod, id, &Pod::peers);
  auto& conn = pods_[pod].peers[id];
  conn = {};
  conn.host = HostOfIp(address.host);
  const uint64_t generation = conn.generation = unique_++;
  const int host = conn.host;
  const auto there = host < 0 ? std::nullopt : network_.Transit(pod, host);
  const auto back = host < 0 ? std::nullopt : network_.Transit(host, pod);
  const bool ok = there && back;
  queue_.After(ok ? *there + *back : kConnectTimeout, [this, pod, id, host, generation, ok] {
    auto it = pods_[pod].peers.find(id);
    if (it == pods_[pod].peers.end() || it->second.generation != generation) return;
    if (!ok) return Deliver(pod, PeerLinkDown{id, DownReason::kTimeout});
    if (!pods_[host].machine) return Deliver(pod, PeerLinkDown{id, DownReason::kRefused});
    it->second.up = true;
    it->second.life = pods_[host].life;
    it->second.ip = Ip(host);
    Deliver(pod, PeerLinkUp{id});
  });
}

// Another RedisHA's node answers as nodes do.
template <typename Work>
void Cluster::ToStranger(int pod, NodeId id, Work work) {
  std::optional<Event> event = work(*stranger_);
  if (!event) return;
  queue_.After(Millis{2},
               [this, pod, id, life = pods_[pod].life, generation = pods_[pod].nodes[id].generation,
                event = std::move(*event)]() mutable {
                 if (pods_[pod].life != life) return;
                 auto conn = pods_[pod].nodes.find(id);
                 if (conn == pods_[pod].nodes.end() || conn->second.generation != generation)
                   return;
                 Deliver(pod, std::move(event));
               });
}

template <typename Work>
void Cluster::ToNode(int pod, NodeId id, Work work, bool publish) {
  auto it = pods_[pod].nodes.find(id);
  if (it == pods_[pod].nodes.end() || !it->second.up) return;
  const int host = it->second.host;
  if (host == kStranger) return ToStranger(pod, id, std::move(work));
  const auto there = network_.Transit(pod, host);
  if (!there || pods_[host].silenced) return;
  const uint64_t node_life = it->second.life;
  auto at_node = [this, pod, id, host, generation = it->second.generation, life = pods_[pod].life,
                  work = std::move(work)]() mutable {
    std::optional<Event> event = work(*pods_[host].node);
    if (!event) return;
    const auto back = network_.Transit(host, pod);
    auto open = pods_[pod].nodes.find(id);
    if (!back || open == pods_[pod].nodes.end()) return;
    queue_.At(InOrder(open->second.last_back, *back),
              [this, pod, id, generation, life, event = std::move(*event)]() mutable {
                if (pods_[pod].life != life) return;
                auto conn = pods_[pod].nodes.find(id);
                if (conn == pods_[pod].nodes.end() || conn->second.generation != generation) return;
                Deliver(pod, std::move(event));
              });
  };
  queue_.At(InOrder(it->second.last_there, *there), [this, pod, id, host, node_life, publish,
                                                     generation = it->second.generation,
                                                     at_node = std::move(at_node)]() mutable {
    if (pods_[host].node_life != node_life) return Refuse(pod, id, &Pod::nodes, generation);
    auto conn = pods_[pod].nodes.find(id);
    const bool open = conn != pods_[pod].nodes.end() && conn->second.generation == generation;
    const bool waits = publish && pods_[host].node->HoldsWrites(queue_.now());
    if (open && (waits || !conn->second.held.empty())) {
      return conn->second.held.push_back(std::move(at_node));
    }
    AtNode(host, node_life, std::move(at_node));
  });
}

template <typename Work>
void Cluster::ToPeer(int pod, PeerId id, Work deliver) {
  auto it = pods_[pod].peers.find(id);
  if (it == pods_[pod].peers.end() || !it->second.up) return;
  const int host = it->second.host;
  if (host == kStranger) return;  // it has no idea what is said
  const uint64_t life = it->second.life;
  const uint64_t generation = it->second.generation;
  const auto send = [&](Work message) {
    const auto there = network_.Transit(pod, host);
    if (!there) return;
    queue_.After(*there,
                 [this, pod, id, host, life, generation, message = std::move(message)]() mutable {
                   if (pods_[host].life != life) return Refuse(pod, id, &Pod::peers, generation);
                   message(host);
                 });
  };
  if (network_.Duplicates()) send(deliver);
  send(std::move(deliver));
}

void Cluster::Reconfigure(int pod, const sidecar::core::Reconfigure& action) {
  ToNode(
      pod, action.node,
      [this, pod, id = action.node, primary = action.primary, epoch = action.epoch,
       leader = action.leader, seal = action.seal, copies = action.copies,
       ends_handover = action.ends_handover](SimNode& node) {
        const std::string name = "pod-" + std::to_string(node.host());
        if (&node == stranger_.get()) {
          checkers_.Fail("pod-" + std::to_string(pod) + " gives orders to another RedisHA's node");
          return std::optional<Event>(ReconfigureDone{id});
        }
        if (node.loading(queue_.now())) {
          return std::optional<Event>(
              ReconfigureDone{id, false, "LOADING the node is loading its data"});
        }
        if (ends_handover) GiveUpHandover(node);
        if (node.handover != SimNode::Handover::kNone) {
          return std::optional<Event>(
              ReconfigureDone{id, false, "ERR REPLICAOF not allowed while failing over."});
        }
        const uint64_t obeyed = node.role_epoch();
        if (!node.Obeys(epoch, leader)) {
          return std::optional<Event>(
              ReconfigureDone{id, false, "STALEEPOCH a newer order is known"});
        }
        TakeArrived(node.host());
        if (node.primary() && (seal || primary)) OnDeposed(node);
        if (seal) {
          Trace("node " + name + " is sealed");
          node.Seal(epoch, queue_.now(), copies);
          return std::optional<Event>(ReconfigureDone{id});
        }
        Trace("node " + name + " becomes " + (primary ? "replica of " + primary->host : "primary"));
        if (primary) {
          CheckStaleOrder(node, primary->host, obeyed);
          node.Follow(primary->host, primary->port, queue_.now());
        } else {
          if (!node.primary()) {
            OnPromotion(pod, node);
            last_promotion_ = queue_.now();
          }
          node.BecomePrimary(unique_++, epoch, queue_.now(), copies);
          if (epoch >= newest_reign_) {
            last_leader_ = node.host();
            CheckTold(node);
          }
          newest_reign_ = std::max(newest_reign_, epoch);
        }
        return std::optional<Event>(ReconfigureDone{id});
      });
}

// Of whom a classic group learns.
std::string Cluster::ReplicaLines(const SimNode& primary) const {
  std::string lines;
  int count = 0;
  for (int i = 0; options_.classic && primary.primary() && i < size(); ++i) {
    const SimNode& node = *pods_[i].node;
    if (!node.alive() || !node.link_up() || !node.ReplicatesFrom(primary)) continue;
    lines += "slave" + std::to_string(count++) + ":ip=" + Ip(i) +
             ",port=6379,state=online,offset=0,lag=0\r\n";
  }
  return lines;
}

// Actions on nodes. False: it is none.
bool Cluster::PerformOnNode(int pod, Action& action) {
  if (const auto* a = std::get_if<ConnectNode>(&action)) {
    Dial(pod, a->node, a->address, a->local);
  } else if (const auto* a = std::get_if<DisconnectNode>(&action)) {
    pods_[pod].nodes.erase(a->node);
  } else if (const auto* a = std::get_if<SendNodePing>(&action)) {
    ToNode(pod, a->node, [this, id = a->node](SimNode& node) -> std::optional<Event> {
      const bool loading = node.loading(queue_.now());
      const bool refuses =
          node.primary() && node.disk_full;  // Redis: a primary does, a replica not
      return NodePingReply{id, node.busy ? PingResult::kBusy
                               : loading ? PingResult::kLoading
                               : refuses ? PingResult::kMisconf
                                         : PingResult::kPong};
    });
  } else if (const auto* a = std::get_if<SendInfo>(&action)) {
    ToNode(pod, a->node, [this, id = a->node](SimNode& node) -> std::optional<Event> {
      if (node.busy) return std::nullopt;
      if (node.host() < size()) TakeArrived(node.host());
      return InfoReply{id, node.InfoText(queue_.now()) + ReplicaLines(node)};
    });
  } else if (auto* a = std::get_if<PublishHelloToNode>(&action)) {
    ToNode(
        pod, a->node,
        [this, payload = std::move(a->payload)](SimNode& node) -> std::optional<Event> {
          for (int i = 0; i < size(); ++i) {
            if (const auto transit = network_.Transit(node.host(), i)) {
              queue_.After(*transit, [this, i, payload] { Deliver(i, HelloReceived{payload}); });
            }
          }
          return std::nullopt;
        },
        /*publish=*/true);
  } else if (const auto* a = std::get_if<AskToHandOver>(&action)) {
    const auto& failover = pods_[pod].machine->state().groups.begin()->second.failover;
    ToNode(pod, a->node,
           [this, pod, request = *a, epoch = failover ? failover->epoch : 0](SimNode& node) {
             return TakeRequest(pod, node, request, epoch);
           });
  } else if (const auto* a = std::get_if<sidecar::core::Reconfigure>(&action)) {
    Reconfigure(pod, *a);
  } else {
    return false;
  }
  return true;
}

// Actions on other sidecars. False: it is none.
bool Cluster::PerformOnPeer(int pod, Action& action) {
  const uint64_t life = pods_[pod].life;
  if (const auto* a = std::get_if<ConnectPeer>(&action)) {
    DialPeer(pod, a->peer, a->address);
  } else if (const auto* a = std::get_if<DisconnectPeer>(&action)) {
    pods_[pod].peers.erase(a->peer);
  } else if (const auto* a = std::get_if<SendPeerPing>(&action)) {
    if (auto conn = pods_[pod].peers.find(a->peer);
        conn != pods_[pod].peers.end() && conn->second.up && conn->second.host == kStranger) {
      Deliver(pod, PeerPingReply{a->peer});  // as every Redis does
      return true;
    }
    ToPeer(pod, a->peer, [this, pod, life, id = a->peer](int host) {
      if (pods_[host].paused) return;
      const auto back = network_.Transit(host, pod);
      if (!back) return;
      queue_.After(*back, [this, pod, life, id] {
        if (pods_[pod].life == life) Deliver(pod, PeerPingReply{id});
      });
    });
  } else if (auto* a = std::get_if<PublishHelloToPeer>(&action)) {
    ToPeer(pod, a->peer, [this, pod, payload = std::move(a->payload)](int host) {
      Deliver(host, HelloReceived{payload, MemberId(pod)});
    });
  } else if (auto* a = std::get_if<AskPeer>(&action)) {
    ToPeer(pod, a->peer, [this, pod, life, ask = std::move(*a)](int host) {
      const RequestId request = next_request_++;
      pods_[host].askers[request] = {pod, life, ask.peer, ask.group, /*vote=*/true};
      Deliver(host, VoteRequest{request, ask.extended ? ask.group : "",
                                ask.extended ? Address{} : ask.primary, ask.epoch, ask.candidate,
                                MemberId(pod)});
    });
  } else if (auto* a = std::get_if<SendExtension>(&action)) {
    if (options_.stock) return Deliver(pod, ExtensionReply{a->peer, false}), true;
    ToPeer(pod, a->peer, [this, pod, life, id = a->peer, args = std::move(a->args)](int host) {
      const RequestId request = next_request_++;
      pods_[host].askers[request] = {pod, life, id, "", /*vote=*/false};
      Deliver(host, ExtensionReceived{request, std::move(args), MemberId(pod)});
    });
  } else {
    return false;
  }
  return true;
}

void Cluster::Answer(int pod, const Reply& reply) {
  auto it = pods_[pod].askers.find(reply.request);
  if (it == pods_[pod].askers.end()) return;
  Asker asker = std::move(it->second);
  pods_[pod].askers.erase(it);
  const auto back = network_.Transit(pod, asker.pod);
  if (!back) return;
  Event event = ExtensionReply{asker.peer, std::holds_alternative<ReplyOk>(reply.value)};
  if (const auto* vote = std::get_if<ReplyVote>(&reply.value); vote != nullptr && asker.vote) {
    event = VoteReply{asker.peer, asker.group, vote->down, vote->leader, vote->leader_epoch};
  }
  auto conn = pods_[asker.pod].peers.find(asker.peer);
  if (conn == pods_[asker.pod].peers.end()) return;
  queue_.At(InOrder(conn->second.last_back, *back),
            [this, to = asker.pod, life = asker.life, event = std::move(event)]() mutable {
              if (pods_[to].life == life) Deliver(to, std::move(event));
            });
}

// Everything that stays within the pod.
void Cluster::PerformOnSelf(int pod, Action& action) {
  Pod& p = pods_[pod];
  if (const auto* a = std::get_if<Reply>(&action)) {
    Answer(pod, *a);
  } else if (auto* a = std::get_if<Persist>(&action)) {
    // One writer, so states reach the disk in their order.
    p.disk_busy_until = std::max(p.disk_busy_until, queue_.now()) +
                        Millis{prng_.Between(0, options_.fsync_max.count())};
    const bool full = p.node->disk_full && options_.fault == WorldFault::kVotesUnreserved;
    const bool ok = !prng_.Chance(options_.persist_failure) && !full && !p.disk_fails;
    auto state = std::make_unique<sidecar::core::PersistedState>(std::move(a->state));
    queue_.At(p.disk_busy_until,
              [this, pod, seq = a->seq, state = std::move(state), ok, life = p.life] {
                Pod& owner = pods_[pod];
                if (owner.life != life) return;  // crashed before the write was durable
                if (ok) owner.disk = std::move(*state);
                while (!owner.held.empty() && owner.held.begin()->first <= seq) {
                  Reply reply = std::move(owner.held.begin()->second);
                  owner.held.erase(owner.held.begin());
                  if (!ok) reply.value = ReplyError{"ERR Failed to save config file"};
                  Answer(pod, reply);
                }
                Deliver(pod, PersistDone{seq, ok});
              });
  } else if (const auto* a = std::get_if<Resolve>(&action)) {
    for (int i = 0; i < size(); ++i) {
      if (a->host != "pod-" + std::to_string(i) + ".pods") continue;
      const bool found = pods_[i].machine != nullptr || pods_[i].node->alive();
      std::optional<std::string> ip;
      if (found && !prng_.Chance(0.05)) ip = Ip(i);
      queue_.After(Millis{prng_.Between(1, 20)}, [this, pod, host = a->host, ip, life = p.life] {
        if (pods_[pod].life == life) Deliver(pod, HostResolved{host, ip});
      });
    }
  } else if (std::holds_alternative<CrashProcess>(action)) {
    KillSidecar(pod);
  }
}

void Cluster::Perform(int pod, Action& action) {
  if (!PerformOnNode(pod, action) && !PerformOnPeer(pod, action)) PerformOnSelf(pod, action);
}

// Feeds the checkers and the trace.
void Cluster::Observe(int pod, const Action& action) {
  const std::string name = "pod-" + std::to_string(pod);
  const Group& group = pods_[pod].machine->state().groups.begin()->second;
  if (const auto* a = std::get_if<PublishEvent>(&action)) {
    ++event_counts_[a->channel];
    if (a->payload.starts_with("master ")) ++event_counts_[a->channel + " master"];
    Trace(name + " " + a->channel + " " + a->payload);
    if (a->channel == "+odown") CheckFalseAlarm(pod);
    if (a->channel == "+elected-leader") {
      checkers_.OnElected(pod, group.leader_epoch);  // a leader has voted for itself
    }
  } else if (const auto* a = std::get_if<sidecar::core::Reconfigure>(&action)) {
    if (a->seal || a->again) return;
    if (a->primary) return CheckOrder(pod, group.failover.has_value());
    if (!group.failover) return;
    const int target = HostOfIp(group.FindNode(a->node)->address.host);
    // (Otherwise it has moved.)
    if (target >= 0) checkers_.OnPromotion(target, group.failover->epoch, OrdersMayCross());
    if (!options_.classic) CheckSeenWell(*group.failover);
  } else if (const auto* a = std::get_if<AskPeer>(&action)) {
    if (a->candidate != "*") checkers_.OnVote(pod, a->epoch, a->candidate);
  } else if (const auto* a = std::get_if<Reply>(&action)) {
    const auto* vote = std::get_if<ReplyVote>(&a->value);
    if (vote != nullptr && vote->leader != "*") {
      checkers_.OnVote(pod, vote->leader_epoch, vote->leader);
    }
    const auto* error = std::get_if<ReplyError>(&a->value);
    if (error != nullptr) Trace(name + " answers: " + error->text);
  } else if (const auto* a = std::get_if<SetRoleLabel>(&action)) {
    Trace(name + " label " + (a->role == Role::kPrimary ? "primary" : "replica"));
  } else if (const auto* a = std::get_if<Log>(&action)) {
    Trace(name + " # " + a->text);
  }
}

}  // namespace rha::sim
