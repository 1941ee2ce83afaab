// SPDY/3.1 from the server's side, as much as kubectl speaks: streams that the client opens, their
// headers, data both ways, pings. No flow control: neither end of kubectl's has it. Pure; one
// thread.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/status.h"

namespace rha::local::stream {

class SpdySession {
 public:
  struct Event {
    enum class Kind { kOpen, kData, kReset };
    Kind kind = Kind::kOpen;
    uint32_t stream = 0;
    std::map<std::string, std::string> headers = {};  // kOpen; names in lower case
    std::string data = {};                            // kData
    bool end = false;                                 // the client sends no more on it
  };

  SpdySession();
  ~SpdySession();

  // kInvalid: not SPDY, or beyond a limit; the connection is of no use.
  Status Feed(std::string_view bytes, std::vector<Event>& events);
  // Answers to what was fed, to be sent before anything else.
  std::string TakeReplies();
  // Data of a stream that the client has opened; `end`: ours is over too, and the stream with it
  // once the client's is.
  std::string Data(uint32_t stream, std::string_view bytes, bool end);
  static std::string Goaway(uint32_t last_stream);

 private:
  struct Zlib;
  struct Half {
    bool client_open = true, server_open = true;
  };
  Status OnControl(uint16_t type, uint8_t flags, std::string_view body, std::vector<Event>& events);
  Status OnOpen(uint8_t flags, std::string_view body, std::vector<Event>& events);
  Status OnData(uint32_t stream, uint8_t flags, std::string_view body, std::vector<Event>& events);
  Result<std::map<std::string, std::string>> Headers(std::string_view block);
  std::string EmptyHeaders();

  std::string buffer_, replies_;
  std::map<uint32_t, Half> streams_;
  uint32_t last_stream_ = 0;
  std::unique_ptr<Zlib> zlib_;
};

// The words both ends know before the first header block (SPDY/3, section 2.6.10.1).
const std::string& SpdyDictionary();

}  // namespace rha::local::stream
