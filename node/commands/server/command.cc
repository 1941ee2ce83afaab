// COMMAND: what the rows say, in the shapes clients expect.
#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "common/base/glob.h"
#include "node/commands/families.h"
#include "node/commands/help.h"
#include "node/commands/parse.h"
#include "node/dispatch/engine.h"

namespace rha::node::commands {
namespace {

using dispatch::KeyPositions;

struct Named {
  uint32_t bit;
  std::string_view name;
};

constexpr Named kFlagNames[] = {
    {kWrite, "write"},
    {kReadonly, "readonly"},
    {kDenyOom, "denyoom"},
    {kAdmin, "admin"},
    {kPubsubFlag, "pubsub"},
    {kNoscript, "noscript"},
    {kBlocking, "blocking"},
    {kLoading, "loading"},
    {kStale, "stale"},
    {kSkipMonitor, "skip_monitor"},
    {kSkipSlowlog, "skip_slowlog"},
    {kFast, "fast"},
    {kNoAuth, "no_auth"},
    {kMayReplicate, "may_replicate"},
    {kNoAsyncLoading, "no_async_loading"},
    {kNoMulti, "no_multi"},
    {kMovableKeys, "movablekeys"},
    {kAllowBusy, "allow_busy"},
    {kTouchesArbitraryKeys, "touches_arbitrary_keys"},
};

constexpr Named kCategoryNames[] = {
    {kAclKeyspace, "@keyspace"},
    {kAclRead, "@read"},
    {kAclWrite, "@write"},
    {kAclSet, "@set"},
    {kAclSortedSet, "@sortedset"},
    {kAclList, "@list"},
    {kAclHash, "@hash"},
    {kAclString, "@string"},
    {kAclBitmap, "@bitmap"},
    {kAclPubsub, "@pubsub"},
    {kAclAdmin, "@admin"},
    {kAclFast, "@fast"},
    {kAclSlow, "@slow"},
    {kAclBlocking, "@blocking"},
    {kAclDangerous, "@dangerous"},
    {kAclConnection, "@connection"},
    {kAclTransaction, "@transaction"},
};

constexpr std::string_view kGroupNames[] = {"string",     "list",    "set",          "sorted-set",
                                            "hash",       "generic", "transactions", "pubsub",
                                            "connection", "server",  "bitmap"};

// What a row says and what follows from its flags.
uint32_t Categories(const CommandSpec& spec) {
  uint32_t acl = spec.acl;
  if (spec.Has(kWrite)) acl |= kAclWrite;
  if (spec.Has(kReadonly) && (spec.acl & kAclTransaction) == 0) acl |= kAclRead;
  if (spec.Has(kAdmin)) acl |= kAclAdmin | kAclDangerous;
  if (spec.Has(kPubsubFlag)) acl |= kAclPubsub;
  acl |= spec.Has(kFast) ? kAclFast : kAclSlow;
  return acl;
}

template <size_t kCount>
void WriteNames(Context& ctx, uint32_t bits, const Named (&names)[kCount]) {
  const auto count = std::count_if(std::begin(names), std::end(names),
                                   [bits](const Named& named) { return (bits & named.bit) != 0; });
  ctx.reply.Set(count);
  for (const auto& [bit, name] : names) {
    if ((bits & bit) != 0) ctx.reply.Simple(name);
  }
}

// One specification of keys: they begin at an index and go on to a last one in steps.
void WriteKeySpecs(Context& ctx, const CommandSpec& spec) {
  resp::Writer& reply = ctx.reply;
  if (spec.keys.first == 0) return reply.Set(0);
  reply.Set(1);
  reply.Map(3);
  reply.Bulk("flags");
  reply.Set(2);
  reply.Simple(spec.Has(kWrite) ? "RW" : "RO");
  reply.Simple(spec.Has(kWrite) ? "update" : "access");
  reply.Bulk("begin_search");
  reply.Map(2);
  reply.Bulk("type");
  reply.Bulk("index");
  reply.Bulk("spec");
  reply.Map(1);
  reply.Bulk("index");
  reply.Integer(spec.keys.first);
  reply.Bulk("find_keys");
  reply.Map(2);
  reply.Bulk("type");
  reply.Bulk("range");
  reply.Bulk("spec");
  reply.Map(3);
  reply.Bulk("lastkey");
  reply.Integer(spec.keys.last < 0 ? spec.keys.last : spec.keys.last - spec.keys.first);
  reply.Bulk("keystep");
  reply.Integer(spec.keys.step);
  reply.Bulk("limit");
  reply.Integer(0);
}

void WriteInfo(Context& ctx, const CommandSpec* spec) {
  if (spec == nullptr) return ctx.reply.Null();
  ctx.reply.Array(10);
  ctx.reply.Bulk(spec->name);
  ctx.reply.Integer(spec->arity);
  WriteNames(ctx, spec->flags, kFlagNames);
  ctx.reply.Integer(spec->keys.first);
  ctx.reply.Integer(spec->keys.last);
  ctx.reply.Integer(spec->keys.step);
  WriteNames(ctx, Categories(*spec), kCategoryNames);
  ctx.reply.Set(0);  // tips
  WriteKeySpecs(ctx, *spec);
  const auto subcommands = ctx.engine.table().Subcommands(*spec);
  ctx.reply.Set(static_cast<int64_t>(subcommands.size()));
  for (const CommandSpec* subcommand : subcommands) WriteInfo(ctx, subcommand);
}

void WriteDocs(Context& ctx, const CommandSpec& spec) {
  const auto subcommands = ctx.engine.table().Subcommands(spec);
  const bool has_complexity = !spec.complexity.empty();
  ctx.reply.Map(3 + (has_complexity ? 1 : 0) + (subcommands.empty() ? 0 : 1));
  const auto field = [&](std::string_view name, std::string_view value) {
    ctx.reply.Bulk(name);
    ctx.reply.Bulk(value);
  };
  field("summary", spec.summary);
  field("since", spec.since);
  field("group", kGroupNames[static_cast<size_t>(spec.group)]);
  if (has_complexity) field("complexity", spec.complexity);
  if (subcommands.empty()) return;
  ctx.reply.Bulk("subcommands");
  ctx.reply.Map(static_cast<int64_t>(subcommands.size()));
  for (const CommandSpec* subcommand : subcommands) {
    ctx.reply.Bulk(subcommand->name);
    WriteDocs(ctx, *subcommand);
  }
}

std::vector<const CommandSpec*> TopLevel(Context& ctx) {
  std::vector<const CommandSpec*> found;
  for (const CommandSpec& spec : ctx.engine.table().commands()) {
    const bool callable = !ctx.engine.table().CalledName(spec).empty();
    if (callable && !spec.is_subcommand()) found.push_back(&spec);
  }
  return found;
}

void All(Context& ctx) {
  const auto commands = TopLevel(ctx);
  ctx.reply.Array(static_cast<int64_t>(commands.size()));
  for (const CommandSpec* spec : commands) WriteInfo(ctx, spec);
}

void Count(Context& ctx) { ctx.reply.Integer(static_cast<int64_t>(TopLevel(ctx).size())); }

void Info(Context& ctx) {
  if (ctx.argc() == 2) return All(ctx);
  ctx.reply.Array(static_cast<int64_t>(ctx.argc() - 2));
  for (size_t i = 2; i < ctx.argc(); ++i) WriteInfo(ctx, ctx.engine.table().Find(ctx.arg(i)));
}

void Docs(Context& ctx) {
  std::vector<const CommandSpec*> commands;
  if (ctx.argc() == 2) commands = TopLevel(ctx);
  for (size_t i = 2; i < ctx.argc(); ++i) {
    if (const CommandSpec* spec = ctx.engine.table().Find(ctx.arg(i))) commands.push_back(spec);
  }
  ctx.reply.Map(static_cast<int64_t>(commands.size()));
  for (const CommandSpec* spec : commands) {
    ctx.reply.Bulk(spec->name);
    WriteDocs(ctx, *spec);
  }
}

// False: no such category; then nothing matches.
bool InCategory(const CommandSpec& spec, std::string_view category) {
  return std::any_of(std::begin(kCategoryNames), std::end(kCategoryNames), [&](const Named& named) {
    return EqualsIgnoreCase(named.name.substr(1), category) && (Categories(spec) & named.bit) != 0;
  });
}

void List(Context& ctx) {
  std::vector<std::string_view> names;
  const bool filtered = ctx.argc() == 5 && EqualsIgnoreCase(ctx.arg(2), "filterby");
  if (ctx.argc() != 2 && !filtered) return ctx.SyntaxError();
  const std::string_view kind = filtered ? ctx.arg(3) : "pattern";
  const std::string_view value = filtered ? ctx.arg(4) : "*";
  const bool by_category = EqualsIgnoreCase(kind, "aclcat");
  const bool by_module = EqualsIgnoreCase(kind, "module");
  if (!by_category && !by_module && !EqualsIgnoreCase(kind, "pattern")) return ctx.SyntaxError();
  for (const CommandSpec& spec : ctx.engine.table().commands()) {
    if (!filtered && spec.is_subcommand()) continue;
    if (ctx.engine.table().CalledName(spec).empty()) continue;
    if (by_module) continue;
    if (by_category ? InCategory(spec, value) : GlobMatches(value, spec.name, true)) {
      names.push_back(spec.name);
    }
  }
  ctx.reply.Array(static_cast<int64_t>(names.size()));
  for (const std::string_view name : names) ctx.reply.Bulk(name);
}

// Null: the error is written. The words from args[2] on are the command in question.
const CommandSpec* CommandWithKeys(Context& ctx, std::vector<size_t>* positions) {
  const Args words = ctx.args.subspan(2);
  const CommandSpec* spec = ctx.engine.table().Resolve(words).spec;
  if (spec == nullptr) {
    ctx.reply.Error("ERR Invalid command specified");
    return nullptr;
  }
  if (spec->keys.first == 0 && spec->key_count_at == 0) {
    ctx.reply.Error("ERR The command has no key arguments");
    return nullptr;
  }
  if (!spec->ArityFits(words.size())) {
    ctx.reply.Error("ERR Invalid number of arguments specified for command");
    return nullptr;
  }
  *positions = KeyPositions(*spec, words);
  return spec;
}

void GetKeys(Context& ctx) {
  std::vector<size_t> positions;
  if (CommandWithKeys(ctx, &positions) == nullptr) return;
  ctx.reply.Array(static_cast<int64_t>(positions.size()));
  for (const size_t position : positions) ctx.reply.Bulk(ctx.arg(position + 2));
}

void GetKeysAndFlags(Context& ctx) {
  std::vector<size_t> positions;
  const CommandSpec* spec = CommandWithKeys(ctx, &positions);
  if (spec == nullptr) return;
  ctx.reply.Array(static_cast<int64_t>(positions.size()));
  for (const size_t position : positions) {
    ctx.reply.Array(2);
    ctx.reply.Bulk(ctx.arg(position + 2));
    ctx.reply.Set(2);
    ctx.reply.Simple(spec->Has(kWrite) ? "RW" : "RO");
    ctx.reply.Simple(spec->Has(kWrite) ? "update" : "access");
  }
}

void Help(Context& ctx) {
  WriteHelp(ctx,
            {"(no subcommand)", "    Return details about all Redis commands.", "COUNT",
             "    Return the total number of commands in this Redis server.", "LIST",
             "    Return a list of all commands in this Redis server.", "INFO [<command-name> ...]",
             "    Return details about multiple Redis commands.",
             "    If no command names are given, documentation details for all",
             "    commands are returned.", "DOCS [<command-name> ...]",
             "    Return documentation details about multiple Redis commands.",
             "    If no command names are given, documentation details for all",
             "    commands are returned.", "GETKEYS <full-command>",
             "    Return the keys from a full Redis command.", "GETKEYSANDFLAGS <full-command>",
             "    Return the keys and the access flags from a full Redis command."});
}

constexpr uint32_t kFlags = kLoading | kStale | kSentinelFlag;

constexpr CommandSpec kRows[] = {
    {.name = "command",
     .handler = All,
     .arity = -1,
     .flags = kFlags | kContainer,
     .acl = kAclConnection,
     .group = Group::kServer,
     .since = "2.8.13",
     .summary = "Get array of Redis command details",
     .complexity = "O(N) where N is the total number of Redis commands"},
    {.name = "command|count",
     .handler = Count,
     .arity = 2,
     .flags = kFlags,
     .acl = kAclConnection,
     .group = Group::kServer,
     .since = "2.8.13",
     .summary = "Get total number of Redis commands"},
    {.name = "command|info",
     .handler = Info,
     .arity = -2,
     .flags = kFlags,
     .acl = kAclConnection,
     .group = Group::kServer,
     .since = "2.8.13",
     .summary = "Get array of specific Redis command details, or all when no argument is given.",
     .complexity = "O(N) where N is the number of commands to look up"},
    {.name = "command|docs",
     .handler = Docs,
     .arity = -2,
     .flags = kFlags,
     .acl = kAclConnection,
     .group = Group::kServer,
     .since = "7.0.0",
     .summary = "Get array of specific Redis command documentation",
     .complexity = "O(N) where N is the number of commands to look up"},
    {.name = "command|list",
     .handler = List,
     .arity = -2,
     .flags = kFlags,
     .acl = kAclConnection,
     .group = Group::kServer,
     .since = "7.0.0",
     .summary = "Get an array of Redis command names",
     .complexity = "O(N) where N is the total number of Redis commands"},
    {.name = "command|getkeys",
     .handler = GetKeys,
     .arity = -4,
     .flags = kFlags,
     .acl = kAclConnection,
     .group = Group::kServer,
     .since = "2.8.13",
     .summary = "Extract keys given a full Redis command",
     .complexity = "O(N) where N is the number of arguments to the command"},
    {.name = "command|getkeysandflags",
     .handler = GetKeysAndFlags,
     .arity = -4,
     .flags = kFlags,
     .acl = kAclConnection,
     .group = Group::kServer,
     .since = "7.0.0",
     .summary = "Extract keys and access flags given a full Redis command",
     .complexity = "O(N) where N is the number of arguments to the command"},
    {.name = "command|help",
     .handler = Help,
     .arity = 2,
     .flags = kFlags,
     .acl = kAclConnection,
     .group = Group::kServer,
     .since = "5.0.0",
     .summary = "Show helpful text about the different subcommands"},
};
static_assert(RowsAreSound(kRows));

}  // namespace

CommandRows CommandRowsOfCommand() { return kRows; }

}  // namespace rha::node::commands
