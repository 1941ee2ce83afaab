// One who sends commands: a client's connection, a replica, the link to our primary, or a test.
//
// A session holds what commands know of their sender and the bytes that wait to be sent to it. How
// bytes travel, and how many may wait, is the business of its owner, which derives from it (app's
// connections, repl's primary link).
//
// What is sent to a session without its asking (a message, a line of MONITOR) goes to push_out():
// while one of its own commands is being answered that waits until the answer is whole.
//
// Output, in this order: out(), then the stream if one is set. A stream is for bulk data whose
// bytes live elsewhere (a snapshot file, the replication backlog): the owner sends straight from
// Peek().
//
// Thread rule: the engine's thread. A session is never destroyed inside a command: Close() only
// asks.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "common/acl/user.h"
#include "common/base/probe_name.h"
#include "common/resp/output_chain.h"
#include "common/resp/parser.h"
#include "node/dispatch/audience.h"
#include "node/keyspace/watch.h"

namespace rha::node::dispatch {

struct CommandSpec;
class SessionRegistry;
using resp::Args;

class OutputStream {
 public:
  virtual ~OutputStream() = default;
  // The next bytes to send, or empty: nothing for now (call Session::WantWrite when there is).
  virtual std::string_view Peek() = 0;
  // What follows the piece that Peek() gave, if that is at hand: one write for both.
  virtual std::string_view PeekNext(std::string_view /*piece*/) { return {}; }
  virtual void Consume(size_t bytes) = 0;
  // The other side sent something, be it only a newline.
  virtual void OnInput() {}
  // The session is going; the stream is not used again.
  virtual void OnClosed() = 0;
};

// kScript: a script speaks for another session. It never waits, and what it does is part of that
// session's command.
enum class SessionKind : uint8_t { kClient, kReplica, kPrimary, kScript };

// Which address of a node a client wants to be told before a planned move (CLIENT
// MAINT_NOTIFICATIONS); kUnasked: it wants to be told nothing.
enum class MovingEndpoint : uint8_t {
  kUnasked,
  kNone,  // it connects again to where it was configured to
  kInternalIp,
  kInternalName,
  kExternalIp,
  kExternalName,
};

enum class ReplyMode : uint8_t { kOn, kOff, kSkipNext, kSkipping };

// MULTI: commands copied until EXEC.
struct QueuedCommand {
  const CommandSpec* spec;
  std::vector<std::string> args;
};
struct Transaction {
  bool open = false;
  bool failed = false;          // a command was refused while queueing
  uint32_t flags = 0;           // that any of the queued commands has
  uint32_t common_flags = ~0u;  // that all of them have
  std::vector<QueuedCommand> commands;
  size_t bytes = 0;  // of memory they take
};

struct PubsubState;    // pubsub.h
struct PeerState;      // peers.h
struct BlockedState;   // blocking.h
struct TrackingState;  // tracking.h

class Session : private resp::OutputChain::Governor {
 public:
  explicit Session(SessionKind kind = SessionKind::kClient);
  virtual ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  // ---- what the owner provides
  // There is something to send: out() is not empty or the stream has bytes.
  virtual void WantWrite() {}
  // Close soon; kAfterReply first sends what is in out().
  enum class CloseMode { kNow, kAfterReply };
  virtual void Close(CloseMode) { closing = true; }
  // It has authenticated, or proved to be a member.
  virtual void OnAuthenticated() {}
  // A blocked session was released: parse what has arrived meanwhile.
  virtual void Resume() {}
  // Input bytes not yet executed; all memory the session holds.
  virtual size_t input_bytes() const { return 0; }
  // Of the words of a request that is not complete; they are not among input_bytes().
  virtual size_t argument_bytes() const { return 0; }
  virtual size_t memory_bytes() const;
  virtual int fd() const { return -1; }

  // ---- output
  resp::OutputChain& out() { return out_; }
  const resp::OutputChain& out() const { return out_; }
  resp::OutputChain& push_out();
  // Around the answer to a command.
  bool answering() const { return answering_; }
  void BeginAnswer() { answering_ = true; }
  void EndAnswer() {
    answering_ = false;
    if (pushes_ != nullptr) SendPushes();
  }
  // Memory of what waits to be sent; 0 if nothing does.
  size_t output_memory_bytes() const;
  OutputStream* stream() const { return stream_; }
  // Not owned. Replies are not written to a session with a stream, only the stream is.
  void set_stream(OutputStream* stream) { stream_ = stream; }
  bool wants_replies() const {
    return kind != SessionKind::kPrimary && kind != SessionKind::kReplica &&
           reply_mode != ReplyMode::kOff && reply_mode != ReplyMode::kSkipping;
  }

  // ---- identity
  uint64_t id = 0;  // given by the registry; never used twice
  SessionKind kind;
  std::string peer_address;  // "127.0.0.1:51234" or "/path.sock:0"
  std::string local_address;
  std::string name, library_name, library_version;
  bool unix_socket = false;
  bool local = false;  // a unix socket, or from 127.0.0.1 or ::1
  int64_t created_unix_ms = 0;
  int64_t last_command_unix_ms = 0;
  const CommandSpec* last_command = nullptr;

  // The member of our RedisHA that proved to be on the other side; empty: nobody did.
  const std::string& peer_name() const;
  bool takes_busy_for_alive() const { return name.ends_with(kBusyIsAlive); }
  bool is_peer() const { return peer != nullptr && !peer_name().empty(); }

  // Null: a member, who is not judged.
  void Authenticate(const acl::User* as) {
    user = as;
    authenticated = ever_authenticated = true;
    OnAuthenticated();
  }

  // Who it is, or will be once it is authenticated; null: it is not judged (permissions.h).
  const acl::User* user = nullptr;
  bool restricted() const { return user != nullptr && user->restricted(); }

  // ---- state that commands change
  int db = 0;
  int protocol = 2;
  bool authenticated = true;
  bool ever_authenticated = true;  // RESET takes rights, not the trust in who has had them
  bool over_limit = false;  // beyond maxclients: it may prove to be a member, and nothing else
  bool closing = false;
  bool no_evict = false;  // whatever memory it takes
  bool no_touch = false;  // what it reads is not used thereby
  bool monitor = false;
  MovingEndpoint moving_endpoint = MovingEndpoint::kUnasked;
  bool asks_for_data = false;  // has sent a command of kAboutData
  bool read_only_replica_port = false;
  ReplyMode reply_mode = ReplyMode::kOn;
  Transaction transaction;
  keyspace::Watcher watcher;
  std::unique_ptr<PubsubState> pubsub;      // null: no subscription
  std::unique_ptr<BlockedState> blocked;    // null: not blocked
  std::unique_ptr<PeerState> peer;          // null: did not introduce itself
  std::unique_ptr<TrackingState> tracking;  // null: it does not cache what it reads
  Audience audience = kEverybody;           // of what it changes
  int64_t last_write_offset = 0;            // replication offset after its last write, for WAIT
  uint64_t last_write_logged = 0;           // NodeState::log_changes after it, for WAITAOF

 private:
  bool MayHold(size_t) override { return true; }
  void SendPushes();

  resp::OutputChain out_{this};
  std::unique_ptr<resp::OutputChain> pushes_;  // of the answer under way; null: none
  bool answering_ = false;
  OutputStream* stream_ = nullptr;
};

}  // namespace rha::node::dispatch
