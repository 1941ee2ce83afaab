#include "node/app/secrets.h"

#include <utility>

#include "common/base/log.h"
#include "node/app/limits.h"

namespace rha::node::app {
namespace {

env::WatchedFile PasswordFile(const std::string& path) {
  return {"requirepass-file", path, kSecretFileBytesMax, trust::CheckPasswordText};
}

void LogReplaced(const std::string& path) {
  log::Info("{} has changed; what it held before counts for {} s more", path,
            kReplacedSecretTime.count() / 1000);
}

}  // namespace

Status ReadPasswordFile(Config* config) {
  if (config->password_file.empty()) return {};
  RHA_ASSIGN_OR_RETURN(const std::string text, PasswordFile(config->password_file).Read());
  config->password = trust::FirstLine(text);
  if (config->primary_auth.empty()) config->primary_auth = config->password;
  return {};
}

Secrets::Secrets(const Config& config)
    : password_file_(PasswordFile(config.password_file)),
      key_file_("redisha-peer-key-file", config.peer_key_file, kSecretFileBytesMax,
                trust::PeerKeys::Check) {
  passwords_.Replace(config.password, {});
}

Status Secrets::ReadKeys(MonoTime now) {
  RHA_ASSIGN_OR_RETURN(std::string text, key_file_.Read());
  keys_.Replace(std::move(text), now);
  return {};
}

bool Secrets::Look(MonoTime now) {
  bool changed = passwords_.Expire(now);
  changed |= keys_.Expire(now);
  if (now < look_at_) return changed;
  look_at_ = now + kSecretLookInterval;
  if (const auto text = password_file_.Changed()) {
    std::string given = trust::FirstLine(*text);
    if (given != password()) {
      LogReplaced(password_file_.path());
      passwords_.Replace(std::move(given), now + kReplacedSecretTime);
      changed = true;
    }
  }
  if (auto text = key_file_.Changed()) {
    LogReplaced(key_file_.path());
    keys_.Replace(*std::move(text), now + kReplacedSecretTime);
    changed = true;
  }
  return changed;
}

Status Secrets::MaySetPassword(const std::string& wanted) const {
  if (password_file_.path().empty() || wanted == password()) return {};
  return Status(Code::kConflict, "the password is what requirepass-file says: write it to " +
                                     password_file_.path() +
                                     ". What it holds already may be set, so that no former "
                                     "password counts any more");
}

void Secrets::SetPassword(const std::string& password) {
  passwords_.Replace(password, {});
  passwords_.ForgetReplaced();
}

std::vector<std::string> Secrets::replaced_passwords() const {
  return {passwords_.all().begin() + 1, passwords_.all().end()};
}

}  // namespace rha::node::app
