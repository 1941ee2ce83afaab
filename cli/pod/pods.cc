#include "cli/pod/pods.h"

#include "cli/view/names.h"
#include "common/k8s/base64.h"
#include "local/object/json.h"

namespace rha::cli {
namespace {

namespace object = local::object;
using object::Str;

Result<std::string> SecretValue(ClusterClient& client, const std::string& name_space,
                                const std::string& name, const std::string& key) {
  auto secret = client.api().Get({&k8s::kSecrets, {name_space, name}});
  if (!secret.ok()) {
    const bool denied = secret.status().code() == Code::kDenied;
    return Status(secret.status().code(),
                  secret.status().message() + (denied ? "; needed: get on Secret " + name : ""));
  }
  const std::string encoded = Str(*secret, {"data", key});
  if (encoded.empty()) return Status(Code::kNotFound, "Secret " + name + " has no key " + key);
  RHA_ASSIGN_OR_RETURN(std::string value, k8s::DecodeBase64(encoded));
  return value.substr(0, value.find_first_of("\r\n"));  // the servers take the first line
}

Result<RedisClient> ConnectAs(Tunnel& tunnel, uint16_t port, const std::string& user,
                              const std::string& password) {
  RHA_ASSIGN_OR_RETURN(const net::Endpoint endpoint, tunnel.Reach(port));
  auto client = RedisClient::Connect(endpoint);
  if (!client.ok()) return client.status().Context("pod " + tunnel.pod());
  RHA_RETURN_IF_ERROR(client->Auth(user, password).Context("authenticate at pod " + tunnel.pod()));
  return client;
}

}  // namespace

std::map<std::string, Result<std::string>> ReadPages(ClusterClient& client,
                                                     const Subject& subject) {
  // All ways are opened first and then waited for, so that many pods take as long as one.
  std::vector<std::pair<std::string, Result<Tunnel>>> tunnels;
  for (const Json& pod : subject.pods) {
    tunnels.emplace_back(object::Name(pod), Tunnel::Open(client.access(), object::Namespace(pod),
                                                         pod, {kMetricsPort}));
  }
  std::map<std::string, Result<std::string>> pages;
  for (auto& [name, tunnel] : tunnels) {
    const auto read = [&tunnel = tunnel]() -> Result<std::string> {
      if (!tunnel.ok()) return tunnel.status();
      RHA_ASSIGN_OR_RETURN(const net::Endpoint endpoint, tunnel->Reach(kMetricsPort));
      return HttpGet(endpoint, "/metrics");
    };
    pages.emplace(name, read());
  }
  return pages;
}

std::map<std::string, PodFacts> ReadFacts(ClusterClient& client, const Subject& subject) {
  std::map<std::string, PodFacts> facts;
  for (const auto& [name, page] : ReadPages(client, subject)) {
    facts[name] = page.ok() ? FactsOf(MetricsPage::Parse(*page))
                            : PodFacts{.problem = page.status().message()};
  }
  return facts;
}

Result<Passwords> ReadPasswords(ClusterClient& client, const Subject& subject, bool admin) {
  Passwords passwords;
  const std::string space = object::Namespace(subject.redisha);
  const std::string name = object::Name(subject.redisha);
  const std::string where = Str(subject.redisha, {"status", "endpoints", "authSecret"});
  if (const size_t slash = where.find('/'); slash != std::string::npos) {
    RHA_ASSIGN_OR_RETURN(passwords.data, SecretValue(client, space, where.substr(0, slash),
                                                     where.substr(slash + 1)));
  }
  if (admin) {
    RHA_ASSIGN_OR_RETURN(passwords.admin,
                         SecretValue(client, space, name + "-peer", "admin-password"));
  }
  return passwords;
}

Status NodeDoor::Dial() {
  connection_.reset();
  RHA_ASSIGN_OR_RETURN(
      tunnel_, Tunnel::Open(client_->access(), object::Namespace(object_), object_, {kNodePort}));
  RHA_ASSIGN_OR_RETURN(RedisClient connection, ConnectAs(tunnel_, kNodePort, "", passwords_.data));
  connection_ = std::move(connection);
  return {};
}

Result<NodeDoor> NodeDoor::Open(ClusterClient& client, const Json& pod,
                                const Passwords& passwords) {
  NodeDoor door(client, pod, passwords);
  RHA_RETURN_IF_ERROR(door.Dial());
  return door;
}

Result<resp::Value> NodeDoor::Call(const Words& words) {
  auto reply = connection_ ? connection_->Call(words)
                           : Result<resp::Value>(Status(Code::kUnavailable, "not connected"));
  const Code code = reply.status().code();
  if (code != Code::kUnavailable && code != Code::kIo) return reply;
  RHA_RETURN_IF_ERROR(Dial());
  return connection_->Call(words);
}

Result<RedisClient> ConnectSentinel(Tunnel& tunnel, const Passwords& passwords) {
  return ConnectAs(tunnel, kSentinelPort, "admin", passwords.admin);
}

}  // namespace rha::cli
