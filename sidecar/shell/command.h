// Commands of the Sentinel server: one row each. A handler parses its arguments, reads the
// machine's state or feeds it an event, and writes the reply.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "common/resp/parser.h"
#include "common/resp/writer.h"
#include "sidecar/shell/trust.h"

namespace rha::sidecar::shell {

class Client;
class Driver;
class Server;

struct CommandContext {
  Server& server;
  Driver& driver;
  Client& client;
  resp::Args args;  // args[0] is the command
  resp::Writer& reply;

  std::string arg(size_t i) const { return std::string(args[i]); }
};

struct Command {
  const char* name;  // lower case
  int arity;         // as Redis counts: with the command itself; negative: at least
  void (*run)(CommandContext&);
  Rights needs = Rights::kApplications;
  const char* help = nullptr;  // of subcommands: arguments, then a line for HELP
  const char* usage = nullptr;
  uint32_t categories = 0;  // acl::AclCategory; 0: those of the container
  std::span<const Command> (*subcommands)() = nullptr;
  bool listed = true;
};

constexpr Command As(uint32_t categories, Command row) {
  row.categories = categories;
  return row;
}

// What Redis 7.0's Sentinel does not have: COMMAND, COMMAND COUNT and LIST, by which tools tell one
// from a data server, leave it out.
constexpr Command Unlisted(Command row) {
  row.listed = false;
  return row;
}

// `run` is for the name alone; null: it needs a subcommand.
constexpr Command Container(uint32_t categories, std::span<const Command> (*subcommands)(),
                            Command row) {
  row.categories = categories;
  row.subcommands = subcommands;
  return row;
}

// Finds, checks and runs; writes Redis' own errors.
void RunCommand(CommandContext& context);

std::span<const Command> ServerCommands();       // connection_commands.cc
std::span<const Command> AclSubcommands();       // acl_commands.cc
std::span<const Command> ClientSubcommands();    // client_commands.cc
std::span<const Command> CommandSubcommands();   // command_commands.cc
void DescribeCommands(CommandContext& c);        // COMMAND alone
std::span<const Command> SentinelSubcommands();  // sentinel_commands.cc
std::span<const Command> ProofSubcommands();     // proof_commands.cc
bool ArityFits(const Command& row, size_t words);
struct Found {
  const Command* container = nullptr;  // of a subcommand
  const Command* row = nullptr;        // null: there is none (HELP of a container is no row)
  std::string name;                    // "ping", "sentinel|masters"

  uint32_t categories() const {
    return row->categories != 0 ? row->categories : container->categories;
  }
  bool listed() const { return (!container || container->listed) && (!row || row->listed); }
};
Found FindCommand(resp::Args words);
Found FindCommand(std::string_view name);  // of that form, in any case
// Null: there is none of that name.
const Command* FindRow(std::span<const Command> rows, std::string_view name);

// As CLIENT LIST can show it: short, no blanks, no line ends.
bool IsPlainName(std::string_view name);
bool SameWord(std::string_view a, std::string_view b);  // ignoring case

// "# Server …" and so on, each once; `sections`: none, names, "default", "all", "everything".
std::string InfoText(Server& server, resp::Args sections);

}  // namespace rha::sidecar::shell
