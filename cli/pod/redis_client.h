// A connection to a node or sentinel: one command, one reply, each within a time. And what a page
// of metrics says. Blocking; one thread.
#pragma once

#include <initializer_list>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/status.h"
#include "common/base/unique_fd.h"
#include "common/net/socket.h"
#include "common/resp/value.h"

namespace rha::cli {

using Words = std::vector<std::string>;

class RedisClient {
 public:
  static Result<RedisClient> Connect(const net::Endpoint& to, int timeout_ms = 5'000);
  // Nothing where `password` is empty. The password is never part of an error.
  Status Auth(const std::string& user, const std::string& password);
  // An error reply is an error, with the server's text.
  Result<resp::Value> Call(const Words& words);
  // What the server says unasked, after a SUBSCRIBE; kUnavailable when nothing comes in that time.
  Result<resp::Value> Read(int timeout_ms);
  void set_timeout_ms(int timeout_ms) { timeout_ms_ = timeout_ms; }

 private:
  Result<resp::Value> Exchange(const Words& words);

  UniqueFd socket_;
  std::string peer_;
  std::string input_;
  int timeout_ms_ = 5'000;
};

// "role:master\r\n…" as a map.
std::map<std::string, std::string> ParseInfo(std::string_view text);
// A flat list "name, value, name, value" or a map.
std::map<std::string, std::string> ToMap(const resp::Value& value);

// The body of a GET over plain HTTP.
Result<std::string> HttpGet(const net::Endpoint& from, const std::string& path);

}  // namespace rha::cli
