#include "sidecar/shell/driver.h"

#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <sstream>
#include <utility>

#include "common/base/log.h"
#include "common/net/resolver.h"
#include "sidecar/shell/limits.h"
#include "sidecar/shell/options.h"

namespace rha::sidecar::shell {
namespace {

// The machine's times may lie before its start ("long ago" by some period): begin well above zero.
constexpr Millis kClockBase = std::chrono::hours(24);

Dialer MakeDialer(net::Reactor& reactor, net::Resolver& resolver, Trust& trust,
                  const Options& options, const std::string& my_id) {
  return {.reactor = reactor,
          .resolver = resolver,
          .trust = trust,
          .my_id = my_id,
          .source_ip = options.source_ip,
          .local_socket = options.local_socket,
          .fixed_announce = !options.announce_ip().empty()};
}

}  // namespace

Driver::Driver(net::Reactor& reactor, net::Resolver& resolver, Trust& trust, const Options& options,
               core::Config config, StateStore store, DriverSinks sinks)
    : reactor_(reactor),
      resolver_(resolver),
      options_(options),
      sinks_(std::move(sinks)),
      dialer_(MakeDialer(reactor, resolver, trust, options, config.my_id)),
      machine_(std::move(config), ReadClock()),
      writer_(std::move(store),
              [this](uint64_t seq, const Status& status) {
                reactor_.Post([this, seq, status] { OnPersisted(seq, status); });
              }),
      scripts_(
          reactor,
          [this] {
            const core::Periods& periods = machine_.state().periods;
            return Scripts::Periods{periods.script_runtime, periods.script_retry};
          },
          [this](const std::string& channel, const std::string& payload) {
            Perform(core::PublishEvent{
                .channel = channel, .payload = payload, .warning = channel == "-script-error"});
          }) {
  turn_hook_ = reactor_.AddTurnHook([this] {
    retired_nodes_.clear();
    retired_peers_.clear();
  });
}

Driver::~Driver() {
  reactor_.Cancel(timer_);
  reactor_.RemoveTurnHook(turn_hook_);
}

Status Driver::Start() {
  if (Status written = writer_.WriteNow(machine_.Snapshot()); !written.ok()) {
    return std::move(written).Context(kStateUnwritable);
  }
  Feed(core::Tick{});
  return Status::Ok();
}

// Counts the time for which the machine was suspended too, unlike steady_clock: a sleep must show
// as a gap.
core::LogicalTime Driver::ReadClock() {
  timespec since_boot{};
  ::clock_gettime(CLOCK_BOOTTIME, &since_boot);
  return core::LogicalTime(kClockBase + Millis(since_boot.tv_sec * 1000LL) +
                           Millis(since_boot.tv_nsec / 1000000));
}

void Driver::Feed(core::Event event) {
  queue_.push_back(std::move(event));
  if (running_) return;
  running_ = true;
  while (!queue_.empty()) {
    const core::Event next = std::move(queue_.front());
    queue_.pop_front();
    Run(next);
  }
  running_ = false;
  ArmTimer();
}

void Driver::Run(const core::Event& event) {
  now_ = ReadClock();
  if (const auto* info = std::get_if<core::InfoReply>(&event)) {
    infos_.Keep(info->node, now_, info->text);
  }
  const core::Actions actions = machine_.Step(now_, event);
  dialer_.fixed_announce = !machine_.state().globals.announce_ip.empty();
  uint64_t persist_seq = 0;
  for (const core::Action& action : actions) {
    if (const auto* persist = std::get_if<core::Persist>(&action)) persist_seq = persist->seq;
  }
  for (const core::Action& action : actions) {
    const auto* reply = std::get_if<core::Reply>(&action);
    if (reply && reply->promise && persist_seq != 0) {
      held_.emplace(persist_seq, *reply);
    } else {
      std::visit([this](const auto& a) { Perform(a); }, action);
    }
  }
}

void Driver::ArmTimer() {
  reactor_.Cancel(timer_);
  const auto wait = std::clamp(std::chrono::duration_cast<Millis>(machine_.NextWake() - now_),
                               Millis(1), core::kTickPeriod);
  timer_ = reactor_.After(wait, [this] {
    timer_ = 0;
    Feed(core::Tick{});
  });
}

void Driver::OnPersisted(uint64_t seq, const Status& status) {
  if (!status.ok() && !write_failed_) {
    log::Error("the state cannot be written, so no vote is given: {}", status.message());
  } else if (status.ok() && write_failed_) {
    log::Info("the state is written again");
  }
  write_failed_ = !status.ok();
  ReleaseReplies(seq, status);
  Feed(core::PersistDone{.seq = seq, .ok = status.ok()});
}

void Driver::ReleaseReplies(uint64_t seq, const Status& status) {
  while (!held_.empty() && held_.begin()->first <= seq) {
    core::Reply reply = std::move(held_.begin()->second);
    held_.erase(held_.begin());
    const bool promise = !std::holds_alternative<core::ReplyError>(reply.value);
    if (promise && !status.ok()) {
      reply.value = core::ReplyError{"ERR Failed to save config file: " + status.message()};
    }
    sinks_.reply(reply);
  }
}

// A configured group has none: its members prove themselves, and its file may name no password.
Credentials Driver::CredentialsOf(const std::string& group) const {
  const core::Group* found = machine_.FindGroup(group);
  if (!found) return {};
  return {found->config.auth_user, found->config.auth_password};
}

std::string Driver::MemberOf(core::NodeId id) const {
  for (const auto& [name, group] : machine_.state().groups) {
    const core::Node* node = group.FindNode(id);
    if (node && node->member >= 0) return group.members[node->member].config.name;
  }
  return "";
}

std::string Driver::MemberOf(core::PeerId id) const {
  for (const auto& [name, group] : machine_.state().groups) {
    for (const core::Member& member : group.members) {
      if (member.peer == id) return member.config.name;
    }
  }
  return "";
}

NodeLink* Driver::Find(core::NodeId node) {
  const auto found = nodes_.find(node);
  return found == nodes_.end() ? nullptr : found->second.get();
}

PeerLink* Driver::Find(core::PeerId peer) {
  const auto found = peers_.find(peer);
  return found == peers_.end() ? nullptr : found->second.get();
}

size_t Driver::PendingCommands(core::NodeId node) const {
  const auto found = nodes_.find(node);
  return found == nodes_.end() ? 0 : found->second->pending();
}

size_t Driver::PendingCommands(core::PeerId peer) const {
  const auto found = peers_.find(peer);
  return found == peers_.end() ? 0 : found->second->pending();
}

void Driver::Perform(const core::ConnectNode& a) {
  Perform(core::DisconnectNode{a.node});
  NodeLink::Target target{.node = a.node,
                          .address = a.address,
                          .local = a.local && !options_.local_socket.empty(),
                          .member = MemberOf(a.node),
                          .credentials = CredentialsOf(a.group),
                          .renamed_commands = {}};
  if (const core::Group* group = machine_.FindGroup(a.group)) {
    target.renamed_commands = group->config.renamed_commands;
  }
  auto& link = nodes_[a.node];
  link = std::make_unique<NodeLink>(dialer_, std::move(target),
                                    [this](core::Event event) { Feed(std::move(event)); });
  link->Dial();
}

void Driver::Perform(const core::DisconnectNode& a) {
  const auto found = nodes_.find(a.node);
  if (found == nodes_.end()) return;
  found->second->Retire();
  retired_nodes_.push_back(std::move(found->second));
  nodes_.erase(found);
}

// As in Redis, what guards our own port opens the others' too, where nothing else is said.
Credentials Driver::PeerCredentials() const {
  const core::Globals& globals = machine_.state().globals;
  if (!globals.peer_password.empty() || options_.configured()) {
    return {globals.peer_user, globals.peer_password};
  }
  return {"", dialer_.trust.OwnPassword(reactor_.Now())};
}

void Driver::Perform(const core::ConnectPeer& a) {
  Perform(core::DisconnectPeer{a.peer});
  auto& link = peers_[a.peer];
  link = std::make_unique<PeerLink>(dialer_,
                                    PeerLink::Target{.peer = a.peer,
                                                     .address = a.address,
                                                     .member = MemberOf(a.peer),
                                                     .credentials = PeerCredentials()},
                                    [this](core::Event event) { Feed(std::move(event)); });
  link->Dial();
}

void Driver::Perform(const core::DisconnectPeer& a) {
  const auto found = peers_.find(a.peer);
  if (found == peers_.end()) return;
  found->second->Retire();
  retired_peers_.push_back(std::move(found->second));
  peers_.erase(found);
}

void Driver::Perform(const core::SendNodePing& a) {
  if (NodeLink* link = Find(a.node)) link->SendPing();
}
void Driver::Perform(const core::SendPeerPing& a) {
  if (PeerLink* link = Find(a.peer)) link->SendPing();
}
void Driver::Perform(const core::SendInfo& a) {
  if (NodeLink* link = Find(a.node)) link->SendInfo();
}
void Driver::Perform(const core::SendScriptKill& a) {
  if (NodeLink* link = Find(a.node)) link->SendScriptKill();
}
void Driver::Perform(const core::PublishHelloToNode& a) {
  if (NodeLink* link = Find(a.node)) link->PublishHello(a.payload);
}
void Driver::Perform(const core::PublishHelloToPeer& a) {
  if (PeerLink* link = Find(a.peer)) link->PublishHello(a.payload);
}
void Driver::Perform(const core::AskPeer& a) {
  if (PeerLink* link = Find(a.peer)) link->Ask(a);
}
void Driver::Perform(const core::SendExtension& a) {
  if (PeerLink* link = Find(a.peer)) link->SendExtension(a.args);
}
void Driver::Perform(const core::Reconfigure& a) {
  if (NodeLink* link = Find(a.node)) link->Reconfigure(a);
}
void Driver::Perform(const core::AskToHandOver& a) {
  if (NodeLink* link = Find(a.node)) link->AskToHandOver(a);
}

void Driver::Perform(const core::Reply& a) { sinks_.reply(a); }
void Driver::Perform(const core::Persist& a) {
  const std::string& level = a.state.globals.log_level;
  if (const auto parsed = log::ParseLevel(level); parsed.ok()) log::SetLevel(*parsed);
  writer_.Write(a.seq, a.state);
}
void Driver::Perform(const core::PublishEvent& a) {
  log::Log(a.warning ? log::Level::kWarn : log::Level::kInfo, "{} {}", a.channel, a.payload);
  sinks_.publish(a);
  RunScripts(a);
}

void Driver::RunScripts(const core::PublishEvent& event) {
  const core::Group* group = machine_.FindGroup(event.group);
  if (!group) return;
  const core::GroupConfig& config = group->config;
  if (event.warning && !config.notification_script.empty()) {
    scripts_.Add({config.notification_script, event.channel, event.payload});
  }
  if (event.channel != "+switch-master" || config.client_reconfig_script.empty()) return;
  // <group> leader|observer start <from> <port> <to> <port>
  std::vector<std::string> words = {config.client_reconfig_script, config.name};
  const bool leads = group->config_leader == machine_.state().my_id;
  words.insert(words.end(), {leads ? "leader" : "observer", "start"});
  std::istringstream addresses(event.payload.substr(config.name.size()));
  for (std::string word; addresses >> word;) words.push_back(word);
  scripts_.Add(std::move(words));
}
void Driver::Perform(const core::SetRoleLabel& a) {
  if (a.role != core::Role::kUnknown) sinks_.role_label(a.role);
}

void Driver::Perform(const core::Resolve& a) {
  resolver_.Resolve(a.host, [this, host = a.host](const Result<net::Resolver::Addresses>& answer) {
    core::HostResolved resolved{.host = host, .ip = std::nullopt};
    if (answer.ok()) resolved.ip = answer->front();
    Feed(std::move(resolved));
  });
}

void Driver::Perform(const core::Log& a) {
  log::Log(a.warning ? log::Level::kWarn : log::Level::kInfo, "{}", a.text);
}

void Driver::Perform(const core::CrashProcess&) {
  log::Warn("SENTINEL SIMULATE-FAILURE: ending as asked");
  log::Flush();
  ::_exit(99);
}

}  // namespace rha::sidecar::shell
