#include "local/api_server/beast_server.h"

#include <poll.h>
#include <sys/socket.h>

#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/ssl.hpp>
#include <cctype>
#include <condition_variable>
#include <list>
#include <mutex>
#include <thread>

#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/unique_fd.h"
#include "common/net/socket.h"
#include "local/api_server/limits.h"

namespace rha::local::api_server {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using asio::ip::tcp;
using TlsStream = asio::ssl::stream<tcp::socket>;
using boost::system::error_code;

// What the accepting thread sees of a connection: its descriptor and when to give up on it.
struct Entry {
  int fd = -1;
  std::atomic<int64_t> deadline_ms{0};  // 0: none

  void Limit(int seconds) { deadline_ms = seconds == 0 ? 0 : NowMillis() + seconds * 1000LL; }
  static int64_t NowMillis() {
    return std::chrono::duration_cast<Millis>(std::chrono::steady_clock::now().time_since_epoch())
        .count();
  }
};

// Writes an answer in chunks.
class ChunkStream final : public Stream {
 public:
  ChunkStream(TlsStream& tls, Entry& entry, const std::atomic<bool>& stopping)
      : tls_(tls), entry_(entry), stopping_(stopping) {}

  bool Write(std::string_view bytes) override {
    if (bytes.empty()) return Alive();
    entry_.Limit(kWriteSecondsMax);
    error_code error;
    asio::write(tls_, http::make_chunk(asio::buffer(bytes.data(), bytes.size())), error);
    entry_.Limit(0);
    broken_ = broken_ || error;
    return !broken_;
  }

  bool Alive() override {
    if (broken_ || stopping_) return false;
    // Anything to read in the middle of an answer is a close, or the TLS notice of one.
    char byte = 0;
    const ssize_t count = ::recv(entry_.fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    return count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
  }

  void Finish() {
    if (broken_) return;
    error_code error;
    asio::write(tls_, http::make_chunk_last(), error);
  }

 private:
  TlsStream& tls_;
  Entry& entry_;
  const std::atomic<bool>& stopping_;
  bool broken_ = false;
};

// The connection after an upgrade. Reads without waiting, writes with a limit.
class TlsDuplex final : public stream::Duplex {
 public:
  TlsDuplex(TlsStream& tls, beast::flat_buffer& buffer, Entry& entry,
            const std::atomic<bool>& stopping)
      : tls_(tls), entry_(entry), stopping_(stopping) {
    read_ = beast::buffers_to_string(buffer.data());  // came with the request
    buffer.clear();
  }

  int fd() const override { return entry_.fd; }

  std::optional<std::string> Read() override {
    if (stopping_ || broken_) return std::nullopt;
    if (!read_.empty()) return std::exchange(read_, {});
    error_code error;
    chunk_.resize(kUpgradedReadBytes);
    tls_.next_layer().non_blocking(true, error);
    const size_t count = tls_.read_some(asio::buffer(chunk_), error);
    if (error == asio::error::would_block || error == asio::error::try_again) return std::string();
    if (error) return std::nullopt;
    return chunk_.substr(0, count);
  }

  bool Write(std::string_view bytes) override {
    if (stopping_ || broken_) return false;
    error_code error;
    tls_.next_layer().non_blocking(false, error);
    entry_.Limit(kWriteSecondsMax);
    asio::write(tls_, asio::buffer(bytes.data(), bytes.size()), error);
    entry_.Limit(0);
    broken_ = static_cast<bool>(error);
    return !broken_;
  }

  // The client closes first, else what it has not read yet could be lost.
  void Linger() {
    const int64_t deadline = Entry::NowMillis() + kLingerMillisMax;
    while (Entry::NowMillis() < deadline) {
      const auto bytes = Read();
      if (!bytes) break;
      pollfd waiting{fd(), POLLIN, 0};
      if (bytes->empty()) ::poll(&waiting, 1, kLingerPollMillis);
    }
    error_code error;
    tls_.next_layer().non_blocking(false, error);
  }

 private:
  TlsStream& tls_;
  Entry& entry_;
  const std::atomic<bool>& stopping_;
  std::string read_, chunk_;
  bool broken_ = false;
};

// Both ways of offering protocols: one header with commas (WebSocket), several headers (SPDY).
void AddOffers(std::string_view list, std::vector<std::string>& protocols) {
  while (!list.empty()) {
    const size_t comma = std::min(list.find(','), list.size());
    std::string_view word = list.substr(0, comma);
    while (word.starts_with(' ')) word.remove_prefix(1);
    while (word.ends_with(' ')) word.remove_suffix(1);
    if (!word.empty()) protocols.emplace_back(word);
    list.remove_prefix(std::min(comma + 1, list.size()));
  }
}

void ReadUpgrade(const http::fields& fields, Request& request) {
  request.upgrade = std::string(fields[http::field::upgrade]);
  for (char& c : request.upgrade) {
    c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  }
  request.websocket_key = std::string(fields[http::field::sec_websocket_key]);
  for (const char* name : {"Sec-WebSocket-Protocol", "X-Stream-Protocol-Version"}) {
    const auto [begin, end] = fields.equal_range(name);
    for (auto it = begin; it != end; ++it) {
      AddOffers({it->value().data(), it->value().size()}, request.protocols);
    }
  }
}

Request ToRequest(http::request<http::string_body>&& message) {
  Request request;
  request.method = std::string(message.method_string());
  ParseTarget(std::string_view(message.target().data(), message.target().size()), request);
  const auto header = [&](http::field field) { return std::string(message[field]); };
  request.accept = header(http::field::accept);
  request.content_type = header(http::field::content_type);
  request.authorization = header(http::field::authorization);
  request.impersonate_user = std::string(message["Impersonate-User"]);
  const auto [group, end] = message.equal_range("Impersonate-Group");
  for (auto it = group; it != end; ++it) {
    request.impersonate_groups.emplace_back(it->value().data(), it->value().size());
  }
  ReadUpgrade(message, request);
  request.body = std::move(message.body());
  return request;
}

void AddHeaders(http::fields& fields, const Response& response) {
  fields.set(http::field::content_type, response.content_type);
  fields.set(http::field::cache_control, "no-cache, private");
  for (const auto& warning : response.warnings) {
    std::string quoted;
    for (const char c : warning)
      quoted += c == '"' || c == '\\' ? std::string{'\\', c} : std::string{c};
    fields.insert(http::field::warning, "299 - \"" + quoted + "\"");
  }
}

}  // namespace

class BeastServer::Impl {
 public:
  Impl(Handler handler, UniqueFd listener, uint16_t port)
      : handler_(std::move(handler)), listener_(std::move(listener)), port_(port) {}

  Status LoadKeys(const ServerOptions& options) {
    error_code error;
    context_.set_options(asio::ssl::context::default_workarounds | asio::ssl::context::no_tlsv1 |
                         asio::ssl::context::no_tlsv1_1);
    context_.use_certificate_chain_file(options.certificate_path, error);
    if (!error) context_.use_private_key_file(options.key_path, asio::ssl::context::pem, error);
    if (!error) return Status::Ok();
    return Status(Code::kIo, "load " + options.certificate_path + ": " + error.message());
  }

  void Run() {
    accepting_ = std::thread([this] { AcceptLoop(); });
  }

  void Stop() {
    stopping_ = true;
    if (accepting_.joinable()) accepting_.join();
    std::unique_lock lock(mutex_);
    for (auto& entry : entries_) ::shutdown(entry.fd, SHUT_RDWR);
    all_gone_.wait(lock, [this] { return entries_.empty(); });
  }

  uint16_t port() const { return port_; }

 private:
  void AcceptLoop();
  void ExpireConnections();
  void Serve(std::list<Entry>::iterator entry);
  void Converse(Entry& entry);
  bool ServeOne(TlsStream& tls, beast::flat_buffer& buffer, Entry& entry);
  bool Answer(TlsStream& tls, Entry& entry, const Response& response, bool keep_alive);
  void Upgrade(TlsStream& tls, beast::flat_buffer& buffer, Entry& entry, const Response& response);

  Handler handler_;
  UniqueFd listener_;
  uint16_t port_;
  asio::io_context io_;
  asio::ssl::context context_{asio::ssl::context::tls_server};
  std::atomic<bool> stopping_{false};
  std::thread accepting_;

  std::mutex mutex_;
  std::condition_variable all_gone_;
  std::list<Entry> entries_;  // guarded by mutex_
};

void BeastServer::Impl::AcceptLoop() {
  while (!stopping_) {
    pollfd waiting{listener_.get(), POLLIN, 0};
    if (::poll(&waiting, 1, 200) <= 0) {
      ExpireConnections();
      continue;
    }
    const int fd = ::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC);
    if (fd < 0) continue;
    std::unique_lock lock(mutex_);
    if (entries_.size() >= static_cast<size_t>(kConnectionsMax)) {
      ::close(fd);
      continue;
    }
    const auto entry = entries_.emplace(entries_.end());
    entry->fd = fd;
    lock.unlock();
    std::thread([this, entry] { Serve(entry); }).detach();
  }
}

void BeastServer::Impl::ExpireConnections() {
  const std::lock_guard lock(mutex_);
  const int64_t now = Entry::NowMillis();
  for (auto& entry : entries_) {
    const int64_t deadline = entry.deadline_ms;
    if (deadline != 0 && now > deadline) ::shutdown(entry.fd, SHUT_RDWR);
  }
}

void BeastServer::Impl::Serve(std::list<Entry>::iterator entry) {
  try {
    Converse(*entry);
  } catch (const std::exception& error) {
    log::Warn("connection ended by an internal error: {}", error.what());
  }
  const std::lock_guard lock(mutex_);
  ::close(entry->fd);
  entries_.erase(entry);
  all_gone_.notify_all();
}

void BeastServer::Impl::Converse(Entry& entry) {
  // The stream gets a duplicate: `entry.fd` must stay valid until it leaves the list.
  const int copy = ::fcntl(entry.fd, F_DUPFD_CLOEXEC, 0);
  if (copy < 0) return;
  net::SetNoDelay(entry.fd);
  net::SetKeepAlive(entry.fd, 60);
  TlsStream tls(tcp::socket(io_, tcp::v4(), copy), context_);
  error_code error;
  entry.Limit(kHandshakeSecondsMax);
  tls.handshake(asio::ssl::stream_base::server, error);
  if (error) return;
  beast::flat_buffer buffer;
  while (!stopping_ && ServeOne(tls, buffer, entry)) {
  }
  entry.Limit(kHandshakeSecondsMax);
  tls.shutdown(error);
}

bool BeastServer::Impl::ServeOne(TlsStream& tls, beast::flat_buffer& buffer, Entry& entry) {
  http::request_parser<http::string_body> parser;
  parser.body_limit(kRequestBytesMax);
  parser.header_limit(kHeaderBytesMax);
  error_code error;
  entry.Limit(kIdleSecondsMax);
  http::read(tls, buffer, parser, error);
  entry.Limit(0);
  if (error == http::error::body_limit || error == http::error::header_limit) {
    const object::ApiError large{413, "RequestEntityTooLarge",
                                 "Request entity too large: limit is 3145728"};
    Answer(tls, entry, ErrorResponse(large), false);
    return false;
  }
  if (error) return false;
  const bool keep_alive = parser.get().keep_alive();
  Response response;
  try {
    response = handler_(ToRequest(parser.release()));
  } catch (const std::exception& failure) {
    log::Error("internal error while answering a request: {}", failure.what());
    response = ErrorResponse(object::Internal(failure.what()));
  }
  if (response.upgraded) {
    Upgrade(tls, buffer, entry, response);
    return false;
  }
  return Answer(tls, entry, response, keep_alive);
}

void BeastServer::Impl::Upgrade(TlsStream& tls, beast::flat_buffer& buffer, Entry& entry,
                                const Response& response) {
  http::response<http::empty_body> head{http::status::switching_protocols, 11};
  for (const auto& [name, value] : response.headers) head.set(name, value);
  http::response_serializer<http::empty_body> serializer{head};
  error_code error;
  entry.Limit(kWriteSecondsMax);
  http::write_header(tls, serializer, error);
  entry.Limit(0);
  if (error) return;
  TlsDuplex duplex(tls, buffer, entry, stopping_);
  response.upgraded(duplex);
  duplex.Linger();
}

bool BeastServer::Impl::Answer(TlsStream& tls, Entry& entry, const Response& response,
                               bool keep_alive) {
  error_code error;
  const auto status = static_cast<http::status>(response.status);
  entry.Limit(kWriteSecondsMax);
  if (response.stream) {
    http::response<http::empty_body> head{status, 11};
    AddHeaders(head, response);
    head.chunked(true);
    http::response_serializer<http::empty_body> serializer{head};
    http::write_header(tls, serializer, error);
    entry.Limit(0);
    if (error) return false;
    ChunkStream stream(tls, entry, stopping_);
    response.stream(stream);
    stream.Finish();
    return false;
  }
  http::response<http::string_body> message{status, 11, response.body};
  AddHeaders(message, response);
  message.keep_alive(keep_alive);
  message.prepare_payload();
  http::write(tls, message, error);
  entry.Limit(0);
  return !error && keep_alive;
}

BeastServer::BeastServer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
BeastServer::~BeastServer() { impl_->Stop(); }
uint16_t BeastServer::port() const { return impl_->port(); }

Result<std::unique_ptr<BeastServer>> BeastServer::Start(const ServerOptions& options,
                                                        Handler handler) {
  RHA_ASSIGN_OR_RETURN(UniqueFd listener, net::ListenTcp(options.ip, options.port));
  RHA_ASSIGN_OR_RETURN(const net::Endpoint at, net::LocalEndpoint(listener.get()));
  auto impl = std::make_unique<Impl>(std::move(handler), std::move(listener), at.port);
  RHA_RETURN_IF_ERROR(impl->LoadKeys(options));
  impl->Run();
  return std::unique_ptr<BeastServer>(new BeastServer(std::move(impl)));
}

}  // namespace rha::local::api_server
