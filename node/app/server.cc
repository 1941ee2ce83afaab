#include "node/app/server.h"

#include <fmt/format.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <limits>

#include "common/base/log.h"
#include "common/net/socket.h"
#include "node/app/append_only.h"
#include "node/app/limits.h"
#include "node/dispatch/client_line.h"

namespace rha::node::app {
namespace {

constexpr char kTooManyClients[] = "-ERR max number of clients reached\r\n";

constexpr char kProtected[] =
    "-DENIED Redis is running in protected mode because protected mode is enabled and no password "
    "is "
    "set for the default user. In this mode connections are only accepted from the loopback "
    "interface. If you want to connect from external computers to Redis you may adopt one of the "
    "following solutions: 1) Just disable protected mode sending the command 'CONFIG SET "
    "protected-mode no' from the loopback interface by connecting to Redis from the same host the "
    "server is running, however MAKE SURE Redis is not publicly accessible from internet if you do "
    "so. Use CONFIG REWRITE to make this change permanent. 2) Alternatively you can just disable "
    "the "
    "protected mode by editing the Redis configuration file, and setting the protected mode option "
    "to 'no', and then restarting the server. 3) If you started the server manually just for "
    "testing, restart it with the '--protected-mode no' option. 4) Setup a an authentication "
    "password for the default user. NOTE: You only need to do one of the above things in order for "
    "the server to start accepting connections from the outside.\r\n";

// As Redis: the rest of 127.0.0.0/8 is not meant.
bool IsLocal(const std::string& host) { return host == "127.0.0.1" || host == "::1"; }

void Refuse(const UniqueFd& fd, std::string_view error) {
  (void)!::send(fd.get(), error.data(), error.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
}

// While only copies are missing, who makes them is answered, and who has never asked for data: a
// replica that introduces itself, or a probe.
bool NeedsNoCopies(const Connection& connection) {
  if (connection.is_peer() || connection.kind == dispatch::SessionKind::kReplica) return true;
  return !connection.asks_for_data;
}

}  // namespace

Server::Listener::Listener(Server& server, UniqueFd fd, bool unix_socket)
    : server(server),
      fd(std::move(fd)),
      unix_socket(unix_socket),
      watch(
          [](void* self_ptr, uint32_t) {
            auto* self = static_cast<Listener*>(self_ptr);
            self->server.AcceptFrom(*self);
          },
          this) {}

Server::Server(net::Reactor& reactor, dispatch::Engine& engine, const Config& config)
    : reactor_(reactor), engine_(engine), config_(config) {}

std::unique_ptr<Server::Desk> Server::NewDesk() {
  auto desk = std::make_unique<Desk>();
  desk->read_buffer = std::make_unique_for_overwrite<char[]>(kReadChunkBytes);
  return desk;
}

Server::~Server() {
  reactor_.Cancel(next_turn_timer_);
  for (auto& [id, connection] : connections_) engine_.Leave(*connection);
}

Status Server::Listen() {
  if (config_.port != 0) {
    for (const std::string& bind : config_.bind) {
      // "-address": not an error if this machine does not have it.
      const bool optional = bind.starts_with('-');
      std::string ip = optional ? bind.substr(1) : bind;
      if (ip == "*") ip = "0.0.0.0";
      if (ip == "localhost") ip = "127.0.0.1";
      auto fd = net::ListenTcp(ip, static_cast<uint16_t>(config_.port),
                               static_cast<int>(config_.tcp_backlog));
      if (!fd.ok()) {
        if (optional) continue;
        return fd.status().Context(fmt::format("Failed listening on port {}", config_.port));
      }
      RHA_RETURN_IF_ERROR(AddListener(std::move(fd).value(), false));
    }
  }
  if (!config_.unix_socket.empty()) {
    auto fd =
        net::ListenUnix(config_.unix_socket, static_cast<int>(config_.unix_socket_permissions),
                        static_cast<int>(config_.tcp_backlog));
    if (!fd.ok()) return fd.status();
    RHA_RETURN_IF_ERROR(AddListener(std::move(fd).value(), true));
  }
  return {};
}

Status Server::AddListener(UniqueFd fd, bool unix_socket) {
  auto listener = std::make_unique<Listener>(*this, std::move(fd), unix_socket);
  RHA_RETURN_IF_ERROR(reactor_.Attach(listener->watch, listener->fd.get(), EPOLLIN));
  listeners_.push_back(std::move(listener));
  return {};
}

void Server::StopListening() { listeners_.clear(); }

Server::Listener::~Listener() { server.reactor_.Cancel(resume_timer); }

void Server::AcceptFrom(Listener& listener) {
  for (int i = 0; i < kAcceptsPerTurn; ++i) {
    auto fd = net::Accept(listener.fd.get());
    if (!fd.ok()) return PauseAccepting(listener, fd.status());
    if (!fd->valid()) return;
    accepting_failed_ = false;
    Admit(std::move(fd).value(), listener.unix_socket);
  }
}

// Out of descriptors, say: who has come stays queued, and looking again at once would spin.
void Server::PauseAccepting(Listener& listener, const Status& why) {
  if (!accepting_failed_) log::Warn("accepting a client connection: {}", why.message());
  accepting_failed_ = true;
  reactor_.SetEvents(listener.watch, 0);
  listener.resume_timer = reactor_.After(kAcceptPause, [this, &listener] {
    listener.resume_timer = 0;
    reactor_.SetEvents(listener.watch, EPOLLIN);
  });
}

void Server::Admit(UniqueFd fd, bool unix_socket) {
  const int raw = fd.get();
  const auto peer = net::PeerEndpoint(raw);
  const bool local = unix_socket || (peer.ok() && IsLocal(peer->host));
  const bool open = engine_.permissions().users().default_user().needs_no_password();
  if (config_.protected_mode && open && !local) {
    ++stats_.connections_rejected;
    return Refuse(fd, kProtected);
  }
  auto connection = std::make_unique<Connection>(*this, std::move(fd));
  connection->unix_socket = unix_socket;
  connection->local = local;
  if (busy_) connection->came_in_turn = turn_;
  if (unix_socket) {
    connection->peer_address = connection->local_address = config_.unix_socket + ":0";
  } else {
    net::SetNoDelay(raw);
    if (config_.tcp_keepalive_s > 0)
      net::SetKeepAlive(raw, static_cast<int>(config_.tcp_keepalive_s));
    if (peer.ok()) connection->peer_address = peer->ToString();
    if (auto local = net::LocalEndpoint(raw); local.ok())
      connection->local_address = local->ToString();
  }
  engine_.Join(*connection);
  const Status started = connection->Start();
  if (!started.ok()) log::Warn("client {}: {}", connection->peer_address, started.message());
  if (!started.ok() || !MakeRoomFor(*connection)) return engine_.Leave(*connection);
  ++stats_.connections_received;
  connections_.emplace(connection->id, std::move(connection));
}

bool Server::MakeRoomFor(Connection& connection) {
  const auto arrival = admission_.Arrive(connection.id, connection.authenticated,
                                         {.clients_max = static_cast<size_t>(config_.clients_max),
                                          .has_members = engine_.options().membership.known()});
  if (!arrival.admitted) {
    ++stats_.connections_rejected;
    (void)::send(connection.fd(), kTooManyClients, sizeof kTooManyClients - 1,
                 MSG_NOSIGNAL | MSG_DONTWAIT);
    return false;
  }
  if (Connection* former = Find(arrival.put_over_limit)) former->over_limit = true;
  if (Connection* leaving = Find(arrival.leaves)) {
    ++stats_.connections_rejected;
    leaving->Close(dispatch::Session::CloseMode::kNow);
    leaving->GiveBackDescriptor();
  }
  if (arrival.over_limit) {
    connection.over_limit = true;
    connection.authenticated = connection.ever_authenticated = false;
  }
  return true;
}

Connection* Server::Find(std::optional<uint64_t> id) {
  const auto found = id ? connections_.find(*id) : connections_.end();
  return found == connections_.end() ? nullptr : found->second.get();
}

void Server::QueueDestroy(Connection& connection) {
  admission_.Leave(connection.id);
  client_memory_.Leave(connection.id);
  to_destroy_.push_back(&connection);
}

void Server::NoteRights(Connection& connection) {
  if (connection.is_peer()) {
    admission_.BecomeMember(connection.id);
  } else {
    admission_.BecomeClient(connection.id);
  }
}

void Server::NoteStranger(Connection& connection) {
  Connection* leaving = Find(admission_.Hold(connection.id, connection.memory_bytes()));
  if (leaving == nullptr) return;
  ++stats_.query_buffer_limit_disconnections;
  log::Debug("closing client {}: those who have not authenticated hold too much",
             leaving->peer_address);
  leaving->Close(dispatch::Session::CloseMode::kNow);
}

// Who came while a command runs, and has gone, is in nobody's hands; of the others some may be.
void Server::ServeWhileBusy(dispatch::ServerService::Whom whom) {
  Destroy([this](const Connection& connection) { return connection.came_in_turn == turn_; });
  // What was answered before; but where replies wait for changes, not if what runs has changed
  // something: a message about that may be among them.
  if (engine_.propagation().empty() || !RepliesWaitForChanges()) SendReplies();
  std::vector<pollfd> asked;
  std::vector<Connection*> whose;
  const bool everybody = whom == dispatch::ServerService::Whom::kEverybody;
  if (everybody) {
    for (const auto& listener : listeners_) asked.push_back({listener->fd.get(), POLLIN, 0});
  }
  const size_t listeners = asked.size();
  for (const auto& [id, connection] : connections_) {
    if (!connection->may_be_served_while_busy()) continue;
    if (!everybody && !connection->takes_busy_for_alive()) continue;
    asked.push_back({connection->fd(), POLLIN, 0});
    whose.push_back(connection.get());
  }
  if (::poll(asked.data(), asked.size(), 0) <= 0) return;
  // The running command's words lie on the desk.
  std::unique_ptr<Desk> running = std::exchange(desk_, NewDesk());
  busy_ = true;
  for (size_t i = 0; i < whose.size() && !ended_; ++i) {
    if (asked[listeners + i].revents != 0) whose[i]->ServeWhileBusy();
  }
  for (size_t i = 0; i < listeners && i < listeners_.size() && !ended_; ++i) {
    if (asked[i].revents != 0) AcceptFrom(*listeners_[i]);
  }
  busy_ = false;
  desk_ = std::move(running);
}

void Server::CountMemory(Connection& connection) {
  if (connection.closing) return;
  const bool may_go = connection.kind == dispatch::SessionKind::kClient && !connection.no_evict &&
                      !connection.is_peer();
  if (may_go) return client_memory_.Hold(connection.id, connection.memory_bytes());
  client_memory_.Leave(connection.id);
}

void Server::EvictClients() {
  const size_t bytes_max = config_.ClientBytesMax();
  if (counts_memory_ != (bytes_max != 0)) {
    counts_memory_ = bytes_max != 0;
    client_memory_.Clear();
    for (auto& [id, connection] : connections_) NoteMemory(*connection);
  }
  while (counts_memory_ && client_memory_.bytes() >= bytes_max) {
    Connection* const largest = Find(client_memory_.Largest());
    if (largest == nullptr) return;
    ++stats_.evicted_clients;
    log::Info("Evicting client: {}", dispatch::ClientLine(*largest, engine_.keyspace().now_ms()));
    largest->Close(dispatch::Session::CloseMode::kNow);
  }
}

void Server::EndTurn() {
  if (ended_) return;
  engine_.EndTurn();
  if (!held_.empty()) ReleaseHeld();
  while (!to_continue_.empty()) {
    const auto batch = std::exchange(to_continue_, {});
    for (Connection* connection : batch) connection->Continue();
    engine_.EndTurn();
  }
  SendReplies();
  if (counts_memory_ || config_.client_memory_max != 0) EvictClients();
  Destroy([](const Connection&) { return true; });
  ++turn_;
}

void Server::Destroy(const std::function<bool(const Connection&)>& which) {
  for (Connection* const connection : std::exchange(to_destroy_, {})) {
    if (!which(*connection)) {
      to_destroy_.push_back(connection);
      continue;
    }
    engine_.Leave(*connection);
    for (auto* list : {&next_turn_, &to_write_, &to_continue_}) std::erase(*list, connection);
    if (connection->held()) std::erase(held_, connection);
    connections_.erase(connection->id);
  }
}

void Server::SendReplies() {
  if (log_ != nullptr && log_->active()) log_->EndTurn();
  if (SomethingIsOpen()) {
    HoldReplies();
    if (WaitsForCopies()) engine_.services().replication->RequestAcknowledgements();
  }
  size_t kept = 0;
  for (size_t i = 0; i < to_write_.size(); ++i) {
    Connection* const connection = to_write_[i];
    if (connection->executes()) {
      to_write_[kept++] = connection;
    } else {
      connection->Flush();
      NoteMemory(*connection);
    }
  }
  to_write_.resize(kept);
}

bool Server::RepliesWaitForChanges() const {
  return WaitsForCopies() ||
         (log_ != nullptr && log_->active() && log_->policy() == persist::FsyncPolicy::kAlways);
}

bool Server::WaitsForCopies() const {
  return engine_.state().committed_offset != std::numeric_limits<int64_t>::max();
}

bool Server::LogHolds() const { return log_ != nullptr && log_->active() && log_->MustHold(); }

bool Server::SomethingIsOpen() const {
  const dispatch::NodeState& state = engine_.state();
  return state.committed_offset < state.replication_offset || LogHolds();
}

Reached Server::Made() const {
  return {.logged = log_ == nullptr ? 0 : log_->appended(),
          .replicated = engine_.state().replication_offset};
}

Reached Server::Safe() const {
  return {.logged = LogHolds() ? log_->durable() : INT64_MAX,
          .replicated = engine_.state().committed_offset};
}

void Server::HoldReplies() {
  const bool log_holds = LogHolds();
  TakeTickets();
  for (Connection* connection : to_write_) {
    const bool needs_copies = !NeedsNoCopies(*connection);
    if (connection->executes() || (!needs_copies && !log_holds)) continue;
    if (connection->Hold(needs_copies ? gate_ : log_gate_)) held_.push_back(connection);
  }
}

void Server::TakeTickets() {
  const Reached made = Made();
  gate_.Ticket(made);
  log_gate_.Ticket({.logged = made.logged});
}

void Server::ReleaseHeld() {
  TakeTickets();
  const Reached safe = Safe();
  gate_.Open(safe);
  log_gate_.Open({.logged = safe.logged});
  std::erase_if(held_, [&](Connection* connection) {
    const bool needs_copies = connection->held_by() == &gate_ || !NeedsNoCopies(*connection);
    connection->Release(needs_copies ? gate_ : log_gate_);
    return !connection->held();
  });
}

void Server::DropHeld() {
  for (Connection* connection : held_) connection->Close(dispatch::Session::CloseMode::kNow);
}

void Server::DropAnswered() {
  for (Connection* connection : to_write_) {
    if (!connection->is_peer()) connection->Close(dispatch::Session::CloseMode::kNow);
  }
}

void Server::DropUncommitted() {
  DropHeld();
  for (Connection* connection : to_write_) {
    if (!NeedsNoCopies(*connection)) connection->Close(dispatch::Session::CloseMode::kNow);
  }
}

void Server::FlushAll() {
  if (!held_.empty()) ReleaseHeld();
  if (SomethingIsOpen()) HoldReplies();
  for (auto& [id, connection] : connections_) connection->Flush();
}

void Server::LeaveNetwork() {
  StopListening();
  for (auto& [id, connection] : connections_) ::shutdown(connection->fd(), SHUT_RDWR);
}

void Server::QueueNextTurn(Connection& connection) {
  next_turn_.push_back(&connection);
  if (next_turn_timer_ != 0) return;
  next_turn_timer_ = reactor_.After(Millis(0), [this] {
    next_turn_timer_ = 0;
    to_continue_.insert(to_continue_.end(), next_turn_.begin(), next_turn_.end());
    next_turn_.clear();
  });
}

bool Server::ExceedsOutputLimit(Connection& connection, size_t bytes) const {
  if (!connection.ever_authenticated && bytes > kUnauthenticatedOutputBytesMax) return true;
  const OutputLimit& limit = config_.OutputLimitFor(connection);
  if (limit.hard_bytes != 0 && bytes >= limit.hard_bytes) return true;
  MonoTime& since = connection.over_soft_limit_since;
  if (limit.soft_bytes == 0 || bytes < limit.soft_bytes) {
    since = {};
  } else if (since == MonoTime{}) {
    since = reactor_.Now();
  } else {
    return reactor_.Now() - since > std::chrono::seconds(limit.soft_seconds);
  }
  return false;
}

bool Server::EnforceOutputLimit(Connection& connection, size_t bytes) {
  if (!ExceedsOutputLimit(connection, bytes)) return true;
  ++stats_.output_buffer_limit_disconnections;
  log::Warn("closing client {} for overcoming of output buffer limits: {} bytes pending{}",
            connection.peer_address, bytes,
            connection.ever_authenticated ? "" : ", and it has never authenticated");
  connection.Close(dispatch::Session::CloseMode::kNow);
  return false;
}

void Server::Cron(int64_t now_ms) {
  for (auto& [id, connection] : connections_) {
    connection->Trim(now_ms);
    NoteMemory(*connection);
    if (connection->owes_output()) {
      EnforceOutputLimit(*connection, connection->output_memory_bytes());
    }
    const bool ordinary = connection->kind == dispatch::SessionKind::kClient &&
                          connection->pubsub == nullptr && connection->blocked == nullptr &&
                          !connection->monitor;
    if (config_.client_timeout_s > 0 && ordinary &&
        now_ms - connection->last_interaction_ms() > config_.client_timeout_s * 1000) {
      log::Debug("closing idle client {}", connection->peer_address);
      connection->Close(dispatch::Session::CloseMode::kNow);
    }
  }
}

}  // namespace rha::node::app
