#include "node/commands/testing/reference.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstdlib>

#include "common/base/check.h"
#include "common/resp/writer.h"

namespace rha::node::commands {
namespace {

UniqueFd Connect(const std::string& path) {
  UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  RHA_CHECK(path.size() < sizeof address.sun_path);
  path.copy(address.sun_path, path.size());
  RHA_CHECK(::connect(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
  return fd;
}

}  // namespace

Reference::Reference() {
  if (const char* path = std::getenv("RHA_REFERENCE")) path_ = path;
  if (!present()) return;
  const std::string_view flush[] = {"flushall"};
  Ask(nullptr, flush);
}

std::string Reference::Ask(const void* session, resp::Args words) {
  UniqueFd& fd = connections_[session];
  if (!fd.valid()) fd = Connect(path_);
  std::string request, reply;
  resp::AppendRequest(words, &request);
  RHA_CHECK(::write(fd.get(), request.data(), request.size()) ==
            static_cast<ssize_t>(request.size()));
  resp::ReplyParser parser;
  do {
    char buffer[64 * 1024];
    const ssize_t got = ::read(fd.get(), buffer, sizeof buffer);
    RHA_CHECK(got > 0);
    reply.append(buffer, static_cast<size_t>(got));
  } while (parser.Parse(reply) == resp::Outcome::kMore);
  return reply;
}

}  // namespace rha::node::commands
