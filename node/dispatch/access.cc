#include "node/dispatch/access.h"

#include "common/trust/secret.h"
#include "common/trust/sha256.h"

namespace rha::node::dispatch {

bool DefaultUser::HasPassword(std::string_view given) const {
  bool found = false;
  for (const std::string& replaced : replaced_passwords) {
    found |= trust::SameSecret(given, replaced);
  }
  if (!password_sha256.empty()) {
    return found | trust::SameSecret(trust::Sha256Hex(given), password_sha256);
  }
  return found | trust::SameSecret(given, password);
}

}  // namespace rha::node::dispatch
