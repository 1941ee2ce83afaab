// Who may do what beyond the ordinary: the one user there is, and what is kept for connections from
// this machine.
// Thread rule: the engine's thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "node/dispatch/session.h"

namespace rha::node::dispatch {

// The values of enable-debug-command and enable-protected-configs.
enum class OpenTo : uint8_t { kNobody, kLocal, kEverybody };

inline bool Admits(OpenTo who, const Session& session) {
  return who == OpenTo::kEverybody || (who == OpenTo::kLocal && session.local);
}

// The user `default`. At most one of the first two is set; neither: no password is asked for.
struct DefaultUser {
  std::string password;         // requirepass
  std::string password_sha256;  // lower-case hex; all that a file of Redis may say of it
  std::vector<std::string> replaced_passwords;  // still accepted for a while

  bool needs_password() const { return !password.empty() || !password_sha256.empty(); }
  // In a time that does not tell where the first difference is.
  bool HasPassword(std::string_view given) const;
};

}  // namespace rha::node::dispatch
