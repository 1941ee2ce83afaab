// Who this sidecar is, and whom it believes: its secrets, and proofs between members. Who a session
// of its port is, and what it may do, is in access.h.
//
// Secrets are read from files that may be replaced at any time (secret_file.h).
// Thread rule: the loop's.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/status.h"
#include "common/net/link.h"
#include "common/trust/peer_proof.h"
#include "sidecar/shell/secret_file.h"

namespace rha::sidecar::shell {

struct Options;

// Of a session of the port (access.h).
enum class Rights : uint8_t { kNothing, kApplications, kEverything };

// Who has the password of redisha-admin-password-file.
inline constexpr char kAdministrator[] = "admin";

class Trust {
 public:
  // Reads the files that the options name.
  static Result<Trust> Make(const Options& options, MonoTime now);

  // ---- secrets
  // Of requirepass or requirepass-file, the newest; empty: none. In a classic group it opens the
  // other sentinels' ports too.
  std::string OwnPassword(MonoTime now);
  // Its file may be replaced: then several count for a while, the newest first.
  bool password_may_change() const { return password_file_.has_value(); }
  std::vector<std::string> OwnPasswords(MonoTime now);
  bool has_administrator() const { return admin_file_.has_value(); }
  bool IsAdministrators(std::string_view password, MonoTime now) {
    return admin_file_ && admin_file_->HasWord(password, now);
  }

  // ---- proofs
  bool is_member() const { return key_file_.has_value(); }
  trust::PeerKeys Keys(MonoTime now);
  // For a connection that reached our port at this address.
  trust::Responder NewResponder(const std::string& reached_at) const {
    return {self_, {reached_at, announced_address_}, trust::NewNonce()};
  }
  // For a link to the member of that name. Nothing: this sidecar belongs to no RedisHA.
  std::optional<net::LinkProof> ProofFor(const std::string& member, MonoTime now);
  // The id of the member of that name.
  std::string MemberId(const std::string& name) const;

 private:
  trust::Identity self_;
  // announce-ip and -port, by which members may have dialled us too. Empty: none, or a host name,
  // which anybody's answer of DNS could be.
  std::string announced_address_;
  std::string password_;  // from the configuration
  std::optional<SecretFile> password_file_, admin_file_, key_file_;
};

}  // namespace rha::sidecar::shell
