// The secrets that lie in files and may be replaced while the server runs: its password and the
// peers' keys. What was replaced counts for kReplacedSecretTime more, unless a password is set by
// hand. Thread rule: the loop's thread.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "common/base/clock.h"
#include "common/env/watched_file.h"
#include "common/trust/peer_proof.h"
#include "common/trust/secret.h"
#include "node/app/config.h"

namespace rha::node::app {

// The file's first line, as requirepass; masterauth is the same unless it was given.
Status ReadPasswordFile(Config* config);

class Secrets {
 public:
  explicit Secrets(const Config& config);

  // Before anything else: an error is one line for the user. Not without a key file.
  Status ReadKeys(MonoTime now);

  // Now and then. True: something of the following is another.
  bool Look(MonoTime now);
  // CONFIG SET may name it: where a file says the password, only that one.
  Status MaySetPassword(const std::string& password) const;
  // From now on it alone counts.
  void SetPassword(const std::string& password);

  const std::string& password() const { return passwords_.all().front(); }
  std::vector<std::string> replaced_passwords() const;
  trust::PeerKeys keys() const { return trust::PeerKeys::Join(keys_.all()); }

 private:
  env::WatchedFile password_file_, key_file_;
  trust::SecretTexts passwords_, keys_;
  MonoTime look_at_{};
};

}  // namespace rha::node::app
