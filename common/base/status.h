// Operating errors as values: Status (worked or an error) and Result<T> (a value or an error).
//
// An error says what was being attempted and why it failed ("open /data/dump.rdb: permission
// denied"), so that the text can go to a user unchanged. Callers branch on the code, never on the
// text. Broken invariants are not errors: see check.h.
#pragma once

#include <cerrno>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "common/base/check.h"

namespace rha {

enum class Code {
  kOk,
  kInvalid,  // the caller's input is wrong; trying again is useless
  kNotFound,
  kExists,
  kConflict,     // someone else changed it first: read again and retry
  kDenied,       // credentials missing or not sufficient
  kUnavailable,  // peer or resource unreachable for now: retry later
  kExhausted,    // a limit was reached (memory, disk, descriptors, queue)
  kCorrupt,      // stored bytes are not what they claim to be
  kIo,           // the operating system refused
  kUnsupported,
  kInternal,
};

const char* CodeName(Code code);

class [[nodiscard]] Status {
 public:
  Status() = default;
  Status(Code code, std::string message) : code_(code), message_(std::move(message)) {
    RHA_CHECK(code != Code::kOk);
  }
  static Status Ok() { return {}; }

  bool ok() const { return code_ == Code::kOk; }
  explicit operator bool() const { return ok(); }
  Code code() const { return code_; }
  const std::string& message() const { return message_; }

  // "load /data/dump.rdb: <message>"; a success stays one.
  Status Context(std::string_view what) &&;

 private:
  Code code_ = Code::kOk;
  std::string message_;
};

// kIo with the attempted action and strerror(error_number); ENOSPC, EMFILE and the like become
// kExhausted.
Status ErrnoStatus(std::string_view what, int error_number = errno);

template <typename T>
class [[nodiscard]] Result {
 public:
  Result(T value)
      : state_(std::in_place_index<0>, std::move(value)) {}  // NOLINT: implicit on purpose
  Result(Status error) : state_(std::in_place_index<1>, std::move(error)) {  // NOLINT
    RHA_CHECK(!std::get<1>(state_).ok());
  }

  bool ok() const { return state_.index() == 0; }
  explicit operator bool() const { return ok(); }

  T& value() & {
    RHA_CHECK(ok());
    return std::get<0>(state_);
  }
  const T& value() const& {
    RHA_CHECK(ok());
    return std::get<0>(state_);
  }
  T&& value() && {
    RHA_CHECK(ok());
    return std::get<0>(std::move(state_));
  }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T&& operator*() && { return std::move(*this).value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }

  // The error, or Ok.
  Status status() const { return ok() ? Status() : std::get<1>(state_); }
  T value_or(T fallback) const { return ok() ? std::get<0>(state_) : std::move(fallback); }

 private:
  std::variant<T, Status> state_;
};

}  // namespace rha

// Leaves the function with the error of `expr`, if it has one.
#define RHA_RETURN_IF_ERROR(expr)                                         \
  do {                                                                    \
    if (auto rha_status_ = (expr); !rha_status_.ok()) return rha_status_; \
  } while (0)

// RHA_ASSIGN_OR_RETURN(auto file, OpenFile(path));
#define RHA_ASSIGN_OR_RETURN(lhs, expr) \
  RHA_ASSIGN_OR_RETURN_(RHA_JOIN_(rha_result_, __LINE__), lhs, expr)
#define RHA_ASSIGN_OR_RETURN_(tmp, lhs, expr) \
  auto tmp = (expr);                          \
  if (!tmp.ok()) return tmp.status();         \
  lhs = std::move(tmp).value()
#define RHA_JOIN_(a, b) RHA_JOIN2_(a, b)
#define RHA_JOIN2_(a, b) a##b
