// Who this sidecar is, whom it believes, and what each session of its port may do.
//
//   nothing       before AUTH, where a password is set: AUTH, HELLO, REDISHA, RESET, QUIT
//   applications  ask for the primary, subscribe, look
//   everything    change something, or end the process: an administrator (AUTH admin ...), a
//                 member of the RedisHA that proved itself, and in a classic group everybody who
//                 may do anything, as in Redis
//
// Secrets are read from files that may be replaced at any time (secret_file.h).
// Thread rule: the loop's.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "common/base/status.h"
#include "common/net/link.h"
#include "common/trust/peer_proof.h"
#include "sidecar/shell/secret_file.h"

namespace rha::sidecar::shell {

struct Options;

enum class Rights : uint8_t { kNothing, kApplications, kEverything };

class Trust {
 public:
  // Reads the files that the options name.
  static Result<Trust> Make(const Options& options, MonoTime now);

  // ---- our own port
  // What a session may do that has not said anything.
  Rights AtFirst() const;
  // What these give; kNothing: they are wrong.
  Rights Authenticate(std::string_view user, std::string_view password, MonoTime now);
  // The newest, where there is one: of a classic group's sentinels all have the same.
  std::string OwnPassword(MonoTime now);
  bool has_password() const { return password_file_.has_value() || !password_.empty(); }

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
  bool classic_ = true;
  std::string password_;  // from the configuration
  std::optional<SecretFile> password_file_, admin_file_, key_file_;
};

}  // namespace rha::sidecar::shell
