#include "sidecar/shell/command.h"

#include <algorithm>
#include <cctype>
#include <cstring>
#include <sstream>

#include "sidecar/shell/client.h"
#include "sidecar/shell/server.h"

namespace rha::sidecar::shell {
namespace {

constexpr size_t kShownBytesMax = 128;  // of what an error repeats

std::string Upper(std::string_view word) {
  std::string upper(word);
  std::transform(upper.begin(), upper.end(), upper.begin(),
                 [](unsigned char x) { return static_cast<char>(std::toupper(x)); });
  return upper;
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
bool HasRights(CommandContext& c, Rights needed, const std::string& name) {
  if (c.client.rights() >= needed) return true;
  if (c.client.rights() == Rights::kNothing) {
    const bool full = c.server.access().open();
    c.reply.Error(full ? kTooManyClients : "NOAUTH Authentication required.");
  } else {
    c.reply.Error("NOPERM User " + c.client.who.user + " has no permissions to run the '" + name +
                  "' command: it needs AUTH admin <password>");
  }
  return false;
}

// Likewise.
bool MayRun(CommandContext& c, Rights needed, const std::string& name) {
  if (!HasRights(c, needed, name)) return false;
  const acl::Denied denied =
      c.server.access().Ask(c.client.who, name, c.args, [&] { return c.client.Line(); });
  if (denied != acl::Denied::kNothing) c.reply.Error(RefusalOf(denied, name));
  return denied == acl::Denied::kNothing;
}

bool AllowedWhileSubscribed(const Command& row) {
  const std::string_view name = row.name;
  return name == "subscribe" || name == "unsubscribe" || name == "psubscribe" ||
         name == "punsubscribe" || name == "ping" || name == "quit" || name == "reset";
}

void Help(CommandContext& c, std::string_view container, std::span<const Command> rows) {
  std::string upper = Upper(container);
  const auto shown = [](const Command& row) { return row.help != nullptr; };
  int64_t lines = 3;
  for (const Command& row : rows) {
    if (shown(row)) lines += 2 + std::count(row.help, row.help + std::strlen(row.help), '\n');
  }
  c.reply.Array(lines);
  c.reply.Simple(upper + " <subcommand> [<arg> [value] [opt] ...]. Subcommands are:");
  for (const Command& row : rows) {
    if (!shown(row)) continue;
    c.reply.Simple(row.usage);
    std::istringstream help(row.help);
    for (std::string line; std::getline(help, line);) c.reply.Simple("    " + line);
  }
  c.reply.Simple("HELP");
  c.reply.Simple("    Prints this help.");
}

void RunSubcommand(CommandContext& c, const Command& container) {
  const std::span<const Command> rows = container.subcommands();
  const bool help = SameWord(c.args[1], "help");
  const Command* row = FindRow(rows, c.args[1]);
  if (!row && !help) {
    c.reply.Error("ERR unknown subcommand '" + Shown(c.args[1]) + "'. Try " +
                  Upper(container.name) + " HELP.");
    return;
  }
  const std::string name = std::string(container.name) + "|" + (help ? "help" : row->name);
  if (help ? c.args.size() != 2 : !ArityFits(*row, c.args.size())) {
    c.reply.Error("ERR wrong number of arguments for '" + name + "' command");
    return;
  }
  if (!MayRun(c, help ? container.needs : row->needs, name)) return;
  c.client.last_command = name;
  help ? Help(c, container.name, rows) : row->run(c);
}

}  // namespace

bool SameWord(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](unsigned char x, unsigned char y) {
    return std::tolower(x) == std::tolower(y);
  });
}

bool ArityFits(const Command& row, size_t words) {
  const auto count = static_cast<int>(words);
  return row.arity >= 0 ? count == row.arity : count >= -row.arity;
}

Found FindCommand(resp::Args words) {
  const Command* const row = FindRow(ServerCommands(), words[0]);
  if (row == nullptr || row->subcommands == nullptr || words.size() < 2) {
    return {nullptr, row, row == nullptr ? "" : row->name};
  }
  const Command* const sub = FindRow(row->subcommands(), words[1]);
  return {row, sub, sub == nullptr ? "" : std::string(row->name) + "|" + sub->name};
}

Found FindCommand(std::string_view name) {
  const size_t bar = name.find('|');
  if (bar == std::string_view::npos) return FindCommand(resp::Args(&name, 1));
  const std::string_view words[] = {name.substr(0, bar), name.substr(bar + 1)};
  const Found found = FindCommand(words);
  return found.container != nullptr ? found : Found{};
}

const Command* FindRow(std::span<const Command> rows, std::string_view name) {
  const auto row = std::find_if(rows.begin(), rows.end(),
                                [&](const Command& c) { return SameWord(c.name, name); });
  return row == rows.end() ? nullptr : &*row;
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
  // Of a container each subcommand has a right of its own.
  const bool subcommand = row->subcommands != nullptr && c.args.size() > 1;
  if (subcommand ? !HasRights(c, row->needs, row->name) : !MayRun(c, row->needs, row->name)) return;
  if (c.client.protocol() == 2 && c.client.subscribed() && !AllowedWhileSubscribed(*row)) {
    c.reply.Error("ERR Can't execute '" + std::string(row->name) +
                  "': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET are allowed in "
                  "this context");
    return;
  }
  if (subcommand) return RunSubcommand(c, *row);
  c.client.last_command = row->name;
  row->run(c);
}

}  // namespace rha::sidecar::shell
