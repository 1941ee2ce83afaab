#include "sidecar/shell/server.h"

#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "common/base/glob.h"
#include "common/base/log.h"
#include "common/base/random_id.h"
#include "sidecar/core/limits.h"
#include "sidecar/shell/command.h"
#include "sidecar/shell/driver.h"
#include "sidecar/shell/limits.h"
#include "sidecar/shell/options.h"

namespace rha::sidecar::shell {
namespace {

constexpr char kProtectedMode[] =
    "DENIED Redis is running in protected mode because protected mode is enabled and no password "
    "is set for the default user. Set one (requirepass), or 'protected-mode no' if only trusted "
    "hosts reach this port";

}  // namespace

Server::Listener::Listener(Server& owner, UniqueFd socket)
    : server(owner),
      fd(std::move(socket)),
      watch(
          [](void* self, uint32_t) {
            auto* listener = static_cast<Listener*>(self);
            listener->server.AcceptAll(*listener);
          },
          this) {}

Server::Server(net::Reactor& reactor, const Options& options, Trust& trust, Access& access)
    : reactor_(reactor),
      options_(options),
      trust_(trust),
      access_(access),
      started_(reactor.Now()),
      run_id_(RandomHex(40)) {
  handlers_ = {.on_request = [this](Client& client, resp::Args args) { OnRequest(client, args); },
               .on_closed = [this](Client& client) { OnClosed(client); },
               .traffic = &stats_.traffic};
  turn_hook_ = reactor_.AddTurnHook([this] { closed_.clear(); });
}

Server::~Server() {
  reactor_.Cancel(idle_timer_);
  reactor_.Cancel(rate_timer_);
  reactor_.RemoveTurnHook(turn_hook_);
}

// Clients must not use up what the links to nodes and peers need: a stranger could stop failovers.
void Server::LimitByDescriptors() {
  clients_max_ = std::min(options_.clients_max, kClientsMax);
  if (clients_max_ < options_.clients_max) {
    log::Warn("maxclients {}: this sentinel takes {} at most", options_.clients_max, clients_max_);
  }
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  const rlim_t wanted = kDescriptorsKept + kClientsMax + kStrangersMax;
  if (limit.rlim_cur < wanted) {
    limit.rlim_cur = std::min(wanted, limit.rlim_max);
    if (::setrlimit(RLIMIT_NOFILE, &limit) != 0) ::getrlimit(RLIMIT_NOFILE, &limit);
  }
  if (limit.rlim_cur >= wanted) return;
  const size_t left = std::max<size_t>(limit.rlim_cur, kDescriptorsKept + 64) - kDescriptorsKept;
  strangers_max_ = std::min(kStrangersMax, left / 4);
  clients_max_ = std::min(clients_max_, left - strangers_max_);
  log::Warn("{} clients at most: this process may have {} descriptors (ulimit -n)", clients_max_,
            limit.rlim_cur);
}

Status Server::Listen() {
  LimitByDescriptors();
  if (options_.idle_max.count() > 0) {
    idle_timer_ = reactor_.Every(kIdlePoll, [this] { CloseIdle(); });
  }
  rate_timer_ = reactor_.Every(core::kTickPeriod, [this] { SampleRates(); });
  for (const std::string& bind : options_.binds) {
    // Redis' syntax: a leading '-' means that this address may be missing, '*' is every address.
    const bool optional = bind.starts_with('-');
    std::string ip = optional ? bind.substr(1) : bind;
    if (ip == "*") ip = "0.0.0.0";
    if (ip == "::*") ip = "::";
    auto fd = net::ListenTcp(ip, options_.port, options_.listen_backlog);
    if (!fd.ok()) {
      if (optional) continue;
      return fd.status();
    }
    auto listener = std::make_unique<Listener>(*this, std::move(*fd));
    RHA_RETURN_IF_ERROR(reactor_.Attach(listener->watch, listener->fd.get(), EPOLLIN));
    listeners_.push_back(std::move(listener));
  }
  if (listeners_.empty()) return {Code::kInvalid, "no address to listen on"};
  return Status::Ok();
}

void Server::AcceptAll(Listener& listener) {
  while (true) {
    auto fd = net::Accept(listener.fd.get());
    if (!fd.ok()) {
      // Out of descriptors: the connection stays queued, and looking again at once would spin.
      log::Warn("{}", fd.status().message());
      reactor_.SetEvents(listener.watch, 0);
      reactor_.After(kAcceptPause,
                     [this, &listener] { reactor_.SetEvents(listener.watch, EPOLLIN); });
      return;
    }
    if (!fd->valid()) return;
    ++stats_.connections;
    auto client = std::make_unique<Client>(reactor_, std::move(*fd), ++last_client_, handlers_);
    if (!client->Attach(options_.keepalive_seconds).ok()) continue;
    Client& welcome = *client;
    clients_.emplace(client->id(), std::move(client));
    Welcome(welcome);
  }
}

// protected-mode yes: without a password, this machine's own clients only.
bool Server::Protected(const Client& client) const {
  if (!options_.protected_mode || !access_.open()) return false;
  return !client.peer().starts_with("127.") && !client.peer().starts_with("[::1]") &&
         !client.peer().starts_with("::1");
}

void Server::CloseIdle() {
  (void)CloseAll(
      [this](const Client& client) {
        return !client.subscribed() && Now() - client.heard() > options_.idle_max;
      },
      nullptr);
}

void Server::Refuse(Client& client, const char* why) {
  ++stats_.rejected_connections;
  client.reply().Error(why);
  client.CloseAfterReply();
  client.Flush();
}

// When there is no room for another client, a member may still come and prove itself.
void Server::Welcome(Client& client) {
  if (Protected(client)) return Refuse(client, kProtectedMode);
  const Rights at_first = access_.Welcome(&client.who, Now());
  client.SetRights(Full() && trust_.is_member() ? Rights::kNothing : at_first);
  if (client.rights() != Rights::kNothing) {
    if (Full()) Refuse(client, kTooManyClients);
    return;
  }
  strangers_.insert(client.id());
  if (strangers_.size() <= strangers_max_) return;
  ++stats_.rejected_connections;
  clients_.at(*strangers_.begin())->Close();
}

Rights Server::LogIn(Client& client, std::string_view user, std::string_view password,
                     std::string_view command) {
  const Rights rights = access_.LogIn(user, password, &client.who, Now());
  if (rights == Rights::kNothing) {
    access_.Note({.reason = acl::Denied::kAuth, .object = command, .user = user}, client.Line());
  }
  return rights;
}

bool Server::Admit(Client& client, Rights rights) {
  strangers_.erase(client.id());
  if (Full()) {
    strangers_.insert(client.id());
    ++stats_.rejected_connections;
    client.CloseAfterReply();
    return false;
  }
  client.SetRights(rights);
  return true;
}

void Server::AdmitMember(Client& client) {
  strangers_.erase(client.id());
  client.SetRights(Rights::kEverything);
  client.who.rules = nullptr;
}

// Closing takes a client out of the map.
int64_t Server::CloseAll(const std::function<bool(const Client&)>& which, const Client* asker) {
  std::vector<Client*> closing;
  for (const auto& [id, client] : clients_) {
    if (which(*client)) closing.push_back(client.get());
  }
  for (Client* const client : closing) {
    client == asker ? client->CloseAfterReply() : client->Close();
  }
  return static_cast<int64_t>(closing.size());
}

void Server::CloseStranded(const acl::User& gone, Client& asker) {
  CloseAll([&](const Client& client) { return client.who.rules == &gone; }, &asker);
  if (asker.who.rules != &gone) return;
  access_.Welcome(&asker.who, Now());
  asker.SetRights(Rights::kNothing);
}

void Server::CloseUnentitledListeners(Client& asker) {
  const auto unentitled = [](const Client& client) {
    const auto may = [&](const std::set<std::string>& names, bool patterns) {
      return std::all_of(names.begin(), names.end(), [&](const std::string& name) {
        return acl::MayListen(*client.who.rules, name, patterns);
      });
    };
    return client.who.rules != nullptr &&
           !(may(client.channels, false) && may(client.patterns, true));
  };
  CloseAll(unentitled, &asker);
}

void Server::StartOver(Client& client) {
  client.SetRights(access_.Welcome(&client.who, Now()));
  if (client.rights() == Rights::kNothing) strangers_.insert(client.id());
}

void Server::OnRequest(Client& client, resp::Args args) {
  ++stats_.commands;
  client.reply().ForgetError();
  CommandContext context{*this, *driver_, client, args, client.reply()};
  RunCommand(context);
  if (!client.reply().error_code().empty()) ++stats_.error_replies;
  if (client.Owed() > kClientOutputPauseBytes) LimitOwed();
}

void Server::SampleRates() {
  const int64_t now_ms =
      std::chrono::floor<std::chrono::milliseconds>(reactor_.Now().time_since_epoch()).count();
  stats_.commands_rate.Sample(stats_.commands, now_ms);
  stats_.read_rate.Sample(stats_.traffic.read_bytes, now_ms);
  stats_.write_rate.Sample(stats_.traffic.written_bytes, now_ms);
}

// Answers that nobody reads are bounded together, too: whoever is owed most goes.
void Server::LimitOwed() {
  size_t owed = 0;
  Client* largest = nullptr;
  for (const auto& [id, client] : clients_) {
    owed += client->Owed();
    if (largest == nullptr || client->Owed() > largest->Owed()) largest = client.get();
  }
  if (owed <= kClientsOutputBytesMax) return;
  log::Warn("closing client {}: it does not read, {} bytes of {} wait", largest->peer(),
            largest->Owed(), owed);
  largest->Close();
}

void Server::OnClosed(Client& client) {
  const auto found = clients_.find(client.id());
  if (found == clients_.end()) return;
  strangers_.erase(client.id());
  closed_.push_back(std::move(found->second));
  clients_.erase(found);
}

core::RequestId Server::Await(Client& client) {
  const core::RequestId request = driver_->NextRequest();
  waiting_.emplace(request, client.id());
  client.Wait();
  return request;
}

void Server::OnReply(const core::Reply& reply) {
  const auto waiting = waiting_.find(reply.request);
  if (waiting == waiting_.end()) return;
  const auto found = clients_.find(waiting->second);
  waiting_.erase(waiting);
  if (found == clients_.end()) return;  // it left meanwhile
  Client& client = *found->second;
  resp::Writer& out = client.reply();
  struct Render {
    resp::Writer& out;
    void operator()(const core::ReplyOk&) const { out.Ok(); }
    void operator()(const core::ReplyError& r) const { out.Error(r.text); }
    void operator()(const core::ReplyInteger& r) const { out.Integer(r.value); }
    void operator()(const core::ReplyVote& r) const {
      out.Array(3);
      out.Integer(r.down ? 1 : 0);
      out.Bulk(r.leader);
      out.Integer(static_cast<int64_t>(r.leader_epoch));
    }
  };
  std::visit(Render{out}, reply.value);
  client.Resume();
}

void Server::Publish(std::string_view channel, std::string_view payload) {
  // Sending may close a client, which takes it out of the map.
  size_t owed = 0;
  std::vector<Client*> receivers;
  for (const auto& [id, client] : clients_) {
    if (client->subscribed()) receivers.push_back(client.get());
  }
  for (Client* client : receivers) {
    resp::Writer& out = client->reply();
    if (client->channels.count(std::string(channel))) {
      out.Push(3);
      out.Bulk("message");
      out.Bulk(channel);
      out.Bulk(payload);
    }
    for (const std::string& pattern : client->patterns) {
      if (!GlobMatches(pattern, channel)) continue;
      out.Push(4);
      out.Bulk("pmessage");
      out.Bulk(pattern);
      out.Bulk(channel);
      out.Bulk(payload);
    }
    client->Flush();
    if (client->closed()) continue;
    owed += client->Owed();
    if (client->Owed() <= kSubscriberOutputBytesMax && owed <= kSubscribersOutputBytesMax) continue;
    log::Warn("closing subscriber {}: it does not read, {} bytes wait", client->peer(),
              client->Owed());
    owed -= client->Owed();
    client->Close();
  }
}

}  // namespace rha::sidecar::shell
