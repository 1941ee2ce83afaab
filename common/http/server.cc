#include "common/http/server.h"

#include <civetweb.h>

#include <atomic>
#include <chrono>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

#include "common/base/log.h"

namespace rha::http {
namespace {

constexpr std::chrono::milliseconds kStopWakePeriod{20};

const char* Reason(int status) {
  switch (status) {
    case 200:
      return "OK";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 500:
      return "Internal Server Error";
    case 503:
      return "Service Unavailable";
    default:
      return "Status";
  }
}

void Send(mg_connection* connection, const Response& response, bool with_body) {
  mg_printf(connection,
            "HTTP/1.1 %d %s\r\nContent-Type: %s\r\nContent-Length: %zu\r\n"
            "Cache-Control: no-store\r\nConnection: close\r\n%s\r\n",
            response.status, Reason(response.status), response.content_type.c_str(),
            response.body.size(), response.status == 405 ? "Allow: GET, HEAD\r\n" : "");
  if (with_body) mg_write(connection, response.body.data(), response.body.size());
}

std::string ListenAddresses(const ServerOptions& options) {
  std::string text;
  for (const std::string& ip : options.ips) {
    const bool v6 = ip.find(':') != std::string::npos;
    text +=
        (text.empty() ? "" : ",") + (v6 ? "[" + ip + "]" : ip) + ":" + std::to_string(options.port);
  }
  return text;
}

}  // namespace

struct Server::Impl {
  std::map<std::string, Handler> handlers;
  mg_context* context = nullptr;
  uint16_t port = 0;
  std::string own_ip;  // where this process reaches itself
  std::mutex mutex;
  bool started = false;    // guarded by mutex
  std::string last_error;  // what civetweb said while starting; guarded by mutex

  static int OnRequest(mg_connection* connection) {
    const mg_request_info* info = mg_get_request_info(connection);
    auto* self = static_cast<Impl*>(info->user_data);
    const std::string method = info->request_method;
    const bool head = method == "HEAD";
    Response response = method == "GET" || head ? self->Answer(connection)
                                                : Response{.status = 405, .body = "only GET\n"};
    Send(connection, response, !head);
    return response.status;  // tells civetweb that the request is answered
  }

  static int OnLog(const mg_connection* connection, const char* message) {
    auto* self = static_cast<Impl*>(mg_get_user_data(mg_get_context(connection)));
    if (!self) return 1;
    const std::lock_guard lock(self->mutex);
    if (self->started) {
      log::Debug("http: {}", message);
    } else if (self->last_error.empty()) {
      self->last_error = message;
    }
    return 1;  // civetweb writes nothing of its own
  }

  Response Answer(const mg_connection* connection) const {
    const mg_request_info* info = mg_get_request_info(connection);
    const auto text = [](const char* value) { return std::string(value != nullptr ? value : ""); };
    const Request request{.path = info->local_uri,
                          .query = text(info->query_string),
                          .accept = text(mg_get_header(connection, "Accept"))};
    const auto handler = handlers.find(request.path);
    if (handler == handlers.end()) {
      Response missing{.status = 404, .body = "nothing here; there is:\n"};
      for (const auto& [path, unused] : handlers) missing.body += path + "\n";
      return missing;
    }
    try {
      return handler->second(request);
    } catch (const std::exception& error) {  // a handler's library threw: an answer, not a crash
      log::Error("http: {} failed: {}", request.path, error.what());
      return {.status = 500, .body = "internal error\n"};
    }
  }
};

Server::Server(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Server::~Server() {
  if (!impl_->context) return;
  // civetweb's listening thread looks at the stop flag every two seconds, or when a connection
  // comes.
  std::atomic<bool> stopped{false};
  std::thread waker([&] {
    while (!stopped) {
      char error[128];
      if (mg_connection* self =
              mg_connect_client(impl_->own_ip.c_str(), impl_->port, 0, error, sizeof error)) {
        mg_close_connection(self);
      }
      std::this_thread::sleep_for(kStopWakePeriod);
    }
  });
  mg_stop(impl_->context);  // waits for running handlers
  stopped = true;
  waker.join();
  mg_exit_library();
}

uint16_t Server::port() const { return impl_->port; }

Result<std::unique_ptr<Server>> Server::Start(const ServerOptions& options,
                                              std::map<std::string, Handler> handlers) {
  auto impl = std::make_unique<Impl>();
  impl->handlers = std::move(handlers);
  if (options.ips.empty()) return Status(Code::kInvalid, "no address to listen on for HTTP");
  const std::string& ip = options.ips.front();
  impl->own_ip = ip == "0.0.0.0" ? "127.0.0.1" : ip == "::" ? "::1" : ip;
  const std::string address = ListenAddresses(options);
  const std::string threads = std::to_string(options.threads);
  const std::string timeout_ms = std::to_string(options.request_timeout_ms);
  const char* settings[] = {"listening_ports",
                            address.c_str(),
                            "num_threads",
                            threads.c_str(),
                            "enable_directory_listing",
                            "no",
                            "request_timeout_ms",
                            timeout_ms.c_str(),
                            "linger_timeout_ms",
                            "0",
                            nullptr};
  mg_callbacks callbacks{};
  callbacks.begin_request = &Impl::OnRequest;
  callbacks.log_message = &Impl::OnLog;

  mg_init_library(0);
  impl->context = mg_start(&callbacks, impl.get(), settings);
  if (!impl->context) {
    mg_exit_library();
    const std::lock_guard lock(impl->mutex);
    const std::string why = impl->last_error.empty() ? "could not start" : impl->last_error;
    return Status(Code::kUnavailable, "listen on " + address + " for HTTP: " + why);
  }
  mg_server_port port{};
  if (mg_get_server_ports(impl->context, 1, &port) == 1) {
    impl->port = static_cast<uint16_t>(port.port);
  }
  {
    const std::lock_guard lock(impl->mutex);
    impl->started = true;
  }
  return std::unique_ptr<Server>(new Server(std::move(impl)));
}

}  // namespace rha::http
