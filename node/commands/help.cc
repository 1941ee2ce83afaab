#include "node/commands/help.h"

#include <string>

#include "node/dispatch/context.h"

namespace rha::node::commands {
namespace {

std::string UpperCase(std::string_view text) {
  std::string upper(text);
  for (char& c : upper) c = static_cast<char>(c >= 'a' && c <= 'z' ? c - 32 : c);
  return upper;
}

}  // namespace

void WriteHelp(dispatch::Context& ctx, std::initializer_list<std::string_view> lines) {
  ctx.reply.Array(static_cast<int64_t>(lines.size()) + 3);
  ctx.reply.Simple(UpperCase(ctx.arg(0)) +
                   " <subcommand> [<arg> [value] [opt] ...]. Subcommands are:");
  for (const std::string_view line : lines) ctx.reply.Simple(line);
  ctx.reply.Simple("HELP");
  ctx.reply.Simple("    Prints this help.");
}

void UnknownSubcommand(dispatch::Context& ctx) {
  ctx.reply.Error("ERR unknown subcommand or wrong number of arguments for '" +
                  std::string(ctx.arg(1).substr(0, 128)) + "'. Try " + UpperCase(ctx.arg(0)) +
                  " HELP.");
}

}  // namespace rha::node::commands
