// An HttpTransport for tests: answers from a script or a function, and records what was asked.
#pragma once

#include <deque>
#include <functional>
#include <string>
#include <vector>

#include "common/k8s/http.h"

namespace rha::k8s {

class FakeTransport final : public HttpTransport {
 public:
  using Handler = std::function<Result<HttpResponse>(const HttpRequest&)>;

  FakeTransport() = default;
  explicit FakeTransport(Handler handler) : handler_(std::move(handler)) {}

  void Answer(int status, std::string body) { script_.push_back({status, 0, std::move(body)}); }

  Result<HttpResponse> Send(const HttpRequest& request) override {
    requests.push_back(request);
    if (handler_) return handler_(request);
    if (script_.empty()) return Status(Code::kUnavailable, "nothing scripted");
    HttpResponse response = std::move(script_.front());
    script_.pop_front();
    return response;
  }

  Result<HttpResponse> Stream(const HttpRequest& request, const DataHandler& on_data,
                              std::stop_token) override {
    auto response = Send(request);
    if (response.ok() && response->status == 200) {
      on_data(response->body);
      response->body.clear();
    }
    return response;
  }

  std::vector<HttpRequest> requests;

 private:
  Handler handler_;
  std::deque<HttpResponse> script_;
};

}  // namespace rha::k8s
