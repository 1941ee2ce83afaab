// Users as a configuration has them: `user` lines or an ACL file, never both.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "common/acl/users.h"

namespace rha::acl {

// The words behind `user`: the name, then rules.
using UserLine = std::vector<std::string>;

// Takes one line of a file. Any thread.
Status AddUserLine(std::span<const std::string> words, std::vector<UserLine>* lines);

struct UserSources {
  const std::string& password;  // requirepass
  bool password_fixed = false;  // it counts whatever is said of the default user (requirepass-file)
  const std::vector<UserLine>& lines;
  const std::string& file;  // aclfile; empty: none
};

// At start: the default user's password by requirepass, then all users there are to be. An error
// is one line for who starts the program.
Status LoadUsers(const UserSources& sources, Users& users);

// The lines that make all users what they are now; none if requirepass says it all.
std::vector<UserLine> LinesOf(const Users& users);

}  // namespace rha::acl
