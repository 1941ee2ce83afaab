#include "common/k8s/cpprest_http.h"

#include <cpprest/http_client.h>
#include <openssl/ssl.h>
#include <pplx/threadpool.h>

#include <boost/asio/ssl.hpp>
#include <charconv>
#include <cstdlib>
#include <mutex>

namespace rha::k8s {
namespace {

namespace http = web::http;
using http::client::http_client;
using http::client::http_client_config;

// The library starts 40 threads for the first client of a process unless it is told otherwise.
// Those threads end later than OpenSSL's own clean-up at exit would come, and would then leave
// their OpenSSL state behind, which leak checkers find: so it is told to leave that to the
// process's end.
void SizeThreadPoolOnce() {
  static std::once_flag once;
  std::call_once(once, [] {
    ::OPENSSL_init_ssl(OPENSSL_INIT_NO_ATEXIT, nullptr);
    crossplat::threadpool::initialize_with_threads(kHttpThreads);
  });
}

// Certificates are only reachable through the ssl context. A CA of our own replaces the system's:
// what the kubeconfig names is all that is trusted.
void ConfigureTls(const ClusterConfig& config, boost::asio::ssl::context& context) {
  using boost::asio::buffer;
  if (!config.ca_pem.empty()) {
    SSL_CTX_set_cert_store(context.native_handle(), X509_STORE_new());
    context.add_certificate_authority(buffer(config.ca_pem));
  }
  if (!config.client_cert_pem.empty()) {
    context.use_certificate_chain(buffer(config.client_cert_pem));
    context.use_private_key(buffer(config.client_key_pem), boost::asio::ssl::context::pem);
  }
}

// The bearer token: fixed, or from a file that is read again because service accounts rotate.
class TokenSource {
 public:
  explicit TokenSource(const ClusterConfig& config)
      : file_(config.token_file), token_(config.token) {}

  std::string Get() {
    const std::lock_guard lock(mutex_);
    const auto now = std::chrono::steady_clock::now();
    if (!file_.empty() && (read_at_ == Time() || now - read_at_ > kTokenFileMaxAge)) {
      // A failed read keeps the old token: it is probably still valid, and the server will say.
      auto content = ReadFile(file_);
      if (content.ok()) token_ = Trim(*content);
      read_at_ = now;
    }
    return token_;
  }

  // After a 401: the next request reads the file whatever its age.
  void Forget() {
    const std::lock_guard lock(mutex_);
    read_at_ = Time();
  }

 private:
  using Time = std::chrono::steady_clock::time_point;
  static std::string Trim(const std::string& text) {
    const size_t end = text.find_last_not_of(" \r\n\t");
    return end == std::string::npos ? std::string() : text.substr(0, end + 1);
  }

  std::mutex mutex_;
  const std::string file_;
  std::string token_;
  Time read_at_;
};

const http::method& ToMethod(HttpMethod method) {
  switch (method) {
    case HttpMethod::kGet:
      return http::methods::GET;
    case HttpMethod::kPost:
      return http::methods::POST;
    case HttpMethod::kPut:
      return http::methods::PUT;
    case HttpMethod::kPatch:
      return http::methods::PATCH;
    case HttpMethod::kDelete:
      return http::methods::DEL;
  }
  return http::methods::GET;
}

class CpprestTransport final : public HttpTransport {
 public:
  CpprestTransport(const ClusterConfig& config, const TransportOptions& options)
      : options_(options),
        server_(config.server),
        token_(config),
        client_(config.server, ClientConfig(config, options.timeout)),
        watch_client_(config.server, ClientConfig(config, kWatchIdleTimeout)) {}

  Result<HttpResponse> Send(const HttpRequest& request) override {
    return Guard(request, [&]() -> Result<HttpResponse> {
      return ReadAll(client_.request(ToNative(request)).get());
    });
  }

  Result<HttpResponse> Stream(const HttpRequest& request, const DataHandler& on_data,
                              std::stop_token stop) override {
    // Cancelling the token is what closes the connection, also when the handler has had enough.
    pplx::cancellation_token_source cancel;
    const std::stop_callback on_stop(stop, [&cancel] { cancel.cancel(); });
    auto result = Guard(request, [&]() -> Result<HttpResponse> {
      http::http_response response =
          watch_client_.request(ToNative(request), cancel.get_token()).get();
      if (response.status_code() != http::status_codes::OK) return ReadAll(std::move(response));
      HttpResponse answer{.status = 200};
      Pump(response, on_data);
      return answer;
    });
    cancel.cancel();
    return result;
  }

 private:
  static http_client_config ClientConfig(const ClusterConfig& config,
                                         std::chrono::milliseconds timeout) {
    http_client_config native;
    native.set_timeout(timeout);
    native.set_validate_certificates(!config.insecure_skip_tls_verify);
    native.set_ssl_context_callback(
        [config](boost::asio::ssl::context& context) { ConfigureTls(config, context); });
    return native;
  }

  http::http_request ToNative(const HttpRequest& request) {
    http::http_request native(ToMethod(request.method));
    native.set_request_uri(web::uri(request.Target()));
    native.headers().add("Accept", request.accept);
    native.headers().add("User-Agent", options_.user_agent);
    const std::string token = token_.Get();
    if (!token.empty()) native.headers().add("Authorization", "Bearer " + token);
    if (!request.body.empty()) native.set_body(request.body, request.content_type);
    return native;
  }

  static Result<HttpResponse> ReadAll(http::http_response response) {
    HttpResponse answer{.status = response.status_code()};
    std::string retry_after;
    if (response.headers().match("Retry-After", retry_after)) {
      std::from_chars(retry_after.data(), retry_after.data() + retry_after.size(),
                      answer.retry_after_s);
    }
    const auto bytes = response.extract_vector().get();
    answer.body.assign(bytes.begin(), bytes.end());
    return answer;
  }

  // One byte is awaited, then whatever has come with it is taken without waiting.
  static void Pump(const http::http_response& response, const DataHandler& on_data) {
    auto buffer = response.body().streambuf();
    std::vector<uint8_t> chunk(kWatchReadBytes);
    for (;;) {
      const auto first = buffer.bumpc().get();
      if (first == concurrency::streams::char_traits<uint8_t>::eof()) return;
      chunk[0] = static_cast<uint8_t>(first);
      size_t count = 1;
      const size_t ready = std::min(buffer.in_avail(), chunk.size() - 1);
      if (ready > 0) count += buffer.getn(chunk.data() + 1, ready).get();
      if (!on_data({reinterpret_cast<const char*>(chunk.data()), count})) return;
    }
  }

  // The library's exceptions end here. Its texts do not tell a timeout from a reset, so the
  // request is named.
  template <typename Action>
  Result<HttpResponse> Guard(const HttpRequest& request, Action action) {
    Result<HttpResponse> result = Run(request, action);
    const int code = result.ok() ? result->status : 0;
    if (code == 401) token_.Forget();
    if (options_.on_answer) options_.on_answer(request.method, code);
    return result;
  }

  template <typename Action>
  Result<HttpResponse> Run(const HttpRequest& request, Action action) {
    try {
      return action();
    } catch (const pplx::task_canceled&) {
      return Unavailable(request, "cancelled");
    } catch (const std::exception& error) {
      return Unavailable(request, error.what());
    }
  }

  Status Unavailable(const HttpRequest& request, const std::string& why) const {
    return Status(Code::kUnavailable, std::string(MethodName(request.method)) + " " + server_ +
                                          request.path + ": " + why);
  }

  const TransportOptions options_;
  const std::string server_;
  TokenSource token_;
  http_client client_;
  http_client watch_client_;
};

}  // namespace

Result<std::unique_ptr<HttpTransport>> MakeCpprestTransport(const ClusterConfig& config,
                                                            const TransportOptions& options) {
  if (options.leave_system_certificates && !config.ca_pem.empty()) {
    static std::once_flag once;
    std::call_once(once, [] { ::setenv("SSL_CERT_FILE", "/dev/null", 1); });
  }
  SizeThreadPoolOnce();
  try {
    return std::unique_ptr<HttpTransport>(std::make_unique<CpprestTransport>(config, options));
  } catch (const std::exception& error) {
    return Status(Code::kInvalid, "API server " + config.server + ": " + error.what());
  }
}

}  // namespace rha::k8s
