// ACL: users, what they may do, and what was refused.
#include <algorithm>
#include <string>
#include <vector>

#include "common/acl/acl_file.h"
#include "common/acl/replies.h"
#include "common/base/log.h"
#include "common/base/random_id.h"
#include "node/commands/families.h"
#include "node/commands/help.h"
#include "node/commands/parse.h"
#include "node/dispatch/engine_options.h"
#include "node/dispatch/permissions.h"
#include "node/dispatch/table.h"

namespace rha::node::commands {
namespace {

using acl::Denied;
using acl::User;
using dispatch::CategoriesOf;

acl::Users& UsersOf(Context& ctx) { return ctx.permissions().users(); }

void WhoAmI(Context& ctx) {
  const User* const user = ctx.session.user;
  user != nullptr ? ctx.reply.Bulk(user->name()) : ctx.reply.Null();
}

void Users(Context& ctx) { acl::WriteNames(ctx.reply, UsersOf(ctx)); }

void List(Context& ctx) { acl::WriteLines(ctx.reply, UsersOf(ctx)); }

void GetUser(Context& ctx) {
  const User* const user = UsersOf(ctx).Find(ctx.arg(2));
  if (user == nullptr) return ctx.reply.Null();
  acl::WriteUser(ctx.reply, *user, UsersOf(ctx).catalogue());
}

bool SetUserSecret(const Context&, size_t i) { return i >= 2; }

void SetUser(Context& ctx) {
  const Status set = ctx.permissions().Set(ctx.arg(2), ctx.args.subspan(3), ctx.session);
  set.ok() ? ctx.reply.Ok() : ctx.reply.Error("ERR " + set.message());
}

void DelUser(Context& ctx) {
  const Args names = ctx.args.subspan(2);
  if (std::find(names.begin(), names.end(), acl::kDefaultUser) != names.end()) {
    return ctx.reply.Error("ERR The 'default' user cannot be removed");
  }
  int64_t removed = 0;
  for (const std::string_view name : names) {
    if (ctx.permissions().Remove(name, ctx.session)) ++removed;
  }
  ctx.reply.Integer(removed);
}

void Cat(Context& ctx) {
  if (ctx.argc() > 3) return UnknownSubcommand(ctx);
  if (ctx.argc() == 2) {
    ctx.reply.Array(std::size(acl::kCategoryNames));
    for (const acl::CategoryName& category : acl::kCategoryNames) ctx.reply.Bulk(category.name);
    return;
  }
  const uint32_t category = acl::FindCategory(ctx.arg(2));
  if (category == 0) {
    return ctx.reply.Error("ERR Unknown category '" + std::string(ctx.arg(2).substr(0, 128)) + "'");
  }
  std::vector<std::string_view> names;
  for (const CommandSpec& spec : ctx.table().commands()) {
    if ((CategoriesOf(spec) & category) != 0) names.push_back(spec.name);
  }
  ctx.reply.Array(static_cast<int64_t>(names.size()));
  for (const std::string_view name : names) ctx.reply.Bulk(name);
}

void GenPass(Context& ctx) {
  constexpr int64_t kBitsDefault = 256, kBitsMax = 4096;
  if (ctx.argc() > 3) return UnknownSubcommand(ctx);
  int64_t bits = kBitsDefault;
  if (ctx.argc() == 3 && !ParseInteger(ctx, ctx.arg(2), &bits)) return;
  if (bits <= 0 || bits > kBitsMax) {
    return ctx.reply.Error(
        "ERR ACL GENPASS argument must be the number of bits for the output password, a positive "
        "number up to " +
        std::to_string(kBitsMax));
  }
  ctx.reply.Bulk(RandomHex(static_cast<size_t>(bits + 3) / 4));
}

void Log(Context& ctx) {
  constexpr int64_t kShownDefault = 10;
  acl::DenialLog& log = ctx.permissions().denials();
  if (ctx.argc() > 3) return UnknownSubcommand(ctx);
  if (ctx.argc() == 3 && EqualsIgnoreCase(ctx.arg(2), "reset")) {
    log.Clear();
    return ctx.reply.Ok();
  }
  int64_t count = kShownDefault;
  if (ctx.argc() == 3 && !ParseInteger(ctx, ctx.arg(2), &count)) return;
  count = std::clamp<int64_t>(count, 0, static_cast<int64_t>(log.entries().size()));
  ctx.reply.Array(count);
  for (const acl::DenialEntry& entry : log.entries()) {
    if (count-- == 0) return;
    acl::WriteDenial(ctx.reply, entry, ctx.now_ms, acl::LogFields::kOf72);
  }
}

void DryRun(Context& ctx) {
  const User* const user = UsersOf(ctx).Find(ctx.arg(2));
  if (user == nullptr) {
    return ctx.reply.Error("ERR User '" + std::string(ctx.arg(2)) + "' not found");
  }
  const Args words = ctx.args.subspan(3);
  const CommandSpec* const spec = ctx.table().Resolve(words).spec;
  if (spec == nullptr) {
    return ctx.reply.Error("ERR Command '" + std::string(words[0]) + "' not found");
  }
  if (!spec->ArityFits(words.size())) {
    return ctx.reply.Error("ERR wrong number of arguments for '" + std::string(spec->name) +
                           "' command");
  }
  const acl::Verdict verdict = ctx.permissions().Judge(*user, *spec, words);
  if (verdict.denied == Denied::kNothing) return ctx.reply.Ok();
  const std::string no = "This user has no permissions to ";
  if (verdict.denied == Denied::kCommand) {
    return ctx.reply.Bulk(no + "run the '" + std::string(spec->name) + "' command");
  }
  ctx.reply.Bulk(no + "access the '" + std::string(words[verdict.word]) +
                 (verdict.denied == Denied::kKey ? "' key" : "' channel"));
}

// False: the error is written.
bool HasFile(Context& ctx) {
  if (!ctx.options().acl_file.empty()) return true;
  ctx.reply.Error(
      "ERR This Redis instance is not configured to use an ACL file. You may want to specify users "
      "via the ACL SETUSER command and then issue a CONFIG REWRITE (assuming you have a Redis "
      "configuration file set) in order to store users in the Redis configuration.");
  return false;
}

void Load(Context& ctx) {
  if (!HasFile(ctx)) return;
  auto users = acl::ReadAclFile(ctx.options().acl_file, UsersOf(ctx).book());
  if (!users.ok()) return ctx.reply.Error("ERR " + users.status().message());
  ctx.permissions().ReplaceAll(std::move(*users), ctx.session);
  ctx.reply.Ok();
}

void Save(Context& ctx) {
  if (!HasFile(ctx)) return;
  const Status saved = acl::WriteAclFile(ctx.options().acl_file, UsersOf(ctx));
  if (saved.ok()) return ctx.reply.Ok();
  log::Error("ACL SAVE: {}", saved.message());
  ctx.reply.Error(
      "ERR There was an error trying to save the ACLs. Please check the server logs for more "
      "information");
}

void Help(Context& ctx) {
  WriteHelp(ctx, {"CAT [<category>]",
                  "    List all commands that belong to <category>, or all command categories",
                  "    when no category is specified.",
                  "DELUSER <username> [<username> ...]",
                  "    Delete a list of users.",
                  "DRYRUN <username> <command> [<arg> ...]",
                  "    Returns whether the user can execute the given command without executing "
                  "the command.",
                  "GETUSER <username>",
                  "    Get the user's details.",
                  "GENPASS [<bits>]",
                  "    Generate a secure 256-bit user password. The optional `bits` argument can",
                  "    be used to specify a different size.",
                  "LIST",
                  "    Show users details in config file format.",
                  "LOAD",
                  "    Reload users from the ACL file.",
                  "LOG [<count> | RESET]",
                  "    Show the ACL log entries.",
                  "SAVE",
                  "    Save the current config to the ACL file.",
                  "SETUSER <username> <attribute> [<attribute> ...]",
                  "    Create or modify a user with the specified attributes.",
                  "USERS",
                  "    List all the registered usernames.",
                  "WHOAMI",
                  "    Return the current connection username."});
}

constexpr uint32_t kAnybody = kNoscript | kLoading | kStale;
constexpr uint32_t kKeeper = kAnybody | kAdmin;

constexpr CommandSpec kRows[] = {
    {"acl", nullptr, -2, kContainer},
    {"acl|cat", Cat, -2, kAnybody},
    {"acl|deluser", DelUser, -3, kKeeper},
    {"acl|dryrun", DryRun, -4, kKeeper},
    {"acl|genpass", GenPass, -2, kAnybody},
    {"acl|getuser", GetUser, 3, kKeeper},
    {"acl|help", Help, 2, kLoading | kStale},
    {"acl|list", List, 2, kKeeper},
    {"acl|load", Load, 2, kKeeper},
    {"acl|log", Log, -2, kKeeper},
    {"acl|save", Save, 2, kKeeper},
    {"acl|setuser", SetUser, -3, kKeeper, 0, {}, SetUserSecret},
    {"acl|users", Users, 2, kKeeper},
    {"acl|whoami", WhoAmI, 2, kAnybody},
};
static_assert(RowsAreSound(kRows));

}  // namespace

CommandRows AclRows() { return kRows; }

}  // namespace rha::node::commands
