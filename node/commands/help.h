// What containers of subcommands share: the HELP reply and the error for a wrong subcommand.
// Any thread.
#pragma once

#include <initializer_list>
#include <string_view>

namespace rha::node::dispatch {
class Context;
}

namespace rha::node::commands {

// Adds the first line and HELP itself.
void WriteHelp(dispatch::Context& ctx, std::initializer_list<std::string_view> lines);
// "ERR unknown subcommand or wrong number of arguments for 'X'. Try Y HELP."
void UnknownSubcommand(dispatch::Context& ctx);

}  // namespace rha::node::commands
