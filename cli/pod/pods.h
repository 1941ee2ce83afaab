// All pods of a RedisHA at once. Blocking; one thread.
#pragma once

#include <map>
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

// An authenticated connection to the node of a pod, through the tunnel.
Result<RedisClient> ConnectNode(Tunnel& tunnel, const Passwords& passwords);
// To its sentinel, as admin.
Result<RedisClient> ConnectSentinel(Tunnel& tunnel, const Passwords& passwords);

}  // namespace rha::cli
