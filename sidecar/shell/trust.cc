#include "sidecar/shell/trust.h"

#include <openssl/crypto.h>

#include <set>
#include <sstream>
#include <utility>

#include "common/base/log.h"
#include "sidecar/shell/options.h"

namespace rha::sidecar::shell {
namespace {

Status OpenIfNamed(const char* directive, const std::string& path, MonoTime now,
                   std::optional<SecretFile>* file) {
  if (path.empty()) return Status::Ok();
  auto opened = SecretFile::Open(path, now);
  if (!opened.ok()) return std::move(opened).status().Context(directive);
  *file = std::move(*opened);
  return Status::Ok();
}

// The new keys, then those that were there before, as far as there is room.
std::string JoinKeys(const std::vector<std::string>& texts) {
  std::set<std::string> seen;
  std::string joined;
  for (const std::string& text : texts) {
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) {
      if (line.empty() || seen.size() >= trust::kKeysMax || !seen.insert(line).second) continue;
      joined += line + "\n";
    }
  }
  return joined;
}

}  // namespace

Result<Trust> Trust::Make(const Options& options, MonoTime now) {
  Trust made;
  made.self_ = {options.cluster_uid, options.self};
  if (net::IsNumericIp(options.announce_ip)) {
    made.announced_address_ = net::Plain({options.announce_ip, options.announce_port}).ToString();
  }
  made.classic_ = !options.configured();
  made.password_ = options.password;
  RHA_RETURN_IF_ERROR(
      OpenIfNamed("requirepass-file", options.password_file, now, &made.password_file_));
  RHA_RETURN_IF_ERROR(OpenIfNamed("redisha-admin-password-file", options.admin_password_file, now,
                                  &made.admin_file_));
  RHA_RETURN_IF_ERROR(
      OpenIfNamed("redisha-peer-key-file", options.peer_key_file, now, &made.key_file_));
  if (!made.key_file_) return made;
  auto keys = trust::PeerKeys::Parse(made.key_file_->Texts(now).front());
  if (!keys.ok()) return std::move(keys).status().Context(options.peer_key_file);
  made.last_keys_ = std::move(*keys);
  return made;
}

std::string Trust::OwnPassword(MonoTime now) {
  if (!password_file_) return password_;
  const std::string& text = password_file_->Texts(now).front();
  return text.substr(0, text.find_first_of("\r\n"));
}

Rights Trust::AtFirst() const {
  if (has_password()) return Rights::kNothing;
  return classic_ ? Rights::kEverything : Rights::kApplications;
}

Rights Trust::Authenticate(std::string_view user, std::string_view password, MonoTime now) {
  if (user == "admin" && admin_file_) {
    return admin_file_->HasWord(password, now) ? Rights::kEverything : Rights::kNothing;
  }
  if (user != "default") return Rights::kNothing;
  const bool right = !has_password() ||
                     (password_file_ && password_file_->HasWord(password, now)) ||
                     (!password_.empty() && password_.size() == password.size() &&
                      CRYPTO_memcmp(password_.data(), password.data(), password.size()) == 0);
  if (!right) return Rights::kNothing;
  return classic_ ? Rights::kEverything : Rights::kApplications;
}

trust::PeerKeys Trust::Keys(MonoTime now) {
  std::string text = JoinKeys(key_file_->Texts(now));
  if (text == keys_text_) return last_keys_;
  keys_text_ = std::move(text);
  auto keys = trust::PeerKeys::Parse(keys_text_);
  if (keys.ok()) {
    last_keys_ = std::move(*keys);
  } else {
    log::Warn("the peer keys are not taken over: {}", keys.status().message());
  }
  return last_keys_;
}

std::optional<net::LinkProof> Trust::ProofFor(const std::string& member, MonoTime now) {
  if (!is_member()) return std::nullopt;
  return net::LinkProof{.self = self_, .expected = member, .keys = Keys(now)};
}

std::string Trust::MemberId(const std::string& name) const {
  return shell::MemberId(self_.uid, name);
}

}  // namespace rha::sidecar::shell
