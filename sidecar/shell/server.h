// The Sentinel server: listens, holds the clients, runs their commands, delivers events to
// subscribers.
//
// Commands are rows of tables (command.h); those that change something become events of the machine
// and are answered when it says so. Thread rule: the loop's.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/rate.h"
#include "common/net/reactor.h"
#include "sidecar/core/action.h"
#include "sidecar/core/event.h"
#include "sidecar/shell/access.h"
#include "sidecar/shell/client.h"
#include "sidecar/shell/limits.h"

namespace rha::sidecar::shell {

class Driver;
struct Options;

inline constexpr char kTooManyClients[] = "ERR max number of clients reached";

struct ServerStats {
  uint64_t connections = 0, rejected_connections = 0, commands = 0, error_replies = 0;
  Traffic traffic;
  Rate commands_rate, read_rate, write_rate;
};

class Server {
 public:
  Server(net::Reactor& reactor, const Options& options, Trust& trust, Access& access);
  ~Server();

  // Errors name the address and what to do.
  Status Listen();
  // Before the loop runs.
  void set_driver(Driver* driver) { driver_ = driver; }
  void set_on_shutdown(std::function<void()> on_shutdown) { on_shutdown_ = std::move(on_shutdown); }

  // From the machine.
  void OnReply(const core::Reply& reply);
  void Publish(std::string_view channel, std::string_view payload);

  // For commands.
  Driver& driver() { return *driver_; }
  const Options& options() const { return options_; }
  Trust& trust() { return trust_; }
  Access& access() { return access_; }
  size_t clients_max() const { return clients_max_; }
  MonoTime Now() const { return reactor_.Now(); }
  // Who the client is from now on; kNothing: that was wrong. `command` is what it is said with.
  Rights LogIn(Client& client, std::string_view user, std::string_view password,
               std::string_view command);
  // Raises what a session may do. False: there is no room for another client, and it is closed
  // after its reply.
  bool Admit(Client& client, Rights rights);
  // A member of the RedisHA may do everything, and there is always room for it.
  void AdmitMember(Client& client);
  // As if the session had just been opened.
  void StartOver(Client& client);
  // Feeds an event made with a fresh request id; the client waits for its Reply.
  core::RequestId Await(Client& client);
  // How many it closed; `asker` gets its answer before.
  int64_t CloseAll(const std::function<bool(const Client&)>& which, const Client* asker);
  // ---- rules have changed; `asker` gets its answer before it is closed
  // Closes who is of a user that is gone.
  void CloseStranded(const acl::User& gone, Client& asker);
  // Closes who listens to what it may not any more.
  void CloseUnentitledListeners(Client& asker);
  void Shutdown() { on_shutdown_(); }
  const std::map<uint64_t, std::unique_ptr<Client>>& clients() const { return clients_; }
  const ServerStats& stats() const { return stats_; }
  MonoTime started() const { return started_; }
  const std::string& run_id() const { return run_id_; }

 private:
  struct Listener {
    Listener(Server& owner, UniqueFd socket);
    Server& server;
    UniqueFd fd;
    net::IoWatch watch;
  };

  void AcceptAll(Listener& listener);
  void OnRequest(Client& client, resp::Args args);
  void OnClosed(Client& client);
  void LimitByDescriptors();
  void LimitOwed();
  bool Full() const { return clients_.size() - strangers_.size() > clients_max_; }
  void Welcome(Client& client);
  void Refuse(Client& client, const char* why);
  bool Protected(const Client& client) const;
  void CloseIdle();
  void SampleRates();

  net::Reactor& reactor_;
  const Options& options_;
  Trust& trust_;
  Access& access_;
  Driver* driver_ = nullptr;
  std::function<void()> on_shutdown_;
  Client::Handlers handlers_;
  std::vector<std::unique_ptr<Listener>> listeners_;
  std::map<uint64_t, std::unique_ptr<Client>> clients_;
  std::set<uint64_t> strangers_;                 // clients that may do nothing yet, oldest first
  std::vector<std::unique_ptr<Client>> closed_;  // destroyed when the turn ends
  std::map<core::RequestId, uint64_t> waiting_;  // request → client
  size_t clients_max_ = kClientsMax, strangers_max_ = kStrangersMax;
  uint64_t last_client_ = 0;
  uint64_t turn_hook_ = 0;
  net::TimerId idle_timer_ = 0, rate_timer_ = 0;
  ServerStats stats_;
  MonoTime started_;
  std::string run_id_;
};

}  // namespace rha::sidecar::shell
