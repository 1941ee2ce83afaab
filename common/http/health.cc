#include "common/http/health.h"

#include <utility>

namespace rha::http {

Handler HealthHandler(std::function<Health()> check) {
  return [check = std::move(check)](const Request&) {
    const Health health = check();
    if (health.failing.empty()) {
      return Response{.body = (health.summary.empty() ? "ok" : "ok: " + health.summary) + "\n"};
    }
    Response response{.status = 503};
    for (const std::string& reason : health.failing) response.body += "not ok: " + reason + "\n";
    return response;
  };
}

}  // namespace rha::http
