#include "sidecar/shell/node_link.h"

#include <algorithm>
#include <vector>

#include "common/base/log.h"
#include "common/base/probe_name.h"
#include "sidecar/core/limits.h"
#include "sidecar/shell/limits.h"

namespace rha::sidecar::shell {
namespace {

constexpr char kHelloChannel[] = "__sentinel__:hello";
const std::string kCommandsName = "cmd" + std::string(kBusyIsAlive);
// A process that is ending may accept a connection for a moment more.
constexpr int kLocalChecksMax = 25;
constexpr Millis kLocalCheckDelay{2};

}  // namespace

NodeLink::NodeLink(Dialer& dialer, Target target, Emit emit)
    : dialer_(dialer),
      target_(std::move(target)),
      emit_(std::move(emit)),
      commands_(dialer.reactor, MakeOptions(kCommandsName),
                {.on_open = [this] { OnCommandsOpen(); },
                 .on_close = [this](net::LinkEnd end,
                                    const std::string& why) { OnCommandsClosed(end, why); }}),
      subscription_(dialer.reactor, MakeOptions("pubsub"),
                    {.on_open =
                         [this] {
                           heard_hello_at_ = dialer_.reactor.Now();
                           subscription_.Subscribe("SUBSCRIBE", kHelloChannel);
                         },
                     .on_close = [this](net::LinkEnd, const std::string&) { RetrySubscription(); },
                     .on_message = [this](const resp::Value& message) { OnMessage(message); }}) {}

NodeLink::~NodeLink() {
  dialer_.reactor.Cancel(check_timer_);
  dialer_.reactor.Cancel(subscription_timer_);
}

net::LinkOptions NodeLink::MakeOptions(const std::string& kind) const {
  net::LinkOptions options;
  if (target_.local) {
    options.unix_path = dialer_.local_socket;
    options.connect_timeout = kLocalConnectTimeout;
  } else {
    options.source_ip = dialer_.source_ip;
    options.connect_timeout = kConnectTimeout;
  }
  if (!target_.member.empty()) {
    options.proof = dialer_.trust.ProofFor(target_.member, dialer_.reactor.Now());
  }
  options.username = target_.credentials.user;
  options.password = target_.credentials.password;
  options.client_name = dialer_.ClientName(kind);
  options.pending_max = kLinkPendingMax;
  options.reply_bytes_max = kLinkReplyBytesMax;
  return options;
}

std::string NodeLink::Name(const std::string& command) const {
  const auto renamed = target_.renamed_commands.find(command);
  return renamed == target_.renamed_commands.end() ? command : renamed->second;
}

void NodeLink::Dial() {
  if (target_.local) {
    commands_.Open();
    return;
  }
  OpenTo(dialer_, commands_, target_.address, alive_,
         [this](const std::string& why) { Report(core::DownReason::kError, why); });
}

void NodeLink::Retire() {
  emit_ = nullptr;
  alive_.reset();
  dialer_.reactor.Cancel(check_timer_);
  dialer_.reactor.Cancel(subscription_timer_);
  check_timer_ = subscription_timer_ = 0;
  commands_.Close();
  subscription_.Close();
}

void NodeLink::OnCommandsOpen() {
  local_checks_ = 0;
  if (subscription_.closed() && subscription_timer_ == 0) OpenSubscription();
  // Also where a local connection was made anew, as after the CLIENT KILL of a promotion: what was
  // asked on the one before is never answered, and the own role would be known a second late.
  reported_up_ = true;
  if (emit_) emit_(core::NodeLinkUp{target_.node});
}

void NodeLink::OnCommandsClosed(net::LinkEnd end, const std::string& why) {
  if (!emit_ || CheckLocalEnd(end)) return;
  // An end of file that the check confirmed is the end of a process that was there.
  const bool was_up = target_.local && reported_up_ && end == net::LinkEnd::kRefused;
  Report(was_up ? core::DownReason::kClosed : ToDownReason(end), why);
}

bool NodeLink::CheckLocalEnd(net::LinkEnd end) {
  if (!target_.local || !reported_up_ || end != net::LinkEnd::kClosedByPeer) return false;
  if (local_checks_++ == 0) {
    OpenAgain();
    return true;
  }
  if (local_checks_ > kLocalChecksMax) return false;
  check_timer_ = dialer_.reactor.After(kLocalCheckDelay, [this] {
    check_timer_ = 0;
    OpenAgain();
  });
  return true;
}

// With the keys of now: links live long.
void NodeLink::OpenAgain() {
  commands_.set_options(MakeOptions(kCommandsName));
  commands_.Open();
}

void NodeLink::Report(core::DownReason reason, const std::string& why) {
  if (!emit_) return;
  log::Debug("link to node {}{}: {}", core::ToString(target_.address),
             target_.local ? " (local socket)" : "", why);
  const Emit emit = std::exchange(emit_, nullptr);
  Retire();
  emit(core::NodeLinkDown{target_.node, reason, PlainReason(why)});
}

void NodeLink::OpenSubscription() {
  net::LinkOptions options = MakeOptions("pubsub");
  options.to = commands_.options().to;
  subscription_.set_options(std::move(options));
  subscription_.Open();
}

void NodeLink::RetrySubscription() {
  if (!emit_) return;
  subscription_timer_ = dialer_.reactor.After(kSubscriptionRetry, [this] {
    subscription_timer_ = 0;
    if (commands_.open()) OpenSubscription();
  });
}

void NodeLink::OnMessage(const resp::Value& message) {
  heard_hello_at_ = dialer_.reactor.Now();
  if (!emit_ || message.items.size() < 3 || message.items[0].text != "message") return;
  if (message.items[1].text != kHelloChannel) return;
  const std::string& hello = message.items[2].text;
  if (IsFromDouble(dialer_, hello) && !std::exchange(told_of_double_, true)) {
    log::Warn(
        "another sentinel, which says {}, has the id of this one: stop it, take 'sentinel myid' "
        "out of its file, and start it again",
        PlainReason(hello));
  }
  emit_(core::HelloReceived{.payload = hello, .proven = {}});
}

void NodeLink::SendPing() {
  Ping([this](core::PingResult result) { emit_(core::NodePingReply{target_.node, result}); });
}

void NodeLink::Ping(std::function<void(core::PingResult)> answered) {
  const bool sent = commands_.Send({Name("PING")}, [this, answered](const resp::Value* reply) {
    --pings_unanswered_;
    if (!reply || !emit_) return;
    const core::PingResult result = ToPingResult(*reply);
    if (result != core::PingResult::kBusy) AfterScript();
    if (emit_ && answered) answered(result);
  });
  pings_unanswered_ += sent ? 1 : 0;
}

// Nothing but PING is answered in the middle of a script, and what waits there holds up the PINGs
// behind it: what is asked again and again is asked once the node has just answered.
void NodeLink::UnlessBusy(std::function<void()> ask) {
  waiting_.push_back(std::move(ask));
  if (pings_unanswered_ == 0) Ping({});
}

void NodeLink::AfterScript() {
  commands_.SayNameAgain();
  for (const auto& ask : std::exchange(waiting_, {})) ask();
}

void NodeLink::SendInfo() {
  if (std::exchange(info_waits_, true)) return;
  UnlessBusy([this] { AskInfo(); });
}

void NodeLink::AskInfo() {
  info_waits_ = false;
  // Servers before Redis 7 know one section or all. What our own nodes tell of clients and commands
  // may be much, and nothing of it is asked for here.
  const std::string name = Name("INFO");
  std::vector<std::string_view> words = {name};
  if (commands_.options().proof) {
    words.insert(words.end(), {"server", "persistence", "replication", "keyspace"});
  }
  commands_.Send(words, [this](const resp::Value* reply) {
    if (!reply || !emit_) return;
    NoteRefusal("INFO", *reply);
    if (!reply->is_string()) return;
    if (reply->text.size() <= core::kInfoBytesMax) {
      emit_(core::InfoReply{target_.node, reply->text});
    } else if (!std::exchange(told_of_long_info_, true)) {
      log::Warn("INFO of {} has {} bytes, more than {}: it is not read, so its role is not known",
                core::ToString(target_.address), reply->text.size(), core::kInfoBytesMax);
    }
  });
}

void NodeLink::SendScriptKill() { commands_.Send({Name("SCRIPT"), "KILL"}); }

void NodeLink::PublishHello(const std::string& payload) {
  // Our own hellos come back by the subscription, so its silence means that it is broken.
  const auto silent = dialer_.reactor.Now() - heard_hello_at_;
  if (subscription_.open() && silent > 3 * core::kHelloPeriod) subscription_.Close();
  const std::string told = Told(dialer_, payload, commands_);
  if (!std::exchange(hello_, told).empty()) return;  // the newest waits
  UnlessBusy([this] {
    const std::string hello = std::exchange(hello_, "");
    commands_.Send({Name("PUBLISH"), kHelloChannel, hello}, [this](const resp::Value* reply) {
      if (reply && emit_) NoteRefusal("PUBLISH", *reply);
    });
  });
}

// Without rights for that a node looks well, and is not known.
void NodeLink::NoteRefusal(const char* command, const resp::Value& reply) {
  if (!reply.is_error() || !reply.text.starts_with("NOPERM")) return;
  if (!told_of_refusals_.insert(command).second) return;
  log::Warn("{} may not be sent to {} by this sentinel's user there: {}", command,
            core::ToString(target_.address), PlainReason(reply.text));
}

void NodeLink::Reconfigure(const core::Reconfigure& change) {
  if (commands_.options().proof) return AssignRole(change);
  const auto& primary = change.primary;
  const std::string slave_of = Name("SLAVEOF");
  // EXEC says only that something was refused.
  const auto refusal = std::make_shared<std::string>();
  const auto queued = [refusal](const resp::Value* reply) {
    if (reply && reply->is_error() && refusal->empty()) *refusal = reply->text;
  };
  commands_.Send({Name("MULTI")});
  if (change.ends_handover) commands_.Send({Name("FAILOVER"), "ABORT"}, queued);
  if (primary) {
    commands_.Send({slave_of, primary->host, std::to_string(primary->port)}, queued);
  } else {
    commands_.Send({slave_of, "NO", "ONE"}, queued);
  }
  commands_.Send({Name("CONFIG"), "REWRITE"});
  KillClients();
  const size_t order = change.ends_handover ? 1 : 0;
  commands_.Send({Name("EXEC")}, [this, order, refusal](const resp::Value* reply) {
    if (reply && emit_) OnReconfigured(*reply, order, *refusal);
  });
}

void NodeLink::AskToHandOver(const core::AskToHandOver& request) {
  using core::HandoverStep;
  const std::string port = std::to_string(request.to.port);
  const std::string limit = std::to_string(request.limit.count());
  const auto answer = [this, step = request.step](const resp::Value* reply) {
    if (!reply || !emit_) return;
    const bool ok = !reply->is_error();
    emit_(core::HandoverReply{target_.node, step, ok, ok ? "" : reply->text});
  };
  switch (request.step) {
    case HandoverStep::kHandOver:
      commands_.Send({Name("FAILOVER"), "TO", request.to.host, port, "TIMEOUT", limit}, answer);
      break;
    case HandoverStep::kAbort:
      commands_.Send({Name("FAILOVER"), "ABORT"}, answer);
      break;
    case HandoverStep::kPause:
      commands_.Send({Name("CLIENT"), "PAUSE", limit, "WRITE"}, answer);
      break;
    case HandoverStep::kUnpause:
      commands_.Send({Name("CLIENT"), "UNPAUSE"}, answer);
      break;
  }
}

void NodeLink::AssignRole(const core::Reconfigure& change) {
  const std::string epoch = std::to_string(change.epoch);
  // A word is needed; this one is before every id, as nothing is.
  const std::string leader = change.leader.empty() ? "*" : change.leader;
  const std::string port = change.primary ? std::to_string(change.primary->port) : "";
  const std::string copies = std::to_string(change.copies);
  std::vector<std::string_view> words = {"REDISHA", "ROLE", epoch, leader};
  if (change.primary) {
    words.insert(words.end(), {"REPLICA", change.primary->host, port});
  } else {
    words.push_back(change.seal ? "SEAL" : "PRIMARY");
  }
  if (change.copies > 1) words.insert(words.end(), {"COPIES", copies});
  const bool clients_stay = change.seal || change.again;
  commands_.Send(words, [this, clients_stay](const resp::Value* reply) {
    if (!reply || !emit_) return;
    if (!reply->is_error() && !clients_stay) KillClients();
    OnReconfigured(*reply, 0, "");
  });
}

// They look for the primary again, wherever they are.
void NodeLink::KillClients() {
  const std::string client = Name("CLIENT");
  commands_.Send({client, "KILL", "TYPE", "normal"});
  commands_.Send({client, "KILL", "TYPE", "pubsub"});
}

// `order`: where in a transaction the change of role is. `refusal`: what the first of its commands
// that was refused was answered.
void NodeLink::OnReconfigured(const resp::Value& reply, size_t order, const std::string& refusal) {
  core::ReconfigureDone done{.node = target_.node, .ok = true, .error = {}};
  if (reply.is_error()) {
    done.error = refusal.empty() ? reply.text : refusal;
  } else if (reply.items.size() > order && reply.items[order].is_error()) {
    done.error =
        reply.items[order].text;  // of SLAVEOF; CONFIG REWRITE fails without a file, harmlessly
  }
  done.ok = done.error.empty();
  emit_(std::move(done));
}

}  // namespace rha::sidecar::shell
