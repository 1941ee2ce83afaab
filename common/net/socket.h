// Non-blocking TCP and unix sockets: listen, connect, accept. All descriptors are close-on-exec.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "common/base/status.h"
#include "common/base/unique_fd.h"

namespace rha::net {

// A numeric IP address (v4 or v6) and port. Names are resolved elsewhere, off the loop.
struct Endpoint {
  std::string host;
  uint16_t port = 0;
  bool operator==(const Endpoint&) const = default;
  auto operator<=>(const Endpoint&) const = default;
  std::string ToString() const;  // "10.0.0.1:6379", "[::1]:6379"
};

constexpr int kListenBacklog = 511;

// Errors name the address and what to do ("address already in use: another process listens there").
Result<UniqueFd> ListenTcp(const std::string& ip, uint16_t port, int backlog = kListenBacklog);
// Replaces a stale socket file left by a crashed process; refuses to replace anything else.
Result<UniqueFd> ListenUnix(const std::string& path, int permissions = 0700,
                            int backlog = kListenBacklog);

// Starts connecting; writability or an error tells the outcome (see ConnectResult).
// `source_ip`: local address to bind first, or empty.
Result<UniqueFd> ConnectTcp(const Endpoint& to, const std::string& source_ip = "");
Result<UniqueFd> ConnectUnix(const std::string& path);
// Outcome of a connect once the descriptor became writable.
Status ConnectResult(int fd);

// An invalid descriptor: nothing to accept for now. kExhausted: out of descriptors.
Result<UniqueFd> Accept(int listener);

Result<Endpoint> PeerEndpoint(int fd);
Result<Endpoint> LocalEndpoint(int fd);
void SetNoDelay(int fd, bool on = true);
// Probes an idle peer after `seconds` (then three times at a third of that).
void SetKeepAlive(int fd, int seconds);
// What was sent over TCP gets there: the kernel is not sending anything of it again.
bool IsHeard(int fd);
bool IsNumericIp(const std::string& host);
// The first of `addresses` that is of the family of `source_ip`; of all if that is empty, or none
// is. REQUIRES: there is one.
const std::string& Reachable(const std::vector<std::string>& addresses,
                             const std::string& source_ip);
// The one way to write an IP address, as PeerEndpoint and LocalEndpoint do: IPv6 in its shortest
// form, IPv4 within IPv6 (::ffff:10.0.0.1) as IPv4. What is no IP address stays what it is.
Endpoint Plain(const Endpoint& endpoint);
// Blocking, $REDISHA_HOSTS_FILE and then getaddrinfo: never call it on a loop thread.
Result<std::vector<std::string>> ResolveHost(const std::string& host);

}  // namespace rha::net
