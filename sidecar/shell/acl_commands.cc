// ACL: the users of this Sentinel, what they may do, and what was refused. Replies and errors are
// Redis 7.0's.
//
// In a classic group a change is in the configuration file once it is answered, unless users are in
// an ACL file (ACL SAVE); a configured group's users come from its file, and what is changed here
// is forgotten at the next start.
#include <algorithm>
#include <charconv>
#include <iterator>
#include <optional>

#include "common/acl/acl_file.h"
#include "common/acl/replies.h"
#include "common/base/log.h"
#include "common/base/random_id.h"
#include "sidecar/shell/command.h"
#include "sidecar/shell/driver.h"
#include "sidecar/shell/options.h"
#include "sidecar/shell/server.h"

namespace rha::sidecar::shell {
namespace {

constexpr size_t kShownBytesMax = 128;  // of what an error repeats
constexpr char kNoFile[] =
    "ERR This Redis instance is not configured to use an ACL file. You may want to specify users "
    "via the ACL SETUSER command and then issue a CONFIG REWRITE (assuming you have a Redis "
    "configuration file set) in order to store users in the Redis configuration.";

acl::Users& UsersOf(CommandContext& c) { return c.server.access().users(); }

std::string Shown(std::string_view text) { return std::string(text.substr(0, kShownBytesMax)); }

// False: the error is written.
bool ReadInteger(CommandContext& c, std::string_view text, int64_t* out) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), *out);
  if (error == std::errc() && end == text.data() + text.size()) return true;
  c.reply.Error("ERR value is not an integer or out of range");
  return false;
}

bool AtMost(CommandContext& c, size_t words) {
  if (c.args.size() <= words) return true;
  c.reply.Error("ERR unknown subcommand or wrong number of arguments for '" + Shown(c.args[1]) +
                "'. Try ACL HELP.");
  return false;
}

void WhoAmI(CommandContext& c) { c.reply.Bulk(c.client.who.user); }

void ListNames(CommandContext& c) { acl::WriteNames(c.reply, UsersOf(c)); }

void List(CommandContext& c) { acl::WriteLines(c.reply, UsersOf(c)); }

void GetUser(CommandContext& c) {
  const acl::User* const user = UsersOf(c).Find(c.args[2]);
  if (user == nullptr) return c.reply.Null();
  acl::WriteUser(c.reply, *user, UsersOf(c).catalogue());
}

// False: there is no file to have it. Otherwise the answer, `removed` or OK, comes once it has.
bool Keep(CommandContext& c, std::optional<int64_t> removed = std::nullopt) {
  const Options& options = c.server.options();
  if (options.configured() || !options.acl_file.empty()) return false;
  c.driver.Feed(core::CommandReceived{c.server.Await(c.client),
                                      core::UsersCommand{acl::LinesOf(UsersOf(c)), removed}});
  return true;
}

void SetUser(CommandContext& c) {
  const Status set = UsersOf(c).Set(c.args[2], c.args.subspan(3));
  if (!set.ok()) return c.reply.Error("ERR " + set.message());
  c.server.CloseUnentitledListeners(c.client);
  if (!Keep(c)) c.reply.Ok();
}

void DelUser(CommandContext& c) {
  const resp::Args names = c.args.subspan(2);
  if (std::find(names.begin(), names.end(), acl::kDefaultUser) != names.end()) {
    return c.reply.Error("ERR The 'default' user cannot be removed");
  }
  int64_t removed = 0;
  for (const std::string_view name : names) {
    const std::unique_ptr<acl::User> user = UsersOf(c).Remove(name);
    if (user == nullptr) continue;
    ++removed;
    c.server.CloseStranded(*user, c.client);
  }
  if (removed == 0 || !Keep(c, removed)) c.reply.Integer(removed);
}

void Categories(CommandContext& c) {
  if (!AtMost(c, 3)) return;
  if (c.args.size() == 2) {
    c.reply.Array(std::size(acl::kCategoryNames));
    for (const acl::CategoryName& category : acl::kCategoryNames) c.reply.Bulk(category.name);
    return;
  }
  const uint32_t category = acl::FindCategory(c.args[2]);
  if (category == 0) return c.reply.Error("ERR Unknown category '" + Shown(c.args[2]) + "'");
  const acl::Catalogue& catalogue = c.server.access().catalogue();
  const acl::CommandSet& having = catalogue.Having(category);
  c.reply.Array(static_cast<int64_t>(having.count()));
  for (size_t i = 0; i < catalogue.size(); ++i) {
    if (having.test(i)) c.reply.Bulk(catalogue.name(i));
  }
}

void GenPass(CommandContext& c) {
  constexpr int64_t kBitsDefault = 256, kBitsMax = 4096;
  if (!AtMost(c, 3)) return;
  int64_t bits = kBitsDefault;
  if (c.args.size() == 3 && !ReadInteger(c, c.args[2], &bits)) return;
  if (bits <= 0 || bits > kBitsMax) {
    return c.reply.Error(
        "ERR ACL GENPASS argument must be the number of bits for the output password, a positive "
        "number up to " +
        std::to_string(kBitsMax));
  }
  c.reply.Bulk(RandomHex(static_cast<size_t>(bits + 3) / 4));
}

void Log(CommandContext& c) {
  constexpr int64_t kShownDefault = 10;
  acl::DenialLog& log = c.server.access().denials();
  if (!AtMost(c, 3)) return;
  if (c.args.size() == 3 && SameWord(c.args[2], "reset")) {
    log.Clear();
    return c.reply.Ok();
  }
  int64_t count = kShownDefault;
  if (c.args.size() == 3 && !ReadInteger(c, c.args[2], &count)) return;
  count = std::clamp<int64_t>(count, 0, static_cast<int64_t>(log.entries().size()));
  c.reply.Array(count);
  const int64_t now_ms = SystemClock().UnixMillis();
  for (const acl::DenialEntry& entry : log.entries()) {
    if (count-- == 0) return;
    acl::WriteDenial(c.reply, entry, now_ms, acl::LogFields::kOf70);
  }
}

void DryRun(CommandContext& c) {
  const acl::User* const user = UsersOf(c).Find(c.args[2]);
  if (user == nullptr) return c.reply.Error("ERR User '" + Shown(c.args[2]) + "' not found");
  const resp::Args words = c.args.subspan(3);
  const Found found = FindCommand(words);
  if (found.row == nullptr) {
    return c.reply.Error("ERR Command '" + Shown(words[0]) + "' not found");
  }
  if (!ArityFits(*found.row, words.size())) {
    return c.reply.Error("ERR wrong number of arguments for '" + found.name + "' command");
  }
  const acl::Verdict verdict = c.server.access().Judge(*user, found.name, words);
  if (verdict.denied == acl::Denied::kNothing) return c.reply.Ok();
  const std::string no = "This user has no permissions to ";
  if (verdict.denied == acl::Denied::kCommand) {
    return c.reply.Bulk(no + "run the '" + found.name + "' command");
  }
  c.reply.Bulk(no + "access the '" + std::string(words[verdict.word]) + "' channel");
}

void Load(CommandContext& c) {
  const std::string& path = c.server.options().acl_file;
  if (path.empty()) return c.reply.Error(kNoFile);
  auto users = acl::ReadAclFile(path, UsersOf(c).book());
  if (!users.ok()) return c.reply.Error("ERR " + users.status().message());
  for (const auto& gone : UsersOf(c).ReplaceAll(std::move(*users))) {
    c.server.CloseStranded(*gone, c.client);
  }
  c.server.CloseUnentitledListeners(c.client);
  c.reply.Ok();
}

void Save(CommandContext& c) {
  const std::string& path = c.server.options().acl_file;
  if (path.empty()) return c.reply.Error(kNoFile);
  const Status saved = acl::WriteAclFile(path, UsersOf(c));
  if (saved.ok()) return c.reply.Ok();
  log::Error("ACL SAVE: {}", saved.message());
  c.reply.Error(
      "ERR There was an error trying to save the ACLs. Please check the server logs for more "
      "information");
}

constexpr Rights kAnybody = Rights::kApplications;
constexpr Rights kKeeper = Rights::kEverything;

const Command kSubcommands[] = {
    {"cat", -2, Categories, kAnybody,
     "List all commands that belong to <category>, or all command categories\n"
     "when no category is specified.",
     "CAT [<category>]"},
    As(acl::kOfAdministrators, {"deluser", -3, DelUser, kKeeper, "Delete a list of users.",
                                "DELUSER <username> [<username> ...]"}),
    As(acl::kOfAdministrators,
       {"dryrun", -4, DryRun, kKeeper,
        "Returns whether the user can execute the given command without executing the command.",
        "DRYRUN <username> <command> [<arg> ...]"}),
    As(acl::kOfAdministrators,
       {"getuser", 3, GetUser, kKeeper, "Get the user's details.", "GETUSER <username>"}),
    {"genpass", -2, GenPass, kAnybody,
     "Generate a secure 256-bit user password. The optional `bits` argument can\n"
     "be used to specify a different size.",
     "GENPASS [<bits>]"},
    As(acl::kOfAdministrators,
       {"list", 2, List, kKeeper, "Show users details in config file format.", "LIST"}),
    As(acl::kOfAdministrators,
       {"load", 2, Load, kKeeper, "Reload users from the ACL file.", "LOAD"}),
    As(acl::kOfAdministrators,
       {"log", -2, Log, kKeeper, "Show the ACL log entries.", "LOG [<count> | RESET]"}),
    As(acl::kOfAdministrators,
       {"save", 2, Save, kKeeper, "Save the current config to the ACL file.", "SAVE"}),
    As(acl::kOfAdministrators,
       {"setuser", -3, SetUser, kKeeper, "Create or modify a user with the specified attributes.",
        "SETUSER <username> <attribute> [<attribute> ...]"}),
    As(acl::kOfAdministrators,
       {"users", 2, ListNames, kKeeper, "List all the registered usernames.", "USERS"}),
    {"whoami", 2, WhoAmI, kAnybody, "Return the current connection username.", "WHOAMI"},
};

}  // namespace

std::span<const Command> AclSubcommands() { return kSubcommands; }

}  // namespace rha::sidecar::shell
