// A request and its answer, without the transport: what the handlers see and tests construct.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "local/object/api_error.h"
#include "local/stream/duplex.h"

namespace rha::local::api_server {

struct Request {
  std::string method;
  std::string path;  // decoded, no query
  std::multimap<std::string, std::string> query;
  std::string accept, content_type, authorization;
  std::string impersonate_user;
  std::vector<std::string> impersonate_groups;
  std::string upgrade, websocket_key;  // `upgrade` in lower case
  std::vector<std::string> protocols;  // offered for the upgraded connection, best first
  std::string body;

  std::string Query(const std::string& key, const std::string& fallback = "") const;
  bool QueryFlag(const std::string& key) const;
};

// "/a/b?x=1" → path and query, percent-decoded.
void ParseTarget(std::string_view target, Request& request);

// Where a long answer (a watch, a followed log) is written piece by piece.
class Stream {
 public:
  virtual ~Stream() = default;
  // False: the client is gone.
  virtual bool Write(std::string_view bytes) = 0;
  // False: the client is gone or the server stops.
  virtual bool Alive() = 0;
};

struct Response {
  int status = 200;
  std::string content_type = "application/json";
  std::string body;
  std::vector<std::string> warnings;
  std::function<void(Stream&)> stream;  // set: the body is what it writes
  std::vector<std::pair<std::string, std::string>> headers;
  std::function<void(stream::Duplex&)> upgraded;  // set: goes on in another protocol
};

Response JsonResponse(int status, const nlohmann::json& body);
Response ErrorResponse(const object::ApiError& error);

}  // namespace rha::local::api_server
