// Users as the configuration has them: `user` lines or an ACL file, never both.
#pragma once

#include "common/acl/users.h"
#include "node/app/options.h"

namespace rha::node::app {

// The words behind `user`: a name and rules. Any thread.
Status AddUserLine(Config& config, Words words);

// At start: the default user's password by requirepass, then all users there are to be. An error
// is one line for who starts the server.
Status LoadUsers(const Config& config, acl::Users& users);

// For CONFIG REWRITE: the lines that make all users what they are now; none if requirepass says it
// all, or an ACL file.
void ShowUsers(const acl::Users& users, Config* shown);

}  // namespace rha::node::app
