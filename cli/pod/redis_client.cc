#include "cli/pod/redis_client.h"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>

#include "common/resp/parser.h"

namespace rha::cli {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int kHttpTimeoutMs = 10'000;
constexpr size_t kHttpBytesMax = 16u << 20;

class Deadline {
 public:
  explicit Deadline(int timeout_ms)
      : end_(Clock::now() + std::chrono::milliseconds(timeout_ms)), timeout_ms_(timeout_ms) {}

  // Until the descriptor is ready for `events`.
  Status Wait(int fd, short events, const std::string& peer) const {
    while (true) {
      const auto left =
          std::chrono::duration_cast<std::chrono::milliseconds>(end_ - Clock::now()).count();
      pollfd wait{.fd = fd, .events = events, .revents = 0};
      const int ready = ::poll(&wait, 1, left > 0 ? static_cast<int>(left) : 0);
      if (ready > 0) return {};
      if (ready < 0 && errno != EINTR) return ErrnoStatus("wait for " + peer);
      if (ready == 0) {
        return Status(Code::kUnavailable,
                      peer + " has not answered for " + std::to_string(timeout_ms_) + " ms");
      }
    }
  }

 private:
  Clock::time_point end_;
  int timeout_ms_;
};

Result<UniqueFd> Dial(const net::Endpoint& to, int timeout_ms) {
  RHA_ASSIGN_OR_RETURN(UniqueFd socket, net::ConnectTcp(to));
  const Deadline deadline(timeout_ms);
  RHA_RETURN_IF_ERROR(deadline.Wait(socket.get(), POLLOUT, to.ToString()));
  RHA_RETURN_IF_ERROR(net::ConnectResult(socket.get()).Context("connect to " + to.ToString()));
  net::SetNoDelay(socket.get());
  return socket;
}

Status SendAll(int fd, std::string_view bytes, const Deadline& deadline, const std::string& peer) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent > 0) {
      bytes.remove_prefix(static_cast<size_t>(sent));
    } else if (errno == EAGAIN) {
      RHA_RETURN_IF_ERROR(deadline.Wait(fd, POLLOUT, peer));
    } else if (errno != EINTR) {
      return ErrnoStatus("send to " + peer);
    }
  }
  return {};
}

// Appends what has come; false: the peer has ended.
Result<bool> Receive(int fd, const Deadline& deadline, const std::string& peer, std::string* into) {
  RHA_RETURN_IF_ERROR(deadline.Wait(fd, POLLIN, peer));
  char chunk[16 * 1024];
  const ssize_t got = ::recv(fd, chunk, sizeof chunk, 0);
  if (got > 0) into->append(chunk, static_cast<size_t>(got));
  if (got < 0 && errno != EAGAIN && errno != EINTR) return ErrnoStatus("read from " + peer);
  return got != 0;
}

std::string Text(const resp::Value& value) {
  return value.is_string()                           ? value.text
         : value.type == resp::Value::Type::kInteger ? std::to_string(value.integer)
                                                     : std::string();
}

}  // namespace

Result<RedisClient> RedisClient::Connect(const net::Endpoint& to, int timeout_ms) {
  RedisClient client;
  client.peer_ = to.ToString();
  RHA_ASSIGN_OR_RETURN(client.socket_, Dial(to, timeout_ms));
  return client;
}

Result<resp::Value> RedisClient::Exchange(const Words& words) {
  std::string request = "*" + std::to_string(words.size()) + "\r\n";
  for (const std::string& word : words) {
    request += "$" + std::to_string(word.size()) + "\r\n" + word + "\r\n";
  }
  RHA_RETURN_IF_ERROR(SendAll(socket_.get(), request, Deadline(timeout_ms_), peer_));
  return Read(timeout_ms_);
}

Result<resp::Value> RedisClient::Read(int timeout_ms) {
  const Deadline deadline(timeout_ms);
  resp::ReplyParser parser;
  while (true) {
    const resp::Outcome outcome = parser.Parse(input_);
    if (outcome == resp::Outcome::kError) return Status(Code::kCorrupt, peer_ + ": no Redis");
    if (outcome == resp::Outcome::kDone) {
      input_.erase(0, parser.consumed());
      return std::move(parser.value());
    }
    RHA_ASSIGN_OR_RETURN(const bool open, Receive(socket_.get(), deadline, peer_, &input_));
    if (!open) return Status(Code::kUnavailable, peer_ + " closed the connection");
  }
}

Result<resp::Value> RedisClient::Call(const Words& words) {
  RHA_ASSIGN_OR_RETURN(resp::Value reply, Exchange(words));
  if (!reply.is_error()) return reply;
  const bool denied = reply.text.starts_with("NOAUTH") || reply.text.starts_with("WRONGPASS") ||
                      reply.text.starts_with("NOPERM");
  return Status(denied ? Code::kDenied : Code::kInvalid, reply.text);
}

Status RedisClient::Auth(const std::string& user, const std::string& password) {
  if (password.empty()) return {};
  const Words words = user.empty() ? Words{"AUTH", password} : Words{"AUTH", user, password};
  const auto reply = Call(words);
  return reply.ok() ? Status() : reply.status();
}

std::map<std::string, std::string> ParseInfo(std::string_view text) {
  std::map<std::string, std::string> fields;
  while (!text.empty()) {
    const size_t end = text.find('\n');
    std::string_view line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
    const size_t colon = line.find(':');
    if (line.empty() || line[0] == '#' || colon == std::string_view::npos) continue;
    fields.emplace(line.substr(0, colon), line.substr(colon + 1));
  }
  return fields;
}

std::map<std::string, std::string> ToMap(const resp::Value& value) {
  std::map<std::string, std::string> fields;
  for (size_t i = 0; i + 1 < value.items.size(); i += 2) {
    fields[Text(value.items[i])] = Text(value.items[i + 1]);
  }
  return fields;
}

Result<std::string> HttpGet(const net::Endpoint& from, const std::string& path) {
  RHA_ASSIGN_OR_RETURN(const UniqueFd socket, Dial(from, kHttpTimeoutMs));
  const std::string peer = from.ToString();
  const Deadline deadline(kHttpTimeoutMs);
  RHA_RETURN_IF_ERROR(SendAll(
      socket.get(), "GET " + path + " HTTP/1.0\r\nHost: " + peer + "\r\n\r\n", deadline, peer));
  std::string answer;
  while (answer.size() < kHttpBytesMax) {
    RHA_ASSIGN_OR_RETURN(const bool open, Receive(socket.get(), deadline, peer, &answer));
    if (!open) break;
  }
  const size_t body = answer.find("\r\n\r\n");
  const size_t status = answer.find(" 200 ");
  if (body == std::string::npos || status == std::string::npos || status > body) {
    return Status(Code::kUnavailable, peer + path + ": " + answer.substr(0, answer.find("\r\n")));
  }
  return answer.substr(body + 4);
}

}  // namespace rha::cli
