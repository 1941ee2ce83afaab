// The connection to one other sidecar: pings, hellos, votes and, among our own kind, SENTINEL
// REDISHA. Reports PeerLinkUp and PeerLinkDown once each; then a new PeerLink is made. Thread rule:
// the loop's. Emit may retire the link, but must not destroy it before the turn ends.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "sidecar/core/action.h"
#include "sidecar/core/event.h"
#include "sidecar/shell/dialer.h"

namespace rha::sidecar::shell {

class PeerLink {
 public:
  struct Target {
    core::PeerId peer{};
    core::Address address;
    std::string member;  // who must prove to be there; empty: nobody (classic groups)
    Credentials credentials;
  };
  using Emit = std::function<void(core::Event)>;

  PeerLink(Dialer& dialer, Target target, Emit emit);

  void Dial();
  void Retire();

  void SendPing();
  void PublishHello(const std::string& payload);
  void Ask(const core::AskPeer& question);
  void SendExtension(const std::vector<std::string>& args);

  size_t pending() const { return link_.pending(); }
  const Target& target() const { return target_; }

 private:
  net::LinkOptions MakeOptions() const;
  void Report(core::DownReason reason, const std::string& why);
  void OnVoteReply(const std::string& group, const resp::Value& reply);

  Dialer& dialer_;
  Target target_;
  Emit emit_;
  std::shared_ptr<char> alive_ = std::make_shared<char>();
  net::Link link_;
};

}  // namespace rha::sidecar::shell
