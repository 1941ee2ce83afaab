#include "sidecar/shell/trust.h"

#include <utility>

#include "common/trust/secret.h"
#include "sidecar/shell/options.h"

namespace rha::sidecar::shell {
namespace {

Status OpenIfNamed(const char* directive, const std::string& path, env::WatchedFile::Check check,
                   MonoTime now, std::optional<SecretFile>* file) {
  if (path.empty()) return Status::Ok();
  RHA_ASSIGN_OR_RETURN(*file, SecretFile::Open(directive, path, std::move(check), now));
  return Status::Ok();
}

}  // namespace

Result<Trust> Trust::Make(const Options& options, MonoTime now) {
  Trust made;
  made.self_ = {options.cluster_uid, options.self};
  if (net::IsNumericIp(options.announce_ip())) {
    made.announced_address_ =
        net::Plain({options.announce_ip(), options.announce_port()}).ToString();
  }
  made.password_ = options.password;
  RHA_RETURN_IF_ERROR(OpenIfNamed("requirepass-file", options.password_file,
                                  trust::CheckPasswordText, now, &made.password_file_));
  RHA_RETURN_IF_ERROR(OpenIfNamed("redisha-admin-password-file", options.admin_password_file,
                                  trust::CheckPasswordText, now, &made.admin_file_));
  RHA_RETURN_IF_ERROR(OpenIfNamed("redisha-peer-key-file", options.peer_key_file,
                                  trust::PeerKeys::Check, now, &made.key_file_));
  return made;
}

std::string Trust::OwnPassword(MonoTime now) {
  return password_file_ ? OwnPasswords(now).front() : password_;
}

std::vector<std::string> Trust::OwnPasswords(MonoTime now) {
  std::vector<std::string> passwords;
  for (const std::string& text : password_file_->Texts(now)) {
    passwords.push_back(trust::FirstLine(text));
  }
  return passwords;
}

trust::PeerKeys Trust::Keys(MonoTime now) { return trust::PeerKeys::Join(key_file_->Texts(now)); }

std::optional<net::LinkProof> Trust::ProofFor(const std::string& member, MonoTime now) {
  if (!is_member()) return std::nullopt;
  return net::LinkProof{.self = self_, .expected = member, .keys = Keys(now)};
}

std::string Trust::MemberId(const std::string& name) const {
  return shell::MemberId(self_.uid, name);
}

}  // namespace rha::sidecar::shell
