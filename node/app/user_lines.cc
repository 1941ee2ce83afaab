#include "node/app/user_lines.h"

#include <algorithm>
#include <utility>

#include "common/acl/acl_file.h"
#include "common/base/log.h"

namespace rha::node::app {
namespace {

Status Invalid(std::string message) { return Status(Code::kInvalid, std::move(message)); }

void NoteOff(const acl::User& user) {
  if (user.is_on()) return;
  log::Info(
      "The user '{}' is disabled (there is no 'on' modifier in the user description). Make sure "
      "this is not a configuration error.",
      user.name());
}

}  // namespace

Status AddUserLine(Config& config, Words words) {
  if (words.empty()) return Invalid("wrong number of arguments");
  const bool known = std::any_of(config.user_lines.begin(), config.user_lines.end(),
                                 [&](const auto& line) { return line[0] == words[0]; });
  if (known) {
    return Invalid("Duplicate user found. A user can only be defined once in config files");
  }
  const std::vector<std::string_view> rules(words.begin() + 1, words.end());
  RHA_RETURN_IF_ERROR(acl::CheckUserLine(words[0], rules));
  config.user_lines.emplace_back(words.begin(), words.end());
  return {};
}

Status LoadUsers(const Config& config, acl::Users& users) {
  users.SetDefaultPassword(config.password, {});
  if (!config.acl_file.empty() && !config.user_lines.empty()) {
    return Invalid(
        "Configuring Redis with users defined in redis.conf and at the same setting an ACL file "
        "path is invalid. This setup is very likely to lead to configuration errors and security "
        "holes, please define either an ACL file or declare users directly in your redis.conf, but "
        "not both.");
  }
  users.set_default_password_fixed(!config.password_file.empty());
  for (const auto& line : config.user_lines) {
    const std::vector<std::string_view> rules(line.begin() + 1, line.end());
    RHA_RETURN_IF_ERROR(users.Define(line[0], rules));
  }
  if (!config.acl_file.empty()) {
    auto read = acl::ReadAclFile(config.acl_file, users.book());
    if (!read.ok()) {
      return std::move(read).status().Context("Aborting startup because of ACL errors");
    }
    (void)users.ReplaceAll(std::move(*read));
  }
  for (const auto& [name, user] : users.all()) NoteOff(*user);
  return {};
}

void ShowUsers(const acl::Users& users, Config* shown) {
  shown->user_lines.clear();
  if (!shown->acl_file.empty() || users.ordinary()) return;
  for (const auto& [name, user] : users.all()) {
    std::vector<std::string> line = {name};
    std::string text = user->Text(users.catalogue());
    for (size_t end; (end = text.find(' ')) != std::string::npos; text.erase(0, end + 1)) {
      line.push_back(text.substr(0, end));
    }
    line.push_back(std::move(text));
    shown->user_lines.push_back(std::move(line));
  }
}

}  // namespace rha::node::app
