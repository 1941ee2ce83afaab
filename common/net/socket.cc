#include "common/net/socket.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <algorithm>
#include <cstring>

#include "common/net/hosts_file.h"

namespace rha::net {
namespace {

struct Address {
  sockaddr_storage storage{};
  socklen_t length = 0;
  sockaddr* get() { return reinterpret_cast<sockaddr*>(&storage); }
};

Result<Address> ToAddress(const std::string& ip, uint16_t port) {
  Address address;
  auto* v4 = reinterpret_cast<sockaddr_in*>(&address.storage);
  if (inet_pton(AF_INET, ip.c_str(), &v4->sin_addr) == 1) {
    v4->sin_family = AF_INET;
    v4->sin_port = htons(port);
    address.length = sizeof *v4;
    return address;
  }
  auto* v6 = reinterpret_cast<sockaddr_in6*>(&address.storage);
  if (inet_pton(AF_INET6, ip.c_str(), &v6->sin6_addr) == 1) {
    v6->sin6_family = AF_INET6;
    v6->sin6_port = htons(port);
    address.length = sizeof *v6;
    return address;
  }
  return Status(Code::kInvalid, "'" + ip + "' is not an IP address");
}

Result<Address> ToUnixAddress(const std::string& path) {
  Address address;
  auto* un = reinterpret_cast<sockaddr_un*>(&address.storage);
  if (path.empty() || path.size() >= sizeof un->sun_path) {
    return Status(Code::kInvalid, "unix socket path '" + path + "' is empty or longer than " +
                                      std::to_string(sizeof un->sun_path - 1) + " bytes");
  }
  un->sun_family = AF_UNIX;
  std::memcpy(un->sun_path, path.c_str(), path.size() + 1);
  address.length = sizeof *un;
  return address;
}

Endpoint FromAddress(const sockaddr_storage& storage) {
  char text[INET6_ADDRSTRLEN] = "";
  if (storage.ss_family == AF_INET) {
    const auto& v4 = reinterpret_cast<const sockaddr_in&>(storage);
    inet_ntop(AF_INET, &v4.sin_addr, text, sizeof text);
    return {text, ntohs(v4.sin_port)};
  }
  if (storage.ss_family == AF_INET6) {
    const auto& v6 = reinterpret_cast<const sockaddr_in6&>(storage);
    if (IN6_IS_ADDR_V4MAPPED(&v6.sin6_addr)) {
      inet_ntop(AF_INET, &v6.sin6_addr.s6_addr[12], text, sizeof text);
      return {text, ntohs(v6.sin6_port)};
    }
    inet_ntop(AF_INET6, &v6.sin6_addr, text, sizeof text);
    return {text, ntohs(v6.sin6_port)};
  }
  return {"unix", 0};
}

constexpr int kSocketFlags = SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC;

}  // namespace

std::string Endpoint::ToString() const {
  const bool v6 = host.find(':') != std::string::npos;
  return (v6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

Result<UniqueFd> ListenTcp(const std::string& ip, uint16_t port, int backlog) {
  const std::string what = "listen on " + Endpoint{ip, port}.ToString();
  RHA_ASSIGN_OR_RETURN(Address address, ToAddress(ip, port));
  UniqueFd fd(::socket(address.storage.ss_family, kSocketFlags, 0));
  if (!fd.valid()) return ErrnoStatus(what);
  const int on = 1;
  setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (address.storage.ss_family == AF_INET6) {
    setsockopt(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
  }
  if (::bind(fd.get(), address.get(), address.length) != 0 || ::listen(fd.get(), backlog) != 0) {
    if (errno == EADDRINUSE) {
      return Status(Code::kExists, what +
                                       ": the address is in use: another process listens there; "
                                       "stop it or choose another port");
    }
    return ErrnoStatus(what);
  }
  return fd;
}

Result<UniqueFd> ListenUnix(const std::string& path, int permissions, int backlog) {
  const std::string what = "listen on unix socket " + path;
  RHA_ASSIGN_OR_RETURN(Address address, ToUnixAddress(path));
  struct stat info;
  if (::lstat(path.c_str(), &info) == 0) {
    if (!S_ISSOCK(info.st_mode))
      return Status(Code::kExists, what + ": the path exists and is no socket");
    ::unlink(path.c_str());
  }
  UniqueFd fd(::socket(AF_UNIX, kSocketFlags, 0));
  if (!fd.valid()) return ErrnoStatus(what);
  if (::bind(fd.get(), address.get(), address.length) != 0 ||
      ::chmod(path.c_str(), permissions) != 0 || ::listen(fd.get(), backlog) != 0) {
    return ErrnoStatus(what);
  }
  return fd;
}

Result<UniqueFd> ConnectTcp(const Endpoint& to, const std::string& source_ip) {
  const std::string what = "connect to " + to.ToString();
  RHA_ASSIGN_OR_RETURN(Address address, ToAddress(to.host, to.port));
  UniqueFd fd(::socket(address.storage.ss_family, kSocketFlags, 0));
  if (!fd.valid()) return ErrnoStatus(what);
  if (!source_ip.empty()) {
    RHA_ASSIGN_OR_RETURN(Address source, ToAddress(source_ip, 0));
    if (::bind(fd.get(), source.get(), source.length) != 0) {
      return ErrnoStatus("bind to source address " + source_ip);
    }
  }
  SetNoDelay(fd.get());
  if (::connect(fd.get(), address.get(), address.length) != 0 && errno != EINPROGRESS) {
    return ErrnoStatus(what);
  }
  return fd;
}

Result<UniqueFd> ConnectUnix(const std::string& path) {
  RHA_ASSIGN_OR_RETURN(Address address, ToUnixAddress(path));
  UniqueFd fd(::socket(AF_UNIX, kSocketFlags, 0));
  if (!fd.valid()) return ErrnoStatus("connect to " + path);
  if (::connect(fd.get(), address.get(), address.length) != 0 && errno != EINPROGRESS) {
    return ErrnoStatus("connect to " + path);
  }
  return fd;
}

Status ConnectResult(int fd) {
  int error = 0;
  socklen_t length = sizeof error;
  if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length) != 0) error = errno;
  return error == 0 ? Status() : ErrnoStatus("connect", error);
}

Result<UniqueFd> Accept(int listener) {
  for (;;) {
    const int fd = ::accept4(listener, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd >= 0) return UniqueFd(fd);
    if (errno == EINTR || errno == ECONNABORTED) continue;
    if (errno == EAGAIN || errno == EWOULDBLOCK) return UniqueFd();
    return ErrnoStatus("accept a connection");
  }
}

Result<Endpoint> PeerEndpoint(int fd) {
  sockaddr_storage storage{};
  socklen_t length = sizeof storage;
  if (getpeername(fd, reinterpret_cast<sockaddr*>(&storage), &length) != 0)
    return ErrnoStatus("getpeername");
  return FromAddress(storage);
}

Result<Endpoint> LocalEndpoint(int fd) {
  sockaddr_storage storage{};
  socklen_t length = sizeof storage;
  if (getsockname(fd, reinterpret_cast<sockaddr*>(&storage), &length) != 0)
    return ErrnoStatus("getsockname");
  return FromAddress(storage);
}

void SetNoDelay(int fd, bool on) {
  const int value = on ? 1 : 0;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &value, sizeof value);
}

void SetKeepAlive(int fd, int seconds) {
  const int on = 1, interval = std::max(seconds / 3, 1), count = 3;
  setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
  setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &seconds, sizeof seconds);
  setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &interval, sizeof interval);
  setsockopt(fd, IPPROTO_TCP, TCP_KEEPCNT, &count, sizeof count);
}

bool IsHeard(int fd) {
  tcp_info info{};
  socklen_t size = sizeof info;
  return getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &size) == 0 && info.tcpi_retransmits == 0;
}

bool IsNumericIp(const std::string& host) { return ToAddress(host, 0).ok(); }

const std::string& Reachable(const std::vector<std::string>& addresses,
                             const std::string& source_ip) {
  const auto family = [](const std::string& ip) {
    const auto address = ToAddress(ip, 0);
    return address.ok() ? address->storage.ss_family : AF_UNSPEC;
  };
  for (const std::string& address : addresses) {
    if (!source_ip.empty() && family(address) == family(source_ip)) return address;
  }
  return addresses.front();
}

Endpoint Plain(const Endpoint& endpoint) {
  const auto address = ToAddress(endpoint.host, endpoint.port);
  return address.ok() ? FromAddress(address->storage) : endpoint;
}

Result<std::vector<std::string>> ResolveHost(const std::string& host) {
  if (IsNumericIp(host)) return std::vector<std::string>{host};
  if (auto known = AddressesInHostsFile(host); !known.empty()) return known;
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_ADDRCONFIG;
  addrinfo* list = nullptr;
  const int error = getaddrinfo(host.c_str(), nullptr, &hints, &list);
  if (error != 0) {
    return Status(Code::kUnavailable, "resolve " + host + ": " + gai_strerror(error));
  }
  std::vector<std::string> ips;
  for (const addrinfo* it = list; it != nullptr; it = it->ai_next) {
    sockaddr_storage storage{};
    std::memcpy(&storage, it->ai_addr, it->ai_addrlen);
    ips.push_back(FromAddress(storage).host);
  }
  freeaddrinfo(list);
  return ips;
}

}  // namespace rha::net
