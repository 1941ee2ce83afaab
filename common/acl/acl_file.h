// The file of `aclfile`: a line "user NAME RULES" for each user, words separated by single blanks,
// without quotes. It is what ACL SAVE writes and ACL LOAD reads.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/acl/users.h"
#include "common/env/disk.h"

namespace rha::acl {

// All users of the text, or an error that names each line that is wrong, and why, in Redis' words;
// no passwords. `path` is what it calls the file. Pure.
Result<std::vector<User>> ParseAclFile(std::string_view text, const std::string& path,
                                       const Rulebook& book);
Result<std::vector<User>> ReadAclFile(const std::string& path, const Rulebook& book);

std::string AclFileText(const Users& users);
// As a whole or not at all, and durable. A new file is its owner's alone.
Status WriteAclFile(const std::string& path, const Users& users,
                    env::Disk& disk = env::Disk::Real());

}  // namespace rha::acl
