#include "node/dispatch/access.h"

#include "common/trust/sha256.h"

namespace rha::node::dispatch {
namespace {

bool Same(std::string_view given, std::string_view wanted) {
  unsigned char difference = given.size() != wanted.size();
  for (size_t i = 0; i < given.size(); ++i) {
    const char other = wanted.empty() ? '\0' : wanted[i % wanted.size()];
    difference |= static_cast<unsigned char>(given[i] ^ other);
  }
  return difference == 0;
}

}  // namespace

bool DefaultUser::HasPassword(std::string_view given) const {
  if (!replaced_password.empty() && Same(given, replaced_password)) return true;
  if (!password_sha256.empty()) return Same(trust::Sha256Hex(given), password_sha256);
  return Same(given, password);
}

}  // namespace rha::node::dispatch
