// The connection to our primary: connects, reads into a buffer, sends. What the bytes mean is the
// owner's business.
// Thread rule: the loop's thread. The owner may destroy the link inside any of its callbacks.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <string_view>

#include "common/base/unique_fd.h"
#include "common/net/reactor.h"
#include "common/net/socket.h"
#include "node/repl/stream_packer.h"

namespace rha::node::repl {

class LinkOwner {
 public:
  virtual ~LinkOwner() = default;
  virtual void OnLinkConnected() = 0;
  // More bytes lie in input().
  virtual void OnLinkInput() = 0;
  // All that had come is in input(): for how long what comes next may stay where it is.
  virtual std::chrono::microseconds OnLinkDrained() = 0;
  virtual void OnLinkEnded(const std::string& why) = 0;
};

class PrimaryLink {
 public:
  // `received` counts what is read; it outlives this.
  PrimaryLink(net::Reactor& reactor, LinkOwner& owner, uint64_t& received);
  ~PrimaryLink();

  // A failure to begin is returned; later ones are told by OnLinkEnded.
  Status Connect(const net::Endpoint& to, const std::string& source_ip);
  void Send(std::string_view bytes);
  // While paused nothing is read. An end of the connection is told, but what had come before it can
  // be read still, and the end be met again, after Resume.
  void Pause();
  void Resume();
  bool paused() const { return paused_; }
  // What has come by now, paused or not: for who takes no more after that.
  void ReadRest();
  // The other side hears no more and so goes away; what it has sent can be read still.
  void HangUp();

  // From here on, input() included, what comes is packed (stream_packer.h), and input() what is in
  // it.
  void Unpack();

  // Bytes received and not yet taken; the owner erases what it has used.
  std::string& input() { return input_; }
  MonoTime heard_at() const { return heard_at_; }
  int fd() const { return fd_.get(); }
  const net::Endpoint& to() const { return to_; }

 private:
  void OnEvents(uint32_t events);
  void OnConnectDone();
  void Read();
  bool ReadSome();
  void Rest(std::chrono::microseconds time);
  void EndRest();
  void Flush();
  void UpdateInterest();
  void End(const std::string& why);

  net::Reactor& reactor_;
  LinkOwner& owner_;
  uint64_t& received_;
  net::Endpoint to_;
  UniqueFd fd_;
  net::IoWatch watch_;
  bool connecting_ = true;
  bool paused_ = false;
  net::TimerId rest_ = 0;  // it does not read, either
  // Read here first: a string grown for each read would be filled with zeros each time.
  std::unique_ptr<char[]> read_buffer_;
  std::string input_, output_;
  std::unique_ptr<StreamUnpacker> unpacker_;
  std::string packed_;  // that came, and is no whole frame yet
  MonoTime heard_at_;
  std::shared_ptr<char> alive_ = std::make_shared<char>();
};

}  // namespace rha::node::repl
