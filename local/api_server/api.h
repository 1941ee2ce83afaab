// The API behind the transport: authenticates, finds what a request addresses and answers it.
// Any thread.
#pragma once

#include <functional>
#include <string>

#include "local/api_server/http.h"
#include "local/api_server/target.h"
#include "local/api_server/tokens.h"
#include "local/registry/registry.h"

namespace rha::local::api_server {

// The log of one run of a container (its `attempt`-th restart).
using LogFile = std::function<std::string(const std::string& pod_uid, const std::string& container,
                                          int64_t attempt)>;

class Api {
 public:
  Api(registry::Registry& registry, const Tokens& tokens, LogFile log_file)
      : registry_(registry), tokens_(tokens), log_file_(std::move(log_file)) {}

  Response Handle(const Request& request) const;

 private:
  struct Call {
    const Request& request;
    Target target;
    registry::ResourcePtr resource;
    registry::Place place;
  };

  Response HandleResource(const Call& call) const;
  Response HandleCollection(const Call& call) const;
  Response HandleObject(const Call& call) const;
  Response HandleScale(const Call& call) const;
  Response HandleLog(const Call& call) const;
  Response HandleEviction(const Call& call) const;
  Response List(const Call& call) const;
  Response Watch(const Call& call, const std::string& field_selector) const;
  Response Create(const Call& call) const;
  Response Patch(const Call& call) const;
  Response Delete(const Call& call) const;
  Response DeleteCollection(const Call& call) const;
  Response Review(const Request& request) const;
  // The object as the client wants it, as JSON or as a table.
  Response Show(const Call& call, int status, const store::Object& object) const;

  registry::Registry& registry_;
  const Tokens& tokens_;
  LogFile log_file_;
};

// The body as JSON, whatever of the accepted formats it came in.
object::Answer<nlohmann::json> DecodeBody(const Request& request);
bool WantsTable(const Request& request);

}  // namespace rha::local::api_server
