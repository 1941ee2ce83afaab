// The two connections to one data node: commands (PING, INFO, PUBLISH, reconfiguration) and the
// subscription to its hello channel.
//
// The command connection is what the machine hears of: NodeLinkUp, NodeLinkDown, then silence until
// a new NodeLink is made. The subscription follows it: it is dialled when the command connection is
// up, again after kSubscriptionRetry when it alone is lost, and anew when it fell silent.
//
// Over the local unix socket an end of file is checked before it is reported: `CLIENT KILL TYPE
// normal`, which ends every failover, closes our connection too. A dead process refuses the next
// connection at once, a living one accepts it: NodeLinkUp again, since what was asked on the old
// one is never answered. That makes the report certain, and it costs microseconds.
//
// To a member of a configured group both connections are proved (common/trust) before they are
// used: a stranger at its address is reported as kUnproven, told nothing and never up.
//
// Thread rule: the loop's. Emit may retire the link, but must not destroy it before the turn ends.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "sidecar/core/action.h"
#include "sidecar/core/event.h"
#include "sidecar/shell/dialer.h"

namespace rha::sidecar::shell {

class NodeLink {
 public:
  struct Target {
    core::NodeId node{};
    core::Address address;
    bool local = false;
    std::string member;  // who must prove to be there; empty: nobody (classic groups)
    Credentials credentials;
    std::map<std::string, std::string> renamed_commands;
  };
  using Emit = std::function<void(core::Event)>;

  NodeLink(Dialer& dialer, Target target, Emit emit);
  ~NodeLink();

  void Dial();
  // Closes both connections; no event comes any more.
  void Retire();

  void SendPing();
  void SendInfo();
  void SendScriptKill();
  void PublishHello(const std::string& payload);
  void Reconfigure(const core::Reconfigure& change);
  void AskToHandOver(const core::AskToHandOver& request);

  size_t pending() const { return commands_.pending() + subscription_.pending(); }
  const Target& target() const { return target_; }

 private:
  net::LinkOptions MakeOptions(const std::string& kind) const;
  std::string Name(const std::string& command) const;
  void OnCommandsOpen();
  void OnCommandsClosed(net::LinkEnd end, const std::string& why);
  bool CheckLocalEnd(net::LinkEnd end);
  void OpenAgain();
  void OpenSubscription();
  void RetrySubscription();
  void OnMessage(const resp::Value& message);
  void AssignRole(const core::Reconfigure& change);
  void KillClients();
  void Ping(std::function<void(core::PingResult)> answered);
  void UnlessBusy(std::function<void()> ask);
  void AfterScript();
  void AskInfo();
  void NoteRefusal(const char* command, const resp::Value& reply);
  void OnReconfigured(const resp::Value& reply, size_t order, const std::string& refusal);
  void Report(core::DownReason reason, const std::string& why);

  Dialer& dialer_;
  Target target_;
  Emit emit_;
  bool reported_up_ = false;
  int local_checks_ = 0;
  net::TimerId check_timer_ = 0, subscription_timer_ = 0;
  MonoTime heard_hello_at_;
  bool told_of_long_info_ = false, told_of_double_ = false;
  int pings_unanswered_ = 0;
  std::vector<std::function<void()>> waiting_;  // for the node to answer PING
  bool info_waits_ = false;
  std::string hello_;  // likewise; empty: none
  std::set<std::string> told_of_refusals_;
  std::shared_ptr<char> alive_ = std::make_shared<char>();
  net::Link commands_, subscription_;
};

}  // namespace rha::sidecar::shell
