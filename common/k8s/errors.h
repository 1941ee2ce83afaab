// What the API server says when it refuses: its Status object as a value, and as our Status.
//
// Pure; any thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/base/status.h"
#include "common/k8s/http.h"
#include "common/k8s/json.h"

namespace rha::k8s {

struct ApiError {
  struct Cause {
    std::string field;
    std::string message;
  };

  int code = 0;        // the HTTP code, or the code inside an ERROR event of a watch
  std::string reason;  // "NotFound", "AlreadyExists", "Conflict", "Expired", "Forbidden", …
  std::string message;
  std::vector<Cause> causes;
  int retry_after_s = 0;  // 0: the server did not say

  // The resource version is no longer kept: only a new list helps.
  bool IsExpired() const { return code == 410 || reason == "Expired" || reason == "Gone"; }
};

// From an HTTP answer that is not a success. A body that is no Status object is quoted instead.
ApiError ParseApiError(const HttpResponse& response);
// From the Status object of an ERROR event.
ApiError ParseStatusObject(const Json& status);

// Maps to our codes: 400/422 kInvalid, 401/403 kDenied, 404 kNotFound, 409 kExists or kConflict,
// 410 kConflict, 405/406/415 kUnsupported, 413 kExhausted, anything else (429, 5xx) kUnavailable.
Status ToStatus(const ApiError& error);

}  // namespace rha::k8s
