#include "sidecar/shell/command.h"

#include <algorithm>
#include <cctype>

#include "sidecar/shell/client.h"
#include "sidecar/shell/server.h"

namespace rha::sidecar::shell {
namespace {

constexpr size_t kShownBytesMax = 128;  // of what an error repeats

const Command* FindRow(std::span<const Command> rows, std::string_view name) {
  const auto row = std::find_if(rows.begin(), rows.end(),
                                [&](const Command& c) { return SameWord(c.name, name); });
  return row == rows.end() ? nullptr : &*row;
}

bool ArityFits(const Command& row, size_t args) {
  const auto count = static_cast<int>(args);
  return row.arity >= 0 ? count == row.arity : count >= -row.arity;
}

std::string Shown(std::string_view text) { return std::string(text.substr(0, kShownBytesMax)); }

void UnknownCommand(CommandContext& c) {
  std::string text = "ERR unknown command '" + Shown(c.args[0]) + "', with args beginning with: ";
  size_t room = kShownBytesMax;
  for (size_t i = 1; i < c.args.size() && room > 0; ++i) {
    const std::string_view word = c.args[i].substr(0, room);
    text += "'" + std::string(word) + "' ";
    room -= std::min(room, word.size() + 3);
  }
  c.reply.Error(text);
}

// False: the error is written.
bool MayRun(CommandContext& c, const Command& row, const std::string& name) {
  if (c.client.rights() >= row.needs) return true;
  if (c.client.rights() == Rights::kNothing) {
    const bool full = c.server.trust().AtFirst() != Rights::kNothing;
    c.reply.Error(full ? kTooManyClients : "NOAUTH Authentication required.");
  } else {
    c.reply.Error("NOPERM User " + c.client.user + " has no permissions to run the '" + name +
                  "' command: it needs AUTH admin <password>");
  }
  return false;
}

bool AllowedWhileSubscribed(const Command& row) {
  const std::string_view name = row.name;
  return name == "subscribe" || name == "unsubscribe" || name == "psubscribe" ||
         name == "punsubscribe" || name == "ping" || name == "quit" || name == "reset";
}

void Help(CommandContext& c, std::string_view container, std::span<const Command> rows) {
  std::string upper(container);
  std::transform(upper.begin(), upper.end(), upper.begin(),
                 [](unsigned char x) { return static_cast<char>(std::toupper(x)); });
  const auto shown = [](const Command& row) { return row.help != nullptr; };
  const auto count = std::count_if(rows.begin(), rows.end(), shown);
  c.reply.Array(1 + 2 * count + 2);
  c.reply.Simple(upper + " <subcommand> [<arg> [value] [opt] ...]. Subcommands are:");
  for (const Command& row : rows) {
    if (!shown(row)) continue;
    c.reply.Simple(row.usage);
    c.reply.Simple("    " + std::string(row.help));
  }
  c.reply.Simple("HELP");
  c.reply.Simple("    Print this help.");
}

}  // namespace

bool SameWord(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](unsigned char x, unsigned char y) {
    return std::tolower(x) == std::tolower(y);
  });
}

void RunCommand(CommandContext& c) {
  const Command* row = FindRow(ServerCommands(), c.args[0]);
  if (!row) {
    UnknownCommand(c);
    return;
  }
  if (!ArityFits(*row, c.args.size())) {
    c.reply.Error("ERR wrong number of arguments for '" + std::string(row->name) + "' command");
    return;
  }
  if (!MayRun(c, *row, row->name)) return;
  if (c.client.protocol() == 2 && c.client.subscribed() && !AllowedWhileSubscribed(*row)) {
    c.reply.Error("ERR Can't execute '" + std::string(row->name) +
                  "': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET are allowed in "
                  "this context");
    return;
  }
  c.client.last_command = row->name;
  row->run(c);
}

void RunSubcommand(CommandContext& c, std::string_view container, std::span<const Command> rows) {
  if (SameWord(c.args[1], "help") && c.args.size() == 2) {
    Help(c, container, rows);
    return;
  }
  const Command* row = FindRow(rows, c.args[1]);
  if (!row) {
    std::string upper(container);
    std::transform(upper.begin(), upper.end(), upper.begin(),
                   [](unsigned char x) { return static_cast<char>(std::toupper(x)); });
    c.reply.Error("ERR unknown subcommand '" + Shown(c.args[1]) + "'. Try " + upper + " HELP.");
    return;
  }
  if (!ArityFits(*row, c.args.size())) {
    c.reply.Error("ERR wrong number of arguments for '" + std::string(container) + "|" + row->name +
                  "' command");
    return;
  }
  const std::string name = std::string(container) + "|" + row->name;
  if (!MayRun(c, *row, name)) return;
  c.client.last_command = name;
  row->run(c);
}

}  // namespace rha::sidecar::shell
