// The five channels of an exec or attach, over either of the two protocols that carry them.
// Pure; one thread.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/status.h"

namespace rha::local::stream {

enum class Channel : uint8_t { kStdin = 0, kStdout = 1, kStderr = 2, kError = 3, kResize = 4 };

// What the client has asked for.
struct ExecOptions {
  bool in = false, out = false, err = false, tty = false;
};

class Channels {
 public:
  struct Input {
    Channel channel;
    std::string data;
    bool end = false;
  };
  virtual ~Channels() = default;
  // kInvalid: the connection is of no use any more. What came whole before the fault is in
  // `inputs`, so that the way in which the bytes were cut into pieces makes no difference.
  virtual Status Feed(std::string_view bytes, std::vector<Input>& inputs) = 0;
  virtual std::string TakeReplies() = 0;
  // The client has opened all that it asked for.
  virtual bool Ready() const = 0;
  virtual bool closed() const = 0;
  virtual std::string Data(Channel channel, std::string_view bytes) = 0;
  // The end of all channels.
  virtual std::string Finish() = 0;
};

// "v5.channel.k8s.io" and v4: messages that begin with the channel's number; v5 can end one.
std::unique_ptr<Channels> WebSocketChannels();
// "v4.channel.k8s.io" over SPDY/3.1: a stream for each channel.
std::unique_ptr<Channels> SpdyChannels(const ExecOptions& options);

}  // namespace rha::local::stream
