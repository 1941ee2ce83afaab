// Listeners and connections: accepts, counts, limits, and writes at the end of each turn.
//
// Thread rule: the loop's thread.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "common/base/unique_fd.h"
#include "common/net/reactor.h"
#include "node/app/admission.h"
#include "node/app/client_memory.h"
#include "node/app/config.h"
#include "node/app/connection.h"
#include "node/app/reply_gate.h"
#include "node/dispatch/engine.h"

namespace rha::node::app {

class AppendOnly;

struct ServerStats {
  uint64_t connections_received = 0;
  uint64_t connections_rejected = 0;
  uint64_t input_bytes = 0;
  uint64_t output_bytes = 0;
  uint64_t reads = 0;
  uint64_t writes = 0;
  uint64_t query_buffer_limit_disconnections = 0;
  uint64_t output_buffer_limit_disconnections = 0;
  uint64_t evicted_clients = 0;
};

class Server {
 public:
  Server(net::Reactor& reactor, dispatch::Engine& engine, const Config& config);
  ~Server();

  // Binds everything the configuration names. One clear error if any of it fails.
  Status Listen();
  void StopListening();
  // Sends what is pending, once, before the process ends.
  void FlushAll();
  // What comes from now on is not answered: the dataset is saved and nothing may change it.
  void End() { ended_ = true; }
  // No new connections, and the end of all that are: the peers see it at once.
  void LeaveNetwork();

  // Replies wait for the append-only file where it says so. Before the first turn.
  void set_log(AppendOnly& log) { log_ = &log; }
  // More of it is on the disk, or more copies have the stream: replies that waited for that leave.
  void ReleaseHeld();
  // Never: nobody gets the replies that wait.
  void DropHeld();
  // Of this turn: what it has answered, but to members.
  void DropAnswered();
  // Likewise, nor those of this turn.
  void DropUncommitted();

  // In the middle of a command that takes long: executes what others have sent, which they are
  // refused or which ends that command. Who is owed replies that the log holds back waits for its
  // end, as do timers, the link to our primary, and all else. Watchers alone: on the connections
  // that they have.
  void ServeWhileBusy(dispatch::ServerService::Whom whom);

  // End of a turn: continues released sessions, writes, destroys what is closing.
  void EndTurn();
  // Ten times a second: idle and overgrown connections.
  void Cron(int64_t now_ms);

  size_t connections() const { return connections_.size(); }
  ServerStats& stats() { return stats_; }
  const Config& config() const { return config_; }
  dispatch::Engine& engine() { return engine_; }
  net::Reactor& reactor() { return reactor_; }

  // ---- for Connection
  void QueueWrite(Connection& connection) { to_write_.push_back(&connection); }
  void QueueContinue(Connection& connection) { to_continue_.push_back(&connection); }
  void QueueDestroy(Connection& connection);
  // It has authenticated, or proved to be a member.
  void NoteRights(Connection& connection);
  // What one who has never authenticated holds has changed.
  void NoteStranger(Connection& connection);
  // What a client holds may have changed.
  void NoteMemory(Connection& connection) {
    if (counts_memory_) CountMemory(connection);
  }
  char* read_buffer() { return desk_->read_buffer.get(); }
  dispatch::RequestBatch& batch() { return desk_->batch; }
  // It has used its share of this turn.
  void QueueNextTurn(Connection& connection);
  // Closes a connection that holds more output, `bytes`, than its class may. False: it is closed.
  bool EnforceOutputLimit(Connection& connection, size_t bytes);

 private:
  struct Listener {
    Listener(Server& server, UniqueFd fd, bool unix_socket);
    ~Listener();
    Server& server;
    UniqueFd fd;
    bool unix_socket;
    net::IoWatch watch;
    net::TimerId resume_timer = 0;  // accepting pauses
  };

  Status AddListener(UniqueFd fd, bool unix_socket);
  void AcceptFrom(Listener& listener);
  void PauseAccepting(Listener& listener, const Status& why);
  void Admit(UniqueFd fd, bool unix_socket);
  // False: there is no room for it.
  bool MakeRoomFor(Connection& connection);
  Connection* Find(std::optional<uint64_t> id);
  void CountMemory(Connection& connection);
  // Sends clients away until all others hold no more than they may.
  void EvictClients();
  // All but those of who executes: its answer is not whole.
  void SendReplies();
  // What has been changed is not all where it was promised to be; and how far both go.
  bool LogHolds() const;
  bool WaitsForCopies() const;
  // Nothing of a change may be told before it is there, by the mode that is configured.
  bool RepliesWaitForChanges() const;
  bool SomethingIsOpen() const;
  Reached Made() const;
  Reached Safe() const;
  void TakeTickets();
  void HoldReplies();
  void Destroy(const std::function<bool(const Connection&)>& which);
  bool ExceedsOutputLimit(Connection& connection, size_t bytes) const;

  net::Reactor& reactor_;
  dispatch::Engine& engine_;
  const Config& config_;
  ServerStats stats_;
  std::vector<std::unique_ptr<Listener>> listeners_;
  std::unordered_map<uint64_t, std::unique_ptr<Connection>> connections_;  // by session id
  Admission admission_;
  ClientMemory client_memory_;
  bool counts_memory_ = false;     // maxmemory-clients asks for it
  bool accepting_failed_ = false;  // and was warned of
  bool busy_ = false;              // a command lets others in
  uint64_t turn_ = 1;
  std::vector<Connection*> to_write_, to_continue_, to_destroy_;
  std::vector<Connection*> next_turn_;  // for to_continue_, when the next turn begins
  net::TimerId next_turn_timer_ = 0;
  bool ended_ = false;
  AppendOnly* log_ = nullptr;
  ReplyGate gate_;      // the log and copies
  ReplyGate log_gate_;  // the log alone: for who needs no copies, and those who make them
  std::vector<Connection*> held_;  // whose replies wait
  // Of the connection that executes.
  struct Desk {
    std::unique_ptr<char[]> read_buffer;
    dispatch::RequestBatch batch;
  };
  static std::unique_ptr<Desk> NewDesk();
  std::unique_ptr<Desk> desk_ = NewDesk();
};

}  // namespace rha::node::app
