// Every family of commands, one line a file.
#pragma once

#include <vector>

#include "node/dispatch/command.h"

namespace rha::node::commands {

std::vector<dispatch::CommandRows> AllCommands();

}  // namespace rha::node::commands
