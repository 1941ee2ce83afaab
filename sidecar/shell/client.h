// One client of the sidecar's port: bytes ↔ requests and replies, subscriptions, identity.
//
// Requests are answered in order. One that waits for the machine (a vote waits for the disk) holds
// those behind it; they stay in the input buffer. So do they while kClientOutputPauseBytes of
// answers have not been read. A client that does not read is closed at kClientOutputBytesMax, or at
// its first kilobytes while it may do nothing yet; for messages see Server::Publish.
// Thread rule: the loop's. The handler may close the client; the server destroys it at the turn's
// end.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <string>

#include "common/base/unique_fd.h"
#include "common/net/reactor.h"
#include "common/net/socket.h"
#include "common/resp/parser.h"
#include "common/resp/writer.h"
#include "common/trust/peer_proof.h"
#include "sidecar/shell/access.h"

namespace rha::sidecar::shell {

// What all clients have sent and been sent since the start.
struct Traffic {
  uint64_t read_bytes = 0, written_bytes = 0, reads = 0, writes = 0;
};

class Client {
 public:
  struct Handlers {
    std::function<void(Client&, resp::Args)> on_request;
    std::function<void(Client&)> on_closed;  // once
    Traffic* traffic;
  };

  Client(net::Reactor& reactor, UniqueFd fd, uint64_t id, const Handlers& handlers);
  // `keepalive_seconds`: between the system's questions whether the other side lives; 0: none.
  Status Attach(int keepalive_seconds);

  uint64_t id() const { return id_; }
  bool closed() const { return !fd_.valid(); }
  resp::Writer& reply() { return writer_; }
  int protocol() const { return writer_.protocol(); }
  const std::string& peer() const { return peer_; }
  const std::string& local() const { return local_; }
  MonoTime since() const { return since_; }
  // When it last said something.
  MonoTime heard() const { return heard_; }

  // The request being handled is answered later: by writing to reply(), then Resume().
  void Wait() { waiting_ = true; }
  void Resume();
  // For what is sent outside a request: write to reply(), then Flush().
  void Flush();
  void CloseAfterReply() { closing_ = true; }
  void Close();
  void SetRights(Rights rights);
  Rights rights() const { return rights_; }
  // As CLIENT INFO shows it, without a line end: "id=1 addr=... user=default ...".
  std::string Line() const;
  // Answers and messages that have not been sent.
  size_t Owed() const { return output_.size(); }

  bool subscribed() const { return !channels.empty() || !patterns.empty(); }
  std::set<std::string> channels, patterns;
  std::string name, lib_name, lib_version;
  Identity who;
  // The member of the RedisHA that proved to be at the other end: its name and id.
  std::string member, member_id;
  std::optional<trust::Responder> proof;  // has said REDISHA HELLO
  std::string last_command = "NULL";

 private:
  static void OnEvents(void* self, uint32_t events);
  void ReadSome();
  void HandleInput();
  bool PauseIfOwing();

  net::Reactor& reactor_;
  UniqueFd fd_;
  const uint64_t id_;
  const Handlers& handlers_;
  net::IoWatch watch_;
  std::string peer_, local_;
  MonoTime since_, heard_;
  resp::RequestParser parser_;
  std::string input_;
  resp::OutputChain output_;
  resp::Writer writer_;
  Rights rights_ = Rights::kNothing;
  bool waiting_ = false, closing_ = false, handling_ = false, paused_ = false;
};

}  // namespace rha::sidecar::shell
