#include "sidecar/shell/peer_link.h"

#include <utility>

#include "common/base/log.h"
#include "sidecar/shell/limits.h"

namespace rha::sidecar::shell {

PeerLink::PeerLink(Dialer& dialer, Target target, Emit emit)
    : dialer_(dialer),
      target_(std::move(target)),
      emit_(std::move(emit)),
      link_(dialer.reactor, MakeOptions(),
            {.on_open =
                 [this] {
                   if (emit_) emit_(core::PeerLinkUp{target_.peer});
                 },
             .on_close = [this](net::LinkEnd end,
                                const std::string& why) { Report(ToDownReason(end), why); }}) {}

net::LinkOptions PeerLink::MakeOptions() const {
  net::LinkOptions options;
  options.source_ip = dialer_.source_ip;
  options.connect_timeout = kConnectTimeout;
  if (!target_.member.empty()) {
    options.proof = dialer_.trust.ProofFor(target_.member, dialer_.reactor.Now());
  }
  options.username = target_.credentials.user;
  options.password = target_.credentials.password;
  options.client_name = dialer_.ClientName("cmd");
  options.pending_max = kLinkPendingMax;
  options.reply_bytes_max = kPeerReplyBytesMax;
  return options;
}

void PeerLink::Dial() {
  OpenTo(dialer_, link_, target_.address, alive_,
         [this](const std::string& why) { Report(core::DownReason::kError, why); });
}

void PeerLink::Retire() {
  emit_ = nullptr;
  alive_.reset();
  link_.Close();
}

void PeerLink::Report(core::DownReason reason, const std::string& why) {
  if (!emit_) return;
  log::Debug("link to sentinel {}: {}", core::ToString(target_.address), why);
  const Emit emit = std::exchange(emit_, nullptr);
  Retire();
  emit(core::PeerLinkDown{target_.peer, reason, PlainReason(why)});
}

void PeerLink::SendPing() {
  link_.Send({"PING"}, [this](const resp::Value* reply) {
    if (reply && emit_) emit_(core::PeerPingReply{target_.peer, ToPingResult(*reply)});
  });
}

void PeerLink::PublishHello(const std::string& payload) {
  link_.Send({"PUBLISH", "__sentinel__:hello", Told(dialer_, payload, link_)});
}

void PeerLink::Ask(const core::AskPeer& question) {
  const auto on_reply = [this, group = question.group](const resp::Value* reply) {
    if (reply && emit_) OnVoteReply(group, *reply);
  };
  const std::string epoch = std::to_string(question.epoch);
  if (question.extended) {
    link_.Send({"SENTINEL", "REDISHA", "ASK", question.group, epoch, question.candidate}, on_reply);
  } else {
    link_.Send({"SENTINEL", "IS-MASTER-DOWN-BY-ADDR", question.primary.host,
                std::to_string(question.primary.port), epoch, question.candidate},
               on_reply);
  }
}

void PeerLink::OnVoteReply(const std::string& group, const resp::Value& reply) {
  using Type = resp::Value::Type;
  const auto& items = reply.items;
  if (reply.type != Type::kArray || items.size() != 3) return;
  if (items[0].type != Type::kInteger || !items[1].is_string()) return;
  if (items[2].type != Type::kInteger || items[2].integer < 0) return;
  emit_(core::VoteReply{.peer = target_.peer,
                        .group = group,
                        .down = items[0].integer == 1,
                        .leader = items[1].text,
                        .leader_epoch = static_cast<core::Epoch>(items[2].integer)});
}

void PeerLink::SendExtension(const std::vector<std::string>& args) {
  std::vector<std::string_view> request = {"SENTINEL", "REDISHA"};
  request.insert(request.end(), args.begin(), args.end());
  link_.Send(request, [this](const resp::Value* reply) {
    if (reply && emit_) emit_(core::ExtensionReply{target_.peer, !reply->is_error()});
  });
}

}  // namespace rha::sidecar::shell
