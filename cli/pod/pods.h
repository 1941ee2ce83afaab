// All pods of a RedisHA at once. Blocking; one thread.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "cli/cluster_client.h"
#include "cli/pod/redis_client.h"
#include "cli/pod/tunnel.h"
#include "cli/view/metrics_page.h"
#include "cli/view/subject.h"

namespace rha::cli {

// Every pod's page of metrics, or why it could not be had.
std::map<std::string, Result<std::string>> ReadPages(ClusterClient& client, const Subject& subject);
// What each says by it.
std::map<std::string, PodFacts> ReadFacts(ClusterClient& client, const Subject& subject);

struct Passwords {
  std::string data;   // of applications; "" where none is asked for
  std::string admin;  // of the sentinels' user admin
};
// From Secrets; the error says which permission is missing. `admin` only where it is asked for.
Result<Passwords> ReadPasswords(ClusterClient& client, const Subject& subject, bool admin);

// The node of a pod, authenticated; dialled again where a change of role, or the forwarder, has
// closed what was open.
class NodeDoor {
 public:
  static Result<NodeDoor> Open(ClusterClient& client, const Json& pod, const Passwords& passwords);
  Result<resp::Value> Call(const Words& words);
  const std::string& pod() const { return tunnel_.pod(); }

 private:
  NodeDoor(ClusterClient& client, Json pod, Passwords passwords)
      : client_(&client), object_(std::move(pod)), passwords_(std::move(passwords)) {}
  Status Dial();

  ClusterClient* client_;
  Json object_;
  Passwords passwords_;
  Tunnel tunnel_;
  std::optional<RedisClient> connection_;
};

// To its sentinel, as admin.
Result<RedisClient> ConnectSentinel(Tunnel& tunnel, const Passwords& passwords);

}  // namespace rha::cli
