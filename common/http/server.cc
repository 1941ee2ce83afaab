#include "common/http/server.h"

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ip/v6_only.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <exception>
#include <list>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

#include "common/base/log.h"

namespace rha::http {
namespace {

namespace asio = boost::asio;
namespace beast_http = boost::beast::http;
using asio::ip::tcp;
using boost::system::error_code;

constexpr size_t kConnectionsMax = 64;
constexpr size_t kRequestBytesMax = 8 << 10;
constexpr std::chrono::milliseconds kAcceptPause{200};  // when descriptors have run out

std::string AddressText(const std::string& ip, uint16_t port) {
  const bool v6 = ip.find(':') != std::string::npos;
  return (v6 ? "[" + ip + "]" : ip) + ":" + std::to_string(port);
}

std::string Text(boost::beast::string_view view) { return {view.data(), view.size()}; }

class Page;

// One connection, which is for one request. Loop's thread; a page sees only request and response.
struct Session {
  explicit Session(tcp::socket connected)
      : socket(std::move(connected)), deadline(socket.get_executor()) {
    parser.header_limit(kRequestBytesMax);
  }

  tcp::socket socket;
  asio::steady_timer deadline;
  boost::beast::flat_buffer input{kRequestBytesMax};
  beast_http::request_parser<beast_http::empty_body> parser;
  bool asked = false;    // its request is whole
  Page* page = nullptr;  // whom it asked
  Request request;
  beast_http::response<beast_http::string_body> reply;
  std::optional<beast_http::response_serializer<beast_http::string_body>> writer;
};
using SessionPtr = std::shared_ptr<Session>;

// A page and the thread that makes it, so that none waits for another.
class Page {
 public:
  using Done = std::function<void(SessionPtr, Response)>;

  Page(Handler handler, Done done)
      : handler_(std::move(handler)), done_(std::move(done)), thread_([this] { Work(); }) {}
  ~Page() {
    {
      const std::lock_guard lock(mutex_);
      ending_ = true;
    }
    changed_.notify_one();
    thread_.join();
  }

  void Ask(SessionPtr session) {
    {
      const std::lock_guard lock(mutex_);
      asking_.push_back(std::move(session));
    }
    changed_.notify_one();
  }
  // It does not wait any more.
  void Forget(const SessionPtr& session) {
    const std::lock_guard lock(mutex_);
    std::erase(asking_, session);
  }

 private:
  void Work() {
    std::unique_lock lock(mutex_);
    while (true) {
      changed_.wait(lock, [this] { return ending_ || !asking_.empty(); });
      if (ending_) return;
      SessionPtr session = std::move(asking_.front());
      asking_.pop_front();
      lock.unlock();
      Response response = Make(session->request);
      done_(std::move(session), std::move(response));
      lock.lock();
    }
  }

  Response Make(const Request& request) const {
    try {
      return handler_(request);
    } catch (const std::exception& error) {  // a handler's library threw: an answer, not a crash
      log::Error("http: {} failed: {}", request.path, error.what());
      return {.status = 500, .body = "internal error\n"};
    }
  }

  const Handler handler_;
  const Done done_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool ending_ = false;            // guarded by mutex_
  std::deque<SessionPtr> asking_;  // guarded by mutex_
  std::thread thread_;
};

}  // namespace

struct Server::Impl {
  explicit Impl(std::chrono::milliseconds timeout) : timeout(timeout) {}
  ~Impl() {
    loop.stop();
    if (thread.joinable()) thread.join();
    pages.clear();  // waits for what is being made; what it hands over is never looked at
    sessions.clear();
  }

  Status Listen(const std::string& ip, uint16_t port);
  void AddPage(const std::string& path, Handler handler);
  void Run();
  void Accept(tcp::acceptor& acceptor);
  void Admit(tcp::socket socket);
  void LimitTime(const SessionPtr& session);
  void OnRequest(const SessionPtr& session);
  void Reply(const SessionPtr& session, Response response);
  void Linger(const SessionPtr& session);
  void End(const SessionPtr& session);

  const std::chrono::milliseconds timeout;
  asio::io_context loop{1};  // outlives all below that hangs on it
  std::list<tcp::acceptor> acceptors;
  asio::steady_timer accept_pause{loop};
  std::list<SessionPtr> sessions;  // loop's thread; the oldest first
  std::map<std::string, std::unique_ptr<Page>> pages;
  std::thread thread;
};

Status Server::Impl::Listen(const std::string& ip, uint16_t port) {
  error_code error;
  const auto address = asio::ip::make_address(ip, error);
  tcp::acceptor& acceptor = acceptors.emplace_back(loop);
  const tcp::endpoint endpoint(address, port);
  if (!error) acceptor.open(endpoint.protocol(), error);
  if (!error) acceptor.set_option(tcp::acceptor::reuse_address(true), error);
  if (!error && address.is_v6()) acceptor.set_option(asio::ip::v6_only(true), error);
  if (!error) acceptor.bind(endpoint, error);
  if (!error) acceptor.listen(asio::socket_base::max_listen_connections, error);
  if (!error) return {};
  return Status(Code::kUnavailable,
                "listen on " + AddressText(ip, port) + " for HTTP: " + error.message());
}

void Server::Impl::AddPage(const std::string& path, Handler handler) {
  pages[path] =
      std::make_unique<Page>(std::move(handler), [this](SessionPtr session, Response response) {
        asio::post(loop,
                   [this, session = std::move(session), response = std::move(response)]() mutable {
                     Reply(session, std::move(response));
                   });
      });
}

void Server::Impl::Run() {
  for (tcp::acceptor& acceptor : acceptors) Accept(acceptor);
  thread = std::thread([this] { loop.run(); });
}

void Server::Impl::Accept(tcp::acceptor& acceptor) {
  acceptor.async_accept([this, &acceptor](const error_code& error, tcp::socket socket) {
    if (!error) {
      Admit(std::move(socket));
      return Accept(acceptor);
    }
    accept_pause.expires_after(kAcceptPause);
    accept_pause.async_wait([this, &acceptor](const error_code&) { Accept(acceptor); });
  });
}

// Who has asked is a reader, and waits for us; who has not may be anybody. So a stranger who opens
// connections takes the place of his own.
void Server::Impl::Admit(tcp::socket socket) {
  if (sessions.size() >= kConnectionsMax) {
    const auto silent = std::find_if(sessions.begin(), sessions.end(),
                                     [](const SessionPtr& other) { return !other->asked; });
    End(silent != sessions.end() ? *silent : sessions.front());
  }
  const SessionPtr session = sessions.emplace_back(std::make_shared<Session>(std::move(socket)));
  LimitTime(session);
  beast_http::async_read_header(session->socket, session->input, session->parser,
                                [this, session](const error_code& error, size_t) {
                                  error ? End(session) : OnRequest(session);
                                });
}

// For what comes next: the request, or that it takes the answer.
void Server::Impl::LimitTime(const SessionPtr& session) {
  session->deadline.expires_after(timeout);
  session->deadline.async_wait([this, session](const error_code& error) {
    if (!error) End(session);
  });
}

void Server::Impl::OnRequest(const SessionPtr& session) {
  const auto& message = session->parser.get();
  const std::string target = Text(message.target());
  const size_t mark = std::min(target.find('?'), target.size());
  session->asked = true;
  session->deadline.cancel();
  session->request = {.path = target.substr(0, mark),
                      .query = target.substr(std::min(mark + 1, target.size())),
                      .accept = Text(message[beast_http::field::accept])};
  const bool reads =
      message.method() == beast_http::verb::get || message.method() == beast_http::verb::head;
  if (!reads) return Reply(session, {.status = 405, .body = "only GET\n"});
  const auto page = pages.find(session->request.path);
  if (page != pages.end()) {
    session->page = page->second.get();
    return session->page->Ask(session);
  }
  Response missing{.status = 404, .body = "nothing here; there is:\n"};
  for (const auto& [path, unused] : pages) missing.body += path + "\n";
  Reply(session, std::move(missing));
}

void Server::Impl::Reply(const SessionPtr& session, Response response) {
  if (!session->socket.is_open()) return;  // it had to leave, or left
  auto& reply = session->reply;
  reply.result(static_cast<unsigned>(response.status));
  reply.set(beast_http::field::content_type, response.content_type);
  reply.set(beast_http::field::cache_control, "no-store");
  if (response.status == 405) reply.set(beast_http::field::allow, "GET, HEAD");
  reply.keep_alive(false);
  reply.content_length(response.body.size());
  if (session->parser.get().method() != beast_http::verb::head) {
    reply.body() = std::move(response.body);
  }
  session->writer.emplace(reply);
  LimitTime(session);
  beast_http::async_write(
      session->socket, *session->writer,
      [this, session](const error_code& error, size_t) { error ? End(session) : Linger(session); });
}

// The client closes first: what it sent and we did not read would take the answer from it.
void Server::Impl::Linger(const SessionPtr& session) {
  error_code ignored;
  session->asked = false;  // it has what it came for
  session->socket.shutdown(tcp::socket::shutdown_send, ignored);
  session->input.clear();
  session->socket.async_read_some(
      session->input.prepare(kRequestBytesMax),
      [this, session](const error_code& error, size_t) { error ? End(session) : Linger(session); });
}

void Server::Impl::End(const SessionPtr& session) {
  error_code ignored;
  if (session->page != nullptr) session->page->Forget(session);
  session->deadline.cancel();
  session->socket.close(ignored);  // ends what is awaited of it
  sessions.remove(SessionPtr(session));
}

Server::Server(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Server::~Server() = default;

uint16_t Server::port() const {
  error_code ignored;
  return impl_->acceptors.front().local_endpoint(ignored).port();
}

Result<std::unique_ptr<Server>> Server::Start(const ServerOptions& options,
                                              std::map<std::string, Handler> handlers) {
  if (options.ips.empty()) return Status(Code::kInvalid, "no address to listen on for HTTP");
  auto impl = std::make_unique<Impl>(std::chrono::milliseconds(options.request_timeout_ms));
  for (const std::string& ip : options.ips) {
    RHA_RETURN_IF_ERROR(impl->Listen(ip, options.port));
  }
  for (auto& [path, handler] : handlers) impl->AddPage(path, std::move(handler));
  impl->Run();
  return std::unique_ptr<Server>(new Server(std::move(impl)));
}

}  // namespace rha::http
