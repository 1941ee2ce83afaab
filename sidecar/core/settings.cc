#include "sidecar/core/settings.h"

#include <algorithm>
#include <string>

#include "sidecar/core/text.h"

namespace rha::sidecar::core {
namespace {

std::string Lower(std::string_view text) {
  std::string lower(text);
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](unsigned char c) { return c >= 'A' && c <= 'Z' ? char(c + 32) : char(c); });
  return lower;
}

Status Invalid(std::string_view option, std::string_view value) {
  return {Code::kInvalid, "ERR Invalid argument '" + std::string(value) + "' for SENTINEL SET '" +
                              std::string(option) + "'"};
}

Status SetMillis(Millis& field, int64_t least, std::string_view option, std::string_view value) {
  constexpr int64_t kMost = 1000LL * 60 * 60 * 24 * 365;
  const auto number = ParseNumber<int64_t>(value);
  if (!number || *number < least || *number > kMost) return Invalid(option, value);
  field = Millis{*number};
  return Status::Ok();
}

Status SetCount(int& field, std::string_view option, std::string_view value) {
  const auto number = ParseNumber<int>(value);
  if (!number || *number <= 0) return Invalid(option, value);
  field = *number;
  return Status::Ok();
}

Status SetRename(GroupConfig& config, std::string_view option, std::string_view value) {
  const auto words = Split(value, ' ');
  if (words.size() != 2 || words[0].empty() || words[1].empty()) return Invalid(option, value);
  const std::string name = Lower(words[0]);
  if (name == Lower(words[1])) {
    config.renamed_commands.erase(name);
  } else {
    config.renamed_commands[name] = words[1];
  }
  return Status::Ok();
}

}  // namespace

bool IsSecretSetting(std::string_view option) { return Lower(option) == "auth-pass"; }

Status ApplySetting(GroupConfig& config, std::string_view option, std::string_view value) {
  // A newline in a value would become a line of its own in a rewritten configuration file.
  if (HasControlCharacter(value) || HasControlCharacter(option)) {
    return {Code::kInvalid, "ERR Control characters are not allowed in SENTINEL SET"};
  }
  const std::string name = Lower(option);
  if (name == "down-after-milliseconds") return SetMillis(config.down_after, 1, option, value);
  if (name == "failover-timeout") return SetMillis(config.failover_timeout, 1, option, value);
  if (name == "parallel-syncs") return SetCount(config.parallel_syncs, option, value);
  if (name == "quorum") return SetCount(config.quorum, option, value);
  if (name == "master-reboot-down-after-period") {
    return SetMillis(config.reboot_down_after, 0, option, value);
  }
  if (name == "auth-pass") return config.auth_password = value, Status::Ok();
  if (name == "auth-user") return config.auth_user = value, Status::Ok();
  if (name == "notification-script") return config.notification_script = value, Status::Ok();
  if (name == "client-reconfig-script") return config.client_reconfig_script = value, Status::Ok();
  if (name == "rename-command") return SetRename(config, option, value);
  return {Code::kInvalid, "ERR Unknown option or number of arguments for SENTINEL SET '" +
                              std::string(option) + "'"};
}

}  // namespace rha::sidecar::core
