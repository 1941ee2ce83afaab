#include "node/app/default_user.h"

#include <optional>
#include <string>
#include <utility>

#include "common/base/hex.h"
#include "common/trust/sha256.h"
#include "node/dispatch/table.h"

namespace rha::node::app {
namespace {

Status Invalid(std::string message) { return Status(Code::kInvalid, std::move(message)); }

Status NotSupported(std::string what) {
  return Invalid(std::move(what) +
                 " cannot be honoured: this server has one user, 'default', who may do everything. "
                 "Take the line out, protect the server with requirepass and, where commands must "
                 "not be called, rename-command");
}

// What the rules add up to.
struct User {
  bool on = false, nopass = false, all_keys = false, all_channels = false, all_commands = false;
  std::string sha256;  // of its password
};

// In Redis a later rule adds to an earlier one; with those that are honoured here no order matters.
Status Apply(const std::string& rule, User* user) {
  const auto is = [&](std::string_view word) { return dispatch::EqualsIgnoreCase(rule, word); };
  const bool another_password = !user->sha256.empty();
  if (is("on")) {
    user->on = true;
  } else if (is("nopass")) {
    user->nopass = true;
  } else if (is("~*") || is("allkeys")) {
    user->all_keys = true;
  } else if (is("&*") || is("allchannels")) {
    user->all_channels = true;
  } else if (is("+@all") || is("allcommands")) {
    user->all_commands = true;
  } else if (is("sanitize-payload") || is("skip-sanitize-payload")) {
    // Everything that is loaded is checked here.
  } else if (rule.starts_with('>') && rule.size() > 1 && !another_password) {
    user->sha256 = trust::Sha256Hex(rule.substr(1));
  } else if (rule.starts_with('#') && IsHex(rule.substr(1), trust::kSha256Digits) &&
             !another_password) {
    user->sha256 = rule.substr(1);
  } else {
    const bool secret = rule.starts_with('>') || rule.starts_with('#');
    return NotSupported(secret ? "a second or malformed password of a user"
                               : "the rule '" + rule + "' of a user");
  }
  return {};
}

}  // namespace

Status SetDefaultUser(Config& config, Words words) {
  if (words.empty()) return Invalid("wrong number of arguments");
  if (words[0] != "default") return NotSupported("user '" + words[0] + "'");
  User user;
  for (const std::string& rule : words.subspan(1)) RHA_RETURN_IF_ERROR(Apply(rule, &user));
  const bool whole = user.on && user.all_keys && user.all_channels && user.all_commands;
  if (!whole || user.nopass != user.sha256.empty()) {
    return NotSupported(
        "a user 'default' that is not 'on', may not do everything, or has neither "
        "'nopass' nor a password,");
  }
  config.user_line_sha256 = user.sha256;
  return {};
}

Status SettleDefaultUser(Config* config) {
  if (!config->user_line_sha256) return {};
  const std::string stated = *std::exchange(config->user_line_sha256, std::nullopt);
  if (config->password.empty()) {
    config->password_sha256 = stated;
  } else if (trust::Sha256Hex(config->password) != stated) {
    return Invalid(
        "requirepass and the line of user 'default' name different passwords: take one "
        "of the two out");
  }
  return {};
}

Lines DefaultUserLines(const Config& config) {
  if (config.password_sha256.empty()) return {};
  return {{"default", "on", "#" + config.password_sha256, "~*", "&*", "+@all"}};
}

}  // namespace rha::node::app
