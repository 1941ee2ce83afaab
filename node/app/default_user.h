// `user` lines of a configuration file. There are no ACL users here, but Redis' CONFIG REWRITE
// writes a line for its default user into every file, so that one is read, as far as it says
// what is so here: on, all commands, all keys, all channels, and a password or none.
// Any thread.
#pragma once

#include "node/app/options.h"

namespace rha::node::app {

// The words behind `user`. Anything this server would not do is refused.
Status SetDefaultUser(Config& config, Words words);
// When all files and flags have been read: the line and requirepass must say the same.
Status SettleDefaultUser(Config* config);
// A line where only a hash of the password is known; none otherwise: requirepass says it all.
Lines DefaultUserLines(const Config& config);

}  // namespace rha::node::app
