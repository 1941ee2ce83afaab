// WebSocket (RFC 6455) from the server's side, without extensions. Pure; one thread.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>

#include "common/base/status.h"

namespace rha::local::stream {

class WebSocketReader {
 public:
  // kInvalid: not WebSocket, or a message beyond kMessageBytesMax; the connection is of no use.
  Status Feed(std::string_view bytes);
  // The next whole message, text or binary alike.
  std::optional<std::string> Next();
  // Pongs and the answer to a close, to be sent.
  std::string TakeReplies();
  bool closed() const { return closed_; }

 private:
  struct Frame {
    bool last = false;
    uint8_t opcode = 0;
    std::string payload;
  };
  // The frame at the beginning of buffer_, nothing if it is not all there.
  Result<std::optional<Frame>> TakeFrame();
  Status OnFrame(Frame frame);

  std::string buffer_, message_, replies_;
  bool in_message_ = false, closed_ = false;
  std::deque<std::string> messages_;
};

std::string WebSocketMessage(std::string_view data);  // binary, in one frame
std::string WebSocketClose();
// Sec-WebSocket-Accept for a Sec-WebSocket-Key.
std::string WebSocketAccept(const std::string& key);

}  // namespace rha::local::stream
