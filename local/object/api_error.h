// What the API answers when it refuses: HTTP code, reason and message as Kubernetes words them,
// and Answer<T>, a value or such a refusal. The body sent is a metav1.Status (StatusObject).
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "common/base/check.h"

namespace rha::local::object {

// One rejected field of an object.
struct Cause {
  std::string reason;  // "FieldValueInvalid", "FieldValueRequired", …
  std::string message;
  std::string field;
};

struct ApiError {
  int code = 500;
  std::string reason = "InternalError";
  std::string message;
  nlohmann::json details = nullptr;

  nlohmann::json StatusObject() const;
};

// What an error is about, for its words and details.
struct Subject {
  std::string group, resource, kind, name;
  std::string Qualified() const { return group.empty() ? resource : resource + "." + group; }
};

ApiError BadRequest(std::string message);
ApiError NotFound(const Subject& subject);
ApiError AlreadyExists(const Subject& subject);
ApiError Conflict(const Subject& subject, const std::string& why);
ApiError Invalid(const Subject& subject, const std::vector<Cause>& causes);
ApiError Forbidden(const Subject& subject, const std::string& why);
ApiError Gone(std::string message);
ApiError MethodNotAllowed(std::string message =
                              "the server does not allow this method on the "
                              "requested resource");
ApiError UnknownPath();
ApiError UnsupportedMedia(const std::string& type);
ApiError Internal(std::string message);

template <typename T>
class [[nodiscard]] Answer {
 public:
  Answer(T value) : state_(std::in_place_index<0>, std::move(value)) {}         // NOLINT: implicit
  Answer(ApiError error) : state_(std::in_place_index<1>, std::move(error)) {}  // NOLINT

  bool ok() const { return state_.index() == 0; }
  T& operator*() & { return std::get<0>(state_); }
  const T& operator*() const& { return std::get<0>(state_); }
  T&& operator*() && { return std::get<0>(std::move(state_)); }
  T* operator->() { return &std::get<0>(state_); }
  const ApiError& error() const { return std::get<1>(state_); }

 private:
  std::variant<T, ApiError> state_;
};

using Refusal = std::optional<ApiError>;  // of operations that yield nothing else

}  // namespace rha::local::object

// Leaves the function with the refusal of `expr`, if it is one.
#define LOCAL_ASSIGN_OR_REFUSE(lhs, expr) \
  LOCAL_ASSIGN_OR_REFUSE_(RHA_JOIN_(local_answer_, __LINE__), lhs, expr)
#define LOCAL_ASSIGN_OR_REFUSE_(tmp, lhs, expr) \
  auto tmp = (expr);                            \
  if (!tmp.ok()) return tmp.error();            \
  lhs = *std::move(tmp)
#define LOCAL_REFUSE_IF(expr)                                 \
  do {                                                        \
    if (auto local_refusal_ = (expr)) return *local_refusal_; \
  } while (0)
