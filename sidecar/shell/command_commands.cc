// COMMAND: what there is to ask of this port.
#include <algorithm>

#include "common/acl/category.h"
#include "common/base/glob.h"
#include "sidecar/shell/access.h"
#include "sidecar/shell/client.h"
#include "sidecar/shell/command.h"
#include "sidecar/shell/server.h"

namespace rha::sidecar::shell {
namespace {

void WriteFlags(resp::Writer& reply, uint32_t categories) {
  std::vector<const char*> flags;
  if ((categories & acl::kAclAdmin) != 0) flags.push_back("admin");
  if ((categories & acl::kAclPubsub) != 0) flags.push_back("pubsub");
  if ((categories & acl::kAclFast) != 0) flags.push_back("fast");
  reply.Set(static_cast<int64_t>(flags.size()));
  for (const char* flag : flags) reply.Simple(flag);
}

void WriteCategories(resp::Writer& reply, uint32_t categories) {
  std::vector<std::string> names;
  for (const acl::CategoryName& category : acl::kCategoryNames) {
    if ((categories & category.bit) != 0) names.push_back("@" + std::string(category.name));
  }
  reply.Set(static_cast<int64_t>(names.size()));
  for (const std::string& name : names) reply.Simple(name);
}

void Describe(resp::Writer& reply, const std::string& name, const Command& row,
              uint32_t categories) {
  reply.Array(10);
  reply.Bulk(name);
  reply.Integer(row.arity);
  WriteFlags(reply, categories);
  for (int i = 0; i < 3; ++i) reply.Integer(0);  // no keys
  WriteCategories(reply, categories);
  for (int i = 0; i < 2; ++i) reply.Set(0);  // no tips, no key specifications
  const auto subcommands =
      row.subcommands != nullptr ? row.subcommands() : std::span<const Command>{};
  reply.Set(static_cast<int64_t>(subcommands.size()));
  for (const Command& sub : subcommands) {
    Describe(reply, name + "|" + sub.name, sub, sub.categories != 0 ? sub.categories : categories);
  }
}

void DescribeNamed(CommandContext& c, std::string_view name) {
  const Found found = FindCommand(name);
  if (found.row == nullptr) return c.reply.Null();
  Describe(c.reply, found.name, *found.row, found.categories());
}

void Info(CommandContext& c) {
  if (c.args.size() == 2) return DescribeCommands(c);
  c.reply.Array(static_cast<int64_t>(c.args.size()) - 2);
  for (size_t i = 2; i < c.args.size(); ++i) DescribeNamed(c, c.args[i]);
}

int64_t CountListed() {
  const auto rows = ServerCommands();
  return std::count_if(rows.begin(), rows.end(), [](const Command& row) { return row.listed; });
}

// LIST [FILTERBY MODULE <name> | ACLCAT <category> | PATTERN <pattern>]
void List(CommandContext& c) {
  const acl::Catalogue& catalogue = c.server.access().catalogue();
  const size_t words = c.args.size();
  const bool filtered = words == 5 && SameWord(c.args[2], "filterby");
  const std::string_view kind = filtered ? c.args[3] : "";
  const bool known =
      SameWord(kind, "module") || SameWord(kind, "aclcat") || SameWord(kind, "pattern");
  if (words != 2 && !known) return c.reply.Error("ERR syntax error");
  const uint32_t category = SameWord(kind, "aclcat") ? acl::FindCategory(c.args[4]) : 0;
  std::vector<std::string_view> names;
  for (size_t i = 0; i < catalogue.size(); ++i) {
    bool wanted = !filtered;
    if (SameWord(kind, "pattern")) wanted = GlobMatches(c.args[4], catalogue.name(i), true);
    if (category != 0) wanted = catalogue.Having(category).test(i);
    if (wanted && FindCommand(catalogue.name(i)).listed()) names.push_back(catalogue.name(i));
  }
  c.reply.Array(static_cast<int64_t>(names.size()));
  for (const std::string_view name : names) c.reply.Bulk(name);
}

// No command of a Sentinel has keys.
void GetKeys(CommandContext& c) {
  const Command* const row = FindCommand(c.args.subspan(2)).row;
  if (row == nullptr) return c.reply.Error("ERR Invalid command specified");
  if (!ArityFits(*row, c.args.size() - 2)) {
    return c.reply.Error("ERR Invalid number of arguments specified for command");
  }
  c.reply.Error("ERR The command has no key arguments");
}

const Command kSubcommands[] = {
    {"count", 2, [](CommandContext& c) { c.reply.Integer(CountListed()); }, Rights::kApplications,
     "Return the total number of commands in this Redis server.", "COUNT"},
    {"docs", -2, [](CommandContext& c) { c.reply.Map(0); }},
    {"getkeys", -4, GetKeys, Rights::kApplications, "Return the keys from a full Redis command.",
     "GETKEYS <full-command>"},
    {"getkeysandflags", -4, GetKeys, Rights::kApplications,
     "Return the keys and the access flags from a full Redis command.",
     "GETKEYSANDFLAGS <full-command>"},
    {"info", -2, Info, Rights::kApplications, "Return details about multiple commands.",
     "INFO [<command-name> ...]"},
    {"list", -2, List, Rights::kApplications, "Return a list of all commands in this server.",
     "LIST [FILTERBY (MODULE <name> | ACLCAT <category> | PATTERN <pattern>)]"},
};

}  // namespace

void DescribeCommands(CommandContext& c) {
  c.reply.Array(CountListed());
  for (const Command& row : ServerCommands()) {
    if (row.listed) Describe(c.reply, row.name, row, row.categories);
  }
}

std::span<const Command> CommandSubcommands() { return kSubcommands; }

}  // namespace rha::sidecar::shell
