// Runs the Sentinel machine: events in, Step, actions performed. Decides nothing itself.
//
//   links, commands, timer ── Feed(event) ──▶ queue ──▶ Step(now) ──▶ Perform(action)…
//
// Events are taken one at a time, in order of arrival; one that an action causes at once waits
// until the list it came from is done. A reply that comes with a Persist in one list waits until
// that is on disk, so what a client was told survives a crash. Thread rule: the loop's, but for the
// state writer's own thread.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "common/net/reactor.h"
#include "sidecar/core/sentinel.h"
#include "sidecar/shell/dialer.h"
#include "sidecar/shell/info_cache.h"
#include "sidecar/shell/limits.h"
#include "sidecar/shell/node_link.h"
#include "sidecar/shell/peer_link.h"
#include "sidecar/shell/scripts.h"
#include "sidecar/shell/state_file.h"

namespace rha::sidecar::shell {

struct Options;

// Who is told what the machine decided, besides nodes and peers.
struct DriverSinks {
  std::function<void(const core::Reply&)> reply;           // to a client of ours
  std::function<void(const core::PublishEvent&)> publish;  // to subscribers of ours
  std::function<void(core::Role)> role_label;
};

class Driver {
 public:
  Driver(net::Reactor& reactor, net::Resolver& resolver, Trust& trust, const Options& options,
         core::Config config, StateStore store, DriverSinks sinks);
  ~Driver();

  // Writes the state once, so that a file that cannot be written is known before anything starts;
  // then the first Tick.
  Status Start();
  void Feed(core::Event event);

  core::RequestId NextRequest() { return ++last_request_; }
  const core::Sentinel& machine() const { return machine_; }
  core::LogicalTime now() const { return now_; }
  // The state could not be written the last time, so that no vote is given.
  bool write_failed() const { return write_failed_; }
  // The clock the machine is driven by.
  static core::LogicalTime ReadClock();
  // For SENTINEL INFO-CACHE.
  const InfoCache& infos() const { return infos_; }
  size_t PendingCommands(core::NodeId node) const;
  size_t PendingCommands(core::PeerId peer) const;
  const Scripts& scripts() const { return scripts_; }

 private:
  void Run(const core::Event& event);
  void ArmTimer();
  void OnPersisted(uint64_t seq, const Status& status);
  void ReleaseReplies(uint64_t seq, const Status& status);
  Credentials CredentialsOf(const std::string& group) const;
  Credentials PeerCredentials() const;
  void RunScripts(const core::PublishEvent& event);
  // The member of a configured group that must be there; empty: it is of a classic one.
  std::string MemberOf(core::NodeId node) const;
  std::string MemberOf(core::PeerId peer) const;
  NodeLink* Find(core::NodeId node);
  PeerLink* Find(core::PeerId peer);

  void Perform(const core::ConnectNode& a);
  void Perform(const core::DisconnectNode& a);
  void Perform(const core::ConnectPeer& a);
  void Perform(const core::DisconnectPeer& a);
  void Perform(const core::SendNodePing& a);
  void Perform(const core::SendPeerPing& a);
  void Perform(const core::SendInfo& a);
  void Perform(const core::SendScriptKill& a);
  void Perform(const core::PublishHelloToNode& a);
  void Perform(const core::PublishHelloToPeer& a);
  void Perform(const core::AskPeer& a);
  void Perform(const core::SendExtension& a);
  void Perform(const core::Reconfigure& a);
  void Perform(const core::AskToHandOver& a);
  void Perform(const core::Reply& a);
  void Perform(const core::Persist& a);
  void Perform(const core::PublishEvent& a);
  void Perform(const core::SetRoleLabel& a);
  void Perform(const core::Resolve& a);
  void Perform(const core::Log& a);
  void Perform(const core::CrashProcess& a);

  net::Reactor& reactor_;
  net::Resolver& resolver_;
  const Options& options_;
  DriverSinks sinks_;
  Dialer dialer_;
  core::Sentinel machine_;
  StateWriter writer_;
  Scripts scripts_;
  bool write_failed_ = false;
  std::multimap<uint64_t, core::Reply> held_;  // by the Persist they wait for

  core::LogicalTime now_{};
  net::TimerId timer_ = 0;
  uint64_t turn_hook_ = 0;
  core::RequestId last_request_ = 0;
  std::deque<core::Event> queue_;
  bool running_ = false;

  std::map<core::NodeId, std::unique_ptr<NodeLink>> nodes_;
  std::map<core::PeerId, std::unique_ptr<PeerLink>> peers_;
  // Links that may still be on the stack; destroyed when the turn ends.
  std::vector<std::unique_ptr<NodeLink>> retired_nodes_;
  std::vector<std::unique_ptr<PeerLink>> retired_peers_;
  InfoCache infos_{kCachedInfoBytesMax};
};

}  // namespace rha::sidecar::shell
