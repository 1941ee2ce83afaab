// The API behind the transport: authenticates, asks RBAC, finds what a request addresses and
// answers it. Any thread.
#pragma once

#include <functional>
#include <string>

#include "local/api_server/http.h"
#include "local/api_server/target.h"
#include "local/api_server/tokens.h"
#include "local/registry/rbac.h"
#include "local/registry/registry.h"
#include "local/stream/exec_session.h"
#include "local/stream/forward_session.h"

namespace rha::local::api_server {

// The log of one run of a container (its `attempt`-th restart).
using LogFile = std::function<std::string(const std::string& pod_uid, const std::string& container,
                                          int64_t attempt)>;

// Runs a command in a container; called on the connection's thread.
using StartExec = std::function<Result<std::unique_ptr<stream::Process>>(
    const std::string& pod_uid, const std::string& container, const std::vector<std::string>& argv,
    const stream::ExecOptions& options)>;

class Api {
 public:
  Api(registry::Registry& registry, const Tokens& tokens, LogFile log_file, StartExec start_exec)
      : registry_(registry),
        tokens_(tokens),
        authorizer_(registry.store()),
        log_file_(std::move(log_file)),
        start_exec_(std::move(start_exec)) {}

  Response Handle(const Request& request) const;

 private:
  struct Call {
    const Request& request;
    registry::User user;
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
  // Whether that run of the container has ended; may be asked when this Call is long gone.
  std::function<bool()> RunIsOver(const registry::Place& place, const std::string& container,
                                  int64_t attempt) const;
  Response HandleToken(const Call& call) const;
  Response HandleExec(const Call& call) const;
  Response HandleAttach(const Call& call) const;
  Response HandlePortForward(const Call& call) const;
  Response List(const Call& call) const;
  Response Watch(const Call& call, const std::string& field_selector) const;
  Response Create(const Call& call) const;
  Response Patch(const Call& call) const;
  Response Delete(const Call& call) const;
  Response DeleteCollection(const Call& call) const;
  Response Review(const registry::User& user, const Request& request, const Target& target) const;
  object::Answer<registry::User> Authenticate(const Request& request) const;
  object::Refusal Authorize(const registry::User& user, const Request& request,
                            const Target& target) const;
  object::Refusal AuthorizeCreation(const Call& call) const;
  object::Refusal RefuseEscalation(const Call& call, const nlohmann::json& body) const;
  // The object as the client wants it, as JSON or as a table.
  Response Show(const Call& call, int status, const store::Object& object) const;

  registry::Registry& registry_;
  const Tokens& tokens_;
  const registry::Authorizer authorizer_;
  LogFile log_file_;
  StartExec start_exec_;
};

const nlohmann::json* ContainerStatus(const nlohmann::json& pod, const std::string& container);
// The container that a request means; a refusal if it must be said or is not there.
object::Answer<std::string> ContainerOf(const Request& request, const nlohmann::json& pod);

// The body as JSON, whatever of the accepted formats it came in.
object::Answer<nlohmann::json> DecodeBody(const Request& request);
bool WantsTable(const Request& request);

}  // namespace rha::local::api_server
