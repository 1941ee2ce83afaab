#include "common/k8s/errors.h"

#include <nlohmann/json.hpp>

#include "common/k8s/limits.h"

namespace rha::k8s {
namespace {

Code CodeOf(const ApiError& error) {
  switch (error.code) {
    case 400:
    case 422:
      return Code::kInvalid;
    case 401:
    case 403:
      return Code::kDenied;
    case 404:
      return Code::kNotFound;
    case 405:
    case 406:
    case 415:
      return Code::kUnsupported;
    case 409:
      return error.reason == "AlreadyExists" ? Code::kExists : Code::kConflict;
    case 410:
      return Code::kConflict;
    case 413:
      return Code::kExhausted;
    default:
      return Code::kUnavailable;
  }
}

}  // namespace

ApiError ParseStatusObject(const Json& status) {
  ApiError error;
  error.code = static_cast<int>(IntAt(status, "code"));
  error.reason = StringAt(status, "reason");
  error.message = StringAt(status, "message");
  error.retry_after_s = static_cast<int>(IntAt(status, "details.retryAfterSeconds"));
  const Json* causes = Find(status, "details.causes");
  if (causes != nullptr && causes->is_array()) {
    for (const Json& cause : *causes) {
      error.causes.push_back({StringAt(cause, "field"), StringAt(cause, "message")});
    }
  }
  return error;
}

ApiError ParseApiError(const HttpResponse& response) {
  ApiError error;
  auto body = ParseJson(response.body);
  if (body.ok() && StringAt(*body, "kind") == "Status") {
    error = ParseStatusObject(*body);
  } else {
    error.message = response.body.substr(0, kErrorTextBytesMax);
  }
  error.code = response.status;
  if (error.retry_after_s == 0) error.retry_after_s = response.retry_after_s;
  return error;
}

Status ToStatus(const ApiError& error) {
  std::string text = error.message.empty() ? "no message" : error.message;
  text += " (HTTP " + std::to_string(error.code);
  if (!error.reason.empty()) text += ", " + error.reason;
  return Status(CodeOf(error), text + ")");
}

}  // namespace rha::k8s
