#include "common/acl/user_lines.h"

#include <algorithm>
#include <utility>

#include "common/acl/acl_file.h"
#include "common/base/log.h"

namespace rha::acl {
namespace {

Status Invalid(std::string message) { return Status(Code::kInvalid, std::move(message)); }

void NoteOff(const User& user) {
  if (user.is_on()) return;
  log::Info(
      "The user '{}' is disabled (there is no 'on' modifier in the user description). Make sure "
      "this is not a configuration error.",
      user.name());
}

}  // namespace

Status AddUserLine(std::span<const std::string> words, std::vector<UserLine>* lines) {
  if (words.empty()) return Invalid("wrong number of arguments");
  const bool known = std::any_of(lines->begin(), lines->end(),
                                 [&](const UserLine& line) { return line[0] == words[0]; });
  if (known) {
    return Invalid("Duplicate user found. A user can only be defined once in config files");
  }
  const std::vector<std::string_view> rules(words.begin() + 1, words.end());
  RHA_RETURN_IF_ERROR(CheckUserLine(words[0], rules));
  lines->emplace_back(words.begin(), words.end());
  return {};
}

Status LoadUsers(const UserSources& sources, Users& users) {
  users.SetDefaultPassword(sources.password, {});
  if (!sources.file.empty() && !sources.lines.empty()) {
    return Invalid(
        "Configuring Redis with users defined in redis.conf and at the same setting an ACL file "
        "path is invalid. This setup is very likely to lead to configuration errors and security "
        "holes, please define either an ACL file or declare users directly in your redis.conf, but "
        "not both.");
  }
  users.set_default_password_fixed(sources.password_fixed);
  for (const UserLine& line : sources.lines) {
    const std::vector<std::string_view> rules(line.begin() + 1, line.end());
    RHA_RETURN_IF_ERROR(users.Define(line[0], rules));
  }
  if (!sources.file.empty()) {
    auto read = ReadAclFile(sources.file, users.book());
    if (!read.ok()) {
      return std::move(read).status().Context("Aborting startup because of ACL errors");
    }
    (void)users.ReplaceAll(std::move(*read));
  }
  for (const auto& [name, user] : users.all()) NoteOff(*user);
  return {};
}

std::vector<UserLine> LinesOf(const Users& users) {
  std::vector<UserLine> lines;
  if (users.ordinary()) return lines;
  for (const auto& [name, user] : users.all()) {
    UserLine line = {name};
    std::string text = user->Text(users.catalogue());
    for (size_t end; (end = text.find(' ')) != std::string::npos; text.erase(0, end + 1)) {
      line.push_back(text.substr(0, end));
    }
    line.push_back(std::move(text));
    lines.push_back(std::move(line));
  }
  return lines;
}

}  // namespace rha::acl
