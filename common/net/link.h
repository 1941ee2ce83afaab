// One outgoing RESP connection: connects, introduces itself (proof, AUTH, CLIENT SETNAME), sends
// pipelined requests and hands each reply to its callback in order.
//
//   Closed ──Open()──▶ Connecting ──connected──▶ Open ──┐
//     ▲                    │ refused, timeout           │ peer closed, timeout, protocol error,
//     Close() └────────────────────┴────────────────────────────┘
//
// Whether and when to open it again is the owner's decision; a Link can be opened any number of
// times. Requests may be sent while connecting: they leave after the introduction. With a proof
// nothing but our name leaves before the other side has proved itself, and no password ever does:
// a stranger at the address learns nothing and is never open. When the connection ends each pending
// callback gets a null reply, oldest first, and then on_close is called once.
//
// Thread rule: the reactor's thread. Every callback may close, reopen or destroy the link.
#pragma once

#include <deque>
#include <functional>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/status.h"
#include "common/base/unique_fd.h"
#include "common/net/reactor.h"
#include "common/net/socket.h"
#include "common/resp/limits.h"
#include "common/resp/parser.h"
#include "common/resp/value.h"
#include "common/trust/peer_proof.h"

namespace rha::net {

// Why a link ended. kRefused is certain knowledge: nobody listens there.
enum class LinkEnd {
  kRefused,
  kUnreachable,
  kDenied,    // AUTH was refused, and nothing else is answered either
  kUnproven,  // the other side is not who it should be, or does not believe us
  kClosedByPeer,
  kTimeout,
  kProtocolError,
  kClosedByUs
};
const char* LinkEndName(LinkEnd end);

// Who both sides must prove to be (common/trust/peer_proof.h).
struct LinkProof {
  trust::Identity self;
  std::string expected;  // the other side's name; empty: any member will do
  trust::PeerKeys keys;
};

struct LinkOptions {
  std::string unix_path;  // used instead of `to` when not empty
  Endpoint to;
  std::string source_ip;

  std::optional<LinkProof> proof;  // in place of AUTH
  std::string username, password;  // no password: no AUTH
  std::string client_name;         // empty: no CLIENT SETNAME

  Millis connect_timeout{1000};  // until open, introduction included
  Millis reply_timeout{
      0};  // 0: wait for ever. Counts while requests are pending, from the last byte
  size_t pending_max = 100;
  size_t reply_bytes_max = resp::kReplyBytesMaxDefault;  // of one reply
};

struct LinkHandlers {
  std::function<void()> on_open;  // connected, and the introduction was answered
  std::function<void(LinkEnd, const std::string& why)> on_close;
  std::function<void(const resp::Value&)> on_message;  // RESP3 pushes and RESP2 pub/sub messages
};

class Link {
 public:
  // Null: the link ended before the reply came.
  using OnReply = std::function<void(const resp::Value* reply)>;

  Link(Reactor& reactor, LinkOptions options, LinkHandlers handlers);
  ~Link();  // without calling back
  Link(const Link&) = delete;
  Link& operator=(const Link&) = delete;

  // Only when closed. A failure to even begin is reported like a failure to connect, by a later
  // on_close.
  void Open();
  // Pending callbacks get null; on_close gets kClosedByUs.
  void Close();
  bool open() const { return state_ == State::kOpen; }
  bool closed() const { return state_ == State::kClosed; }

  // False: closed, or pending_max replies are outstanding; nothing was sent and nothing will be
  // called. `on_reply` may be empty.
  bool Send(resp::Args args, OnReply on_reply);
  bool Send(std::initializer_list<std::string_view> args, OnReply on_reply = {});
  // Where CLIENT SETNAME was answered -BUSY; else nothing.
  void SayNameAgain();
  // (P)SUBSCRIBE: the confirmations arrive at on_message and nothing is pending.
  bool Subscribe(std::string_view command, std::string_view channel);

  size_t pending() const { return pending_.size() + early_pending_.size(); }
  // That have not left yet.
  size_t unsent_bytes() const { return output_.size() + early_output_.size() - output_sent_; }
  const LinkOptions& options() const { return options_; }
  // Takes effect at the next Open.
  void set_options(LinkOptions options) { options_ = std::move(options); }
  // Address of our side, once open.
  Result<Endpoint> LocalAddress() const { return LocalEndpoint(fd_.get()); }

 private:
  enum class State { kClosed, kConnecting, kIntroducing, kOpen };

  static void OnEvents(void* self, uint32_t events);
  void OnConnected();
  void Introduce();
  void SayHello();
  void OnHelloReply(const resp::Value& reply);
  void OnProveReply(const resp::Value& reply);
  void SayName();
  void SendNow(resp::Args args, OnReply on_reply);
  bool unproven() const { return options_.proof && !proved_; }
  void OnAuthReply(const resp::Value& reply);
  void BecomeOpen();
  void Queue(resp::Args args);
  void ReadSome();
  void HandleInput();
  void Deliver(const resp::Value& value);
  void Flush();
  void End(LinkEnd end, const std::string& why);
  void FailLater(LinkEnd end, std::string why);
  void ArmReplyTimer();
  void OnReplyTimer();

  Reactor& reactor_;
  LinkOptions options_;
  LinkHandlers handlers_;
  State state_ = State::kClosed;
  UniqueFd fd_;
  IoWatch watch_;
  TimerId connect_timer_ = 0, reply_timer_ = 0;
  MonoTime last_progress_;  // last byte received, or the first request after all were answered
  std::string input_, output_;
  size_t output_sent_ = 0;
  std::deque<OnReply> pending_;
  // Sent before the other side has proved itself; leaves then.
  std::string early_output_;
  std::deque<OnReply> early_pending_;
  std::optional<trust::Initiator> initiator_;
  bool proved_ = false;
  bool name_waits_ = false;
  std::string auth_refusal_;  // what AUTH was answered; empty: it was not refused
  resp::ReplyParser parser_;
  // Replaced at each end of a connection: a callback that closed or destroyed the link expires it.
  std::shared_ptr<char> generation_;
};

}  // namespace rha::net
