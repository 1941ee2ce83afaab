// The seam between the pure client and the network: requests and responses as values, and the one
// interface a transport implements (cpprest_http.h for real, a fake in tests).
#pragma once

#include <functional>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/base/status.h"

namespace rha::k8s {

enum class HttpMethod { kGet, kPost, kPut, kPatch, kDelete };
const char* MethodName(HttpMethod method);

struct HttpRequest {
  HttpMethod method = HttpMethod::kGet;
  std::string path;
  std::vector<std::pair<std::string, std::string>> query;
  std::string content_type;  // empty when there is no body
  std::string body;
  std::string accept = "application/json";

  // Path and percent-encoded query, as the request line has it.
  std::string Target() const;
};

struct HttpResponse {
  int status = 0;
  int retry_after_s = 0;  // 0: the server did not say
  std::string body;
};

// Any thread may call, several at once; a call blocks its thread until it has ended.
class HttpTransport {
 public:
  virtual ~HttpTransport() = default;

  // An error means that no complete answer came; an HTTP error code is a response.
  virtual Result<HttpResponse> Send(const HttpRequest& request) = 0;

  // Hands the body of a 200 to `on_data` piece by piece until the server ends it, `on_data` returns
  // false or `stop` is requested; then body is empty. Another code comes back as in Send.
  using DataHandler = std::function<bool(std::string_view)>;
  virtual Result<HttpResponse> Stream(const HttpRequest& request, const DataHandler& on_data,
                                      std::stop_token stop) = 0;
};

}  // namespace rha::k8s
