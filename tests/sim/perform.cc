// The simulator's shell: performs the machine's actions on the modelled world.
#include <type_traits>

#include "tests/sim/cluster.h"

namespace rha::sim {

using sidecar::core::Action;
using sidecar::core::Address;
using sidecar::core::AskPeer;
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
using sidecar::core::PublishEvent;
using sidecar::core::PublishHelloToNode;
using sidecar::core::PublishHelloToPeer;
using sidecar::core::Reconfigure;
using sidecar::core::ReconfigureDone;
using sidecar::core::Reply;
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

void Cluster::AtNode(int host, uint64_t node_life, std::function<void()> work) {
  Pod& p = pods_[host];
  if (!p.node->alive() || p.node_life != node_life) return;
  if (p.node->paused) {
    p.node_queued.push_back(std::move(work));
  } else {
    work();
  }
}

void Cluster::CloseNodeLinks(int host) {
  for (int i = 0; i < size(); ++i) {
    for (auto& [id, conn] : pods_[i].nodes) {
      if (conn.host != host || !conn.up) continue;
      const auto transit = network_.Transit(host, i);
      if (!transit) continue;  // nobody tells; pings will
      queue_.After(*transit, [this, i, id = id, generation = conn.generation] {
        auto it = pods_[i].nodes.find(id);
        if (it == pods_[i].nodes.end() || it->second.generation != generation) return;
        it->second.up = false;
        it->second.generation = unique_++;
        Deliver(i, NodeLinkDown{id, DownReason::kClosed});
      });
    }
  }
}

void Cluster::ClosePeerLinks(int host) {
  for (int i = 0; i < size(); ++i) {
    for (auto& [id, conn] : pods_[i].peers) {
      if (conn.host != host || !conn.up) continue;
      const auto transit = network_.Transit(host, i);
      if (!transit) continue;
      queue_.After(*transit, [this, i, id = id, generation = conn.generation] {
        auto it = pods_[i].peers.find(id);
        if (it == pods_[i].peers.end() || it->second.generation != generation) return;
        it->second.up = false;
        it->second.generation = unique_++;
        Deliver(i, PeerLinkDown{id, DownReason::kClosed});
      });
    }
  }
}

void Cluster::Dial(int pod, NodeId id, const Address& address, bool local) {
  auto& conn = pods_[pod].nodes[id];
  conn.up = false;
  conn.host = local ? pod : HostOfIp(address.host);
  const uint64_t generation = conn.generation = unique_++;
  const int host = conn.host;
  const auto there = host < 0 ? std::nullopt : network_.Transit(pod, host);
  const auto back = host < 0 ? std::nullopt : network_.Transit(host, pod);
  const auto current = [this, pod, id, generation] {
    auto it = pods_[pod].nodes.find(id);
    return it != pods_[pod].nodes.end() && it->second.generation == generation;
  };
  if (!there || !back) {
    queue_.After(kConnectTimeout, [this, pod, id, current] {
      if (current()) Deliver(pod, NodeLinkDown{id, DownReason::kTimeout});
    });
    return;
  }
  queue_.After(*there + *back, [this, pod, id, host, current] {
    if (!current()) return;
    if (!pods_[host].node->alive()) {
      return Deliver(pod, NodeLinkDown{id, DownReason::kRefused});
    }
    pods_[pod].nodes[id].up = true;
    pods_[pod].nodes[id].life = pods_[host].node_life;
    Deliver(pod, NodeLinkUp{id});
  });
}

void Cluster::DialPeer(int pod, PeerId id, const Address& address) {
  auto& conn = pods_[pod].peers[id];
  conn.up = false;
  conn.host = HostOfIp(address.host);
  const uint64_t generation = conn.generation = unique_++;
  const int host = conn.host;
  const auto there = host < 0 ? std::nullopt : network_.Transit(pod, host);
  const auto back = host < 0 ? std::nullopt : network_.Transit(host, pod);
  const Millis delay = there && back ? *there + *back : kConnectTimeout;
  queue_.After(delay, [this, pod, id, host, generation, ok = there && back] {
    auto it = pods_[pod].peers.find(id);
    if (it == pods_[pod].peers.end() || it->second.generation != generation) return;
    if (!ok) return Deliver(pod, PeerLinkDown{id, DownReason::kTimeout});
    if (!pods_[host].machine) return Deliver(pod, PeerLinkDown{id, DownReason::kRefused});
    it->second.up = true;
    it->second.life = pods_[host].life;
    Deliver(pod, PeerLinkUp{id});
  });
}

// A request over a node link: `work` at the node, then its answer back, unless the link was
// replaced.
void Cluster::ToNode(int pod, NodeId id, std::function<void(SimNode&)> work,
                     std::function<Event(SimNode&)> answer) {
  auto it = pods_[pod].nodes.find(id);
  if (it == pods_[pod].nodes.end() || !it->second.up) return;
  const int host = it->second.host;
  const auto there = network_.Transit(pod, host);
  if (!there) return;
  const uint64_t generation = it->second.generation;
  const uint64_t node_life = it->second.life;
  const uint64_t life = pods_[pod].life;
  queue_.After(*there, [=, this] {
    AtNode(host, node_life, [=, this] {
      if (work) work(*pods_[host].node);
      if (!answer) return;
      const Event event = answer(*pods_[host].node);
      const auto back = network_.Transit(host, pod);
      if (!back) return;
      queue_.After(*back, [=, this] {
        if (pods_[pod].life != life) return;
        auto conn = pods_[pod].nodes.find(id);
        if (conn == pods_[pod].nodes.end() || conn->second.generation != generation) return;
        Deliver(pod, event);
      });
    });
  });
}

void Cluster::ToPeer(int pod, PeerId id, std::function<void(int host)> deliver) {
  auto it = pods_[pod].peers.find(id);
  if (it == pods_[pod].peers.end() || !it->second.up) return;
  const int host = it->second.host;
  const uint64_t life = it->second.life;
  const int copies = network_.Duplicates() ? 2 : 1;
  for (int i = 0; i < copies; ++i) {
    const auto there = network_.Transit(pod, host);
    if (!there) continue;
    queue_.After(*there, [=, this] {
      if (pods_[host].life == life) deliver(host);
    });
  }
}

void Cluster::Request(int from, int to, std::function<Event(uint64_t)> make,
                      std::function<void(const Reply&)> on_reply) {
  const RequestId request = next_request_++;
  const uint64_t life = pods_[from].life;
  pods_[to].replies[request] = [=, this](const Reply& reply) {
    const auto back = network_.Transit(to, from);
    if (!back) return;
    queue_.After(*back, [=, this] {
      if (pods_[from].life == life) on_reply(reply);
    });
  };
  Deliver(to, make(request));
}

// Actions on nodes.
void Cluster::PerformOnNode(int pod, const Action& action) {
  Pod& p = pods_[pod];
  if (const auto* a = std::get_if<ConnectNode>(&action)) {
    Dial(pod, a->node, a->address, a->local);
  } else if (const auto* a = std::get_if<DisconnectNode>(&action)) {
    p.nodes.erase(a->node);
  } else if (const auto* a = std::get_if<SendNodePing>(&action)) {
    ToNode(pod, a->node, nullptr, [id = a->node](SimNode&) { return NodePingReply{id}; });
  } else if (const auto* a = std::get_if<SendInfo>(&action)) {
    ToNode(pod, a->node, nullptr, [this, id = a->node](SimNode& node) {
      return InfoReply{id, node.InfoText(queue_.now())};
    });
  } else if (const auto* a = std::get_if<PublishHelloToNode>(&action)) {
    ToNode(
        pod, a->node,
        [this, payload = a->payload](SimNode& node) {
          for (int i = 0; i < size(); ++i) {
            if (const auto transit = network_.Transit(node.host(), i)) {
              queue_.After(*transit, [this, i, payload] { Deliver(i, HelloReceived{payload}); });
            }
          }
        },
        nullptr);
  } else if (const auto* a = std::get_if<Reconfigure>(&action)) {
    ToNode(
        pod, a->node,
        [this, primary = a->primary](SimNode& node) {
          Trace("node pod-" + std::to_string(node.host()) + " becomes " +
                (primary ? "replica of " + primary->host : "primary"));
          if (primary) return node.Follow(primary->host, primary->port);
          CheckNotEmpty(node);
          node.BecomePrimary(unique_++);
        },
        [id = a->node](SimNode&) { return ReconfigureDone{id}; });
  }
}

// Actions on other sidecars.
void Cluster::PerformOnPeer(int pod, const Action& action) {
  Pod& p = pods_[pod];
  if (const auto* a = std::get_if<ConnectPeer>(&action)) {
    DialPeer(pod, a->peer, a->address);
  } else if (const auto* a = std::get_if<DisconnectPeer>(&action)) {
    p.peers.erase(a->peer);
  } else if (const auto* a = std::get_if<SendPeerPing>(&action)) {
    ToPeer(pod, a->peer, [this, pod, id = a->peer](int host) {
      if (pods_[host].paused) return;
      if (const auto back = network_.Transit(host, pod)) {
        queue_.After(*back, [this, pod, id] { Deliver(pod, PeerPingReply{id}); });
      }
    });
  } else if (const auto* a = std::get_if<PublishHelloToPeer>(&action)) {
    ToPeer(pod, a->peer,
           [this, payload = a->payload](int host) { Deliver(host, HelloReceived{payload}); });
  } else if (const auto* a = std::get_if<AskPeer>(&action)) {
    ToPeer(pod, a->peer, [this, pod, ask = *a](int host) {
      Request(
          pod, host,
          [ask](uint64_t request) {
            return VoteRequest{request, ask.extended ? ask.group : "",
                               ask.extended ? Address{} : ask.primary, ask.epoch, ask.candidate};
          },
          [this, pod, ask](const Reply& reply) {
            const auto& vote = std::get<ReplyVote>(reply.value);
            Deliver(pod, VoteReply{ask.peer, ask.group, vote.down, vote.leader, vote.leader_epoch});
          });
    });
  } else if (const auto* a = std::get_if<SendExtension>(&action)) {
    ToPeer(pod, a->peer, [this, pod, send = *a](int host) {
      Request(
          pod, host,
          [send](uint64_t request) {
            return ExtensionReceived{request, send.args};
          },
          [this, pod, send](const Reply& reply) {
            Deliver(pod, ExtensionReply{send.peer, std::holds_alternative<ReplyOk>(reply.value)});
          });
    });
  }
}

// Everything that stays within the pod.
void Cluster::PerformOnSelf(int pod, const Action& action) {
  Pod& p = pods_[pod];
  if (const auto* a = std::get_if<Reply>(&action)) {
    auto it = p.replies.find(a->request);
    if (it == p.replies.end()) return;
    const auto answer = std::move(it->second);
    p.replies.erase(it);
    answer(*a);
  } else if (const auto* a = std::get_if<Persist>(&action)) {
    const Millis delay{prng_.Between(0, options_.fsync_max.count())};
    const bool ok = !prng_.Chance(options_.persist_failure);
    queue_.After(delay, [this, pod, persist = *a, ok, life = p.life] {
      if (pods_[pod].life != life) return;  // crashed before the write was durable
      if (ok) pods_[pod].disk = persist.state;
      Deliver(pod, PersistDone{persist.seq, ok});
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

void Cluster::Perform(int pod, const Action& action) {
  // Each takes the actions it knows.
  PerformOnNode(pod, action);
  PerformOnPeer(pod, action);
  PerformOnSelf(pod, action);
}

// No empty node takes the place of data that every node held once and some node still holds.
void Cluster::CheckNotEmpty(const SimNode& promoted) {
  if (!promoted.log().empty() || promoted.primary() || common_writes_.empty()) return;
  for (const Pod& other : pods_) {
    if (other.node->log().empty()) continue;
    return checkers_.Fail("the empty pod-" + std::to_string(promoted.host()) +
                          " is promoted although others hold data");
  }
}

// Feeds the checkers and the trace.
void Cluster::Observe(int pod, const Action& action) {
  const std::string name = "pod-" + std::to_string(pod);
  const Group& group = pods_[pod].machine->state().groups.begin()->second;
  if (const auto* a = std::get_if<PublishEvent>(&action)) {
    ++event_counts_[a->channel];
    Trace(name + " " + a->channel + " " + a->payload);
    if (a->channel == "+elected-leader") {
      checkers_.OnElected(pod, group.leader_epoch);  // a leader has voted for itself
    }
  } else if (const auto* a = std::get_if<Reconfigure>(&action)) {
    if (a->primary || !group.failover) return;
    const int target = group.FindNode(a->node)->member;
    checkers_.OnPromotion(target, group.failover->epoch);
  } else if (const auto* a = std::get_if<AskPeer>(&action)) {
    if (a->candidate != "*") checkers_.OnVote(pod, a->epoch, a->candidate);
  } else if (const auto* a = std::get_if<Reply>(&action)) {
    const auto* vote = std::get_if<ReplyVote>(&a->value);
    if (vote != nullptr && vote->leader != "*") {
      checkers_.OnVote(pod, vote->leader_epoch, vote->leader);
    }
  } else if (const auto* a = std::get_if<SetRoleLabel>(&action)) {
    Trace(name + " label " + (a->role == Role::kPrimary ? "primary" : "replica"));
  } else if (const auto* a = std::get_if<Log>(&action)) {
    Trace(name + " # " + a->text);
  }
}

}  // namespace rha::sim
