// An upgraded connection: bytes both ways. One thread, that of the connection.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace rha::local::stream {

class Duplex {
 public:
  virtual ~Duplex() = default;
  // To be polled for input once Read() has nothing.
  virtual int fd() const = 0;
  // What has come by now, "" if nothing has; nullopt: the client is gone or the server stops.
  virtual std::optional<std::string> Read() = 0;
  // Waits for a slow client, up to a limit; false: it is gone.
  virtual bool Write(std::string_view bytes) = 0;
};

}  // namespace rha::local::stream
