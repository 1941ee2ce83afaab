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
};

// Finds, checks and runs; writes Redis' own errors.
void RunCommand(CommandContext& context);

// Runs row args[1] of `rows`; `container` is the command's name.
void RunSubcommand(CommandContext& context, std::string_view container,
                   std::span<const Command> rows);

std::span<const Command> ServerCommands();       // connection_commands.cc
std::span<const Command> SentinelSubcommands();  // sentinel_commands.cc
std::span<const Command> ProofSubcommands();     // proof_commands.cc

bool SameWord(std::string_view a, std::string_view b);  // ignoring case

// "# Server …" and so on; `section`: one, or "default", "all", "everything".
std::string InfoText(Server& server, std::string_view section);

}  // namespace rha::sidecar::shell
