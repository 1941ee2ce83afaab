#include "common/trust/secret.h"

#include <openssl/crypto.h>

#include <algorithm>
#include <utility>

namespace rha::trust {

bool SameSecret(std::string_view given, std::string_view wanted) {
  const bool same_size = given.size() == wanted.size();
  const std::string_view against = same_size ? wanted : given;
  return (CRYPTO_memcmp(given.data(), against.data(), given.size()) == 0) & same_size;
}

std::string FirstLine(std::string_view text) {
  return std::string(text.substr(0, text.find_first_of("\r\n")));
}

Status CheckPasswordText(std::string_view text) {
  if (!FirstLine(text).empty()) return {};
  return Status(Code::kInvalid, "the first line is empty: that is where the password belongs");
}

void SecretTexts::Replace(std::string text, MonoTime replaced_until) {
  if (!texts_.empty()) {
    if (texts_.front() == text) return;
    until_.insert(until_.begin(), replaced_until);
  }
  // One that comes back is not replaced any more.
  const auto before = std::find(texts_.begin(), texts_.end(), text);
  if (before != texts_.end()) {
    until_.erase(until_.begin() + (before - texts_.begin()));
    texts_.erase(before);
  }
  texts_.insert(texts_.begin(), std::move(text));
  if (texts_.size() <= kTextsMax) return;
  texts_.pop_back();
  until_.pop_back();
}

void SecretTexts::ForgetReplaced() {
  if (!texts_.empty()) texts_.resize(1);
  until_.clear();
}

bool SecretTexts::Expire(MonoTime now) {
  const size_t before = until_.size();
  for (size_t i = until_.size(); i-- > 0;) {
    if (now < until_[i]) continue;
    until_.erase(until_.begin() + static_cast<ptrdiff_t>(i));
    texts_.erase(texts_.begin() + static_cast<ptrdiff_t>(i) + 1);
  }
  return until_.size() != before;
}

}  // namespace rha::trust
