// Secrets that are compared, and that are replaced while we run. Pure; one owner each.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/clock.h"
#include "common/base/status.h"

namespace rha::trust {

// In a time that tells neither how far `given` is right nor how long `wanted` is.
bool SameSecret(std::string_view given, std::string_view wanted);

// A password file's password: its first line, which must not be empty.
std::string FirstLine(std::string_view text);
Status CheckPasswordText(std::string_view text);

// The texts of a secret that count: the one in force, and for a while those that it has replaced:
// nobody is locked out while the new one makes its way to all who use it.
class SecretTexts {
 public:
  static constexpr size_t kTextsMax = 4;

  // What was in force until now counts until then. Beyond kTextsMax the oldest text goes at once.
  void Replace(std::string text, MonoTime replaced_until);
  // What was replaced counts no more.
  void ForgetReplaced();
  // As above for those whose time has come. True: there was one.
  bool Expire(MonoTime now);

  // The one in force first, then those it has replaced, the latest first.
  const std::vector<std::string>& all() const { return texts_; }

 private:
  std::vector<std::string> texts_;
  std::vector<MonoTime> until_;  // of each but the first
};

}  // namespace rha::trust
