#include "common/env/service_manager.h"

#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <cstddef>
#include <cstdlib>
#include <cstring>

#include "common/base/log.h"
#include "common/base/unique_fd.h"

namespace rha::env {

bool Supervised(std::string_view setting) {
  if (setting == "systemd") return true;
  return setting == "auto" && std::getenv("NOTIFY_SOCKET") != nullptr;
}

void TellServiceManager(std::string_view lines) {
  const char* path = std::getenv("NOTIFY_SOCKET");
  sockaddr_un address{};
  const size_t length = path == nullptr ? 0 : std::strlen(path);
  if (length < 2 || length >= sizeof address.sun_path || (path[0] != '/' && path[0] != '@')) {
    log::Warn("supervised systemd: NOTIFY_SOCKET names no socket, nobody is told of this state");
    return;
  }
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path, length);
  if (path[0] == '@') address.sun_path[0] = '\0';  // in the abstract namespace
  const UniqueFd fd(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + length);
  if (!fd.valid() || ::sendto(fd.get(), lines.data(), lines.size(), MSG_NOSIGNAL | MSG_DONTWAIT,
                              reinterpret_cast<const sockaddr*>(&address), size) < 0) {
    log::Warn("supervised systemd: {}", ErrnoStatus("tell NOTIFY_SOCKET").message());
  }
}

}  // namespace rha::env
