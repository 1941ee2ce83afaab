// COMMAND: what the rows say, in the shapes clients expect.
#include <algorithm>
#include <bit>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "common/base/glob.h"
#include "node/commands/docs/docs.h"
#include "node/commands/families.h"
#include "node/commands/help.h"
#include "node/commands/parse.h"
#include "node/dispatch/table.h"

namespace rha::node::commands {
namespace {

using dispatch::CategoriesOf;
using dispatch::KeyRange;
using dispatch::KeySpec;

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
    {kAsking, "asking"},
    {kFast, "fast"},
    {kNoAuth, "no_auth"},
    {kNoAsyncLoading, "no_async_loading"},
    {kNoMulti, "no_multi"},
    {kMovableKeys, "movablekeys"},
    {kAllowBusy, "allow_busy"},
    {kNoMandatoryKeys, "no_mandatory_keys"},
};

constexpr Named kUseNames[] = {
    {kKeyRo, "RO"},
    {kKeyRw, "RW"},
    {kKeyOw, "OW"},
    {kKeyRm, "RM"},
    {kKeyAccess, "access"},
    {kKeyUpdate, "update"},
    {kKeyInsert, "insert"},
    {kKeyDelete, "delete"},
    {kKeyNot, "not_key"},
    {kKeyIncomplete, "incomplete"},
    {kKeyVariable, "variable_flags"},
};

template <size_t kCount>
void WriteNames(Context& ctx, uint32_t bits, const Named (&names)[kCount]) {
  const auto count = std::count_if(std::begin(names), std::end(names),
                                   [bits](const Named& named) { return (bits & named.bit) != 0; });
  ctx.reply.Set(count);
  for (const auto& [bit, name] : names) {
    if ((bits & bit) != 0) ctx.reply.Simple(name);
  }
}

void WriteCategories(Context& ctx, uint32_t bits) {
  ctx.reply.Set(std::popcount(bits));
  for (const acl::CategoryName& category : acl::kCategoryNames) {
    if ((bits & category.bit) != 0) ctx.reply.Simple("@" + std::string(category.name));
  }
}

// "type" and "spec", of which `write` writes the latter.
template <typename Write>
void WriteTyped(resp::Writer& reply, std::string_view field, std::string_view type, Write write) {
  reply.Bulk(field);
  reply.Map(2);
  reply.Bulk("type");
  reply.Bulk(type);
  reply.Bulk("spec");
  write();
}

void WriteNumbers(resp::Writer& reply,
                  std::initializer_list<std::pair<std::string_view, int64_t>> numbers) {
  reply.Map(static_cast<int64_t>(numbers.size()));
  for (const auto& [name, number] : numbers) {
    reply.Bulk(name);
    reply.Integer(number);
  }
}

void WriteBegin(resp::Writer& reply, const KeySpec& spec) {
  if (spec.begin == KeySpec::Begin::kIndex) {
    return WriteTyped(reply, "begin_search", "index", [&] {
      WriteNumbers(reply, {{"index", spec.index}});
    });
  }
  if (spec.begin != KeySpec::Begin::kKeyword) {
    return WriteTyped(reply, "begin_search", "unknown", [&] { reply.Map(0); });
  }
  WriteTyped(reply, "begin_search", "keyword", [&] {
    reply.Map(2);
    reply.Bulk("keyword");
    reply.Bulk(spec.keyword);
    reply.Bulk("startfrom");
    reply.Integer(spec.index);
  });
}

void WriteFind(resp::Writer& reply, const KeySpec& spec) {
  const bool known = spec.begin == KeySpec::Begin::kIndex || spec.begin == KeySpec::Begin::kKeyword;
  if (!known) return WriteTyped(reply, "find_keys", "unknown", [&] { reply.Map(0); });
  if (spec.find == KeySpec::Find::kCount) {
    return WriteTyped(reply, "find_keys", "keynum", [&] {
      WriteNumbers(reply, {{"keynumidx", 0}, {"firstkey", 1}, {"keystep", spec.step}});
    });
  }
  WriteTyped(reply, "find_keys", "range", [&] {
    const int64_t limit = spec.share > 1 ? spec.share : 0;
    WriteNumbers(reply, {{"lastkey", spec.last}, {"keystep", spec.step}, {"limit", limit}});
  });
}

void WriteKeySpecs(Context& ctx, const CommandSpec& command,
                   const std::vector<std::string_view>& notes) {
  resp::Writer& reply = ctx.reply;
  reply.Set(std::count_if(command.keys.begin(), command.keys.end(),
                          [](const KeySpec& spec) { return !spec.hidden(); }));
  size_t i = 0;
  for (const KeySpec& spec : command.keys) {
    const std::string_view note = i < notes.size() ? notes[i] : std::string_view();
    ++i;
    if (spec.hidden()) continue;
    reply.Map(note.empty() ? 3 : 4);
    if (!note.empty()) {
      reply.Bulk("notes");
      reply.Bulk(note);
    }
    reply.Bulk("flags");
    WriteNames(ctx, spec.use, kUseNames);
    WriteBegin(reply, spec);
    WriteFind(reply, spec);
  }
}

void WriteInfo(Context& ctx, const CommandSpec* spec) {
  if (spec == nullptr) return ctx.reply.Null();
  std::optional<CommandDoc> doc = FindCommandDoc(spec->name);
  const KeyRange range = RangeOf(spec->keys);
  ctx.reply.Array(10);
  ctx.reply.Bulk(spec->name);
  ctx.reply.Integer(spec->arity);
  WriteNames(ctx, spec->flags, kFlagNames);
  ctx.reply.Integer(range.first);
  ctx.reply.Integer(range.last);
  ctx.reply.Integer(range.step);
  WriteCategories(ctx, CategoriesOf(*spec));
  doc ? doc->tips.WriteNext(ctx.reply) : ctx.reply.Set(0);
  WriteKeySpecs(ctx, *spec, doc ? doc->key_notes : std::vector<std::string_view>());
  const auto subcommands = ctx.table().Subcommands(*spec);
  ctx.reply.Set(static_cast<int64_t>(subcommands.size()));
  for (const CommandSpec* subcommand : subcommands) WriteInfo(ctx, subcommand);
}

void WriteDocs(Context& ctx, const CommandSpec& spec) {
  std::optional<CommandDoc> doc = FindCommandDoc(spec.name);
  const auto subcommands = ctx.table().Subcommands(spec);
  const int64_t fields = doc ? doc->field_count : 0;
  ctx.reply.Map(fields + (subcommands.empty() ? 0 : 1));
  for (int64_t left = 2 * fields; left > 0; --left) doc->fields.WriteNext(ctx.reply);
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
  for (const CommandSpec& spec : ctx.table().commands()) {
    const bool callable = !ctx.table().CalledName(spec).empty();
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
  for (size_t i = 2; i < ctx.argc(); ++i) WriteInfo(ctx, ctx.table().Find(ctx.arg(i)));
}

void Docs(Context& ctx) {
  std::vector<const CommandSpec*> commands;
  if (ctx.argc() == 2) commands = TopLevel(ctx);
  for (size_t i = 2; i < ctx.argc(); ++i) {
    if (const CommandSpec* spec = ctx.table().Find(ctx.arg(i))) commands.push_back(spec);
  }
  ctx.reply.Map(static_cast<int64_t>(commands.size()));
  for (const CommandSpec* spec : commands) {
    ctx.reply.Bulk(spec->name);
    WriteDocs(ctx, *spec);
  }
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
  const uint32_t category = acl::FindCategory(value);  // 0: none; nothing has it
  const auto add = [&](const CommandSpec& spec) {
    const bool wanted = by_category ? (CategoriesOf(spec) & category) != 0
                                    : !by_module && GlobMatches(value, spec.name, true);
    if (wanted) names.push_back(spec.name);
  };
  for (const CommandSpec* spec : TopLevel(ctx)) {
    add(*spec);
    for (const CommandSpec* subcommand : ctx.table().Subcommands(*spec)) add(*subcommand);
  }
  ctx.reply.Array(static_cast<int64_t>(names.size()));
  for (const std::string_view name : names) ctx.reply.Bulk(name);
}

// Calls reply(position, use) for the keys of the command whose words begin at args[2], after the
// header of their number.
template <typename Reply>
void ReplyKeys(Context& ctx, Reply reply) {
  const Args words = ctx.args.subspan(2);
  const CommandSpec* spec = ctx.table().Resolve(words).spec;
  if (spec == nullptr) return ctx.reply.Error("ERR Invalid command specified");
  const auto visit_keys = [&](auto visit) {
    return VisitKeys(spec->keys, words, [&](size_t at, uint16_t use) {
      if ((use & (kKeyNot | kKeyChannel)) == 0) visit(at + 2, RealUse(*spec, words, use));
      return true;
    });
  };
  const bool has_keys = std::any_of(spec->keys.begin(), spec->keys.end(), [](const KeySpec& keys) {
    return (keys.use & (kKeyNot | kKeyChannel)) == 0;
  });
  if (!has_keys) return ctx.reply.Error("ERR The command has no key arguments");
  if (!spec->ArityFits(words.size())) {
    return ctx.reply.Error("ERR Invalid number of arguments specified for command");
  }
  int64_t count = 0;
  if (!visit_keys([&](size_t, uint16_t) { ++count; })) {
    if (spec->Has(kNoMandatoryKeys)) return ctx.reply.Array(0);
    return ctx.reply.Error("ERR Invalid arguments specified for command");
  }
  ctx.reply.Array(count);
  visit_keys(reply);
}

void GetKeys(Context& ctx) {
  ReplyKeys(ctx, [&](size_t at, uint16_t) { ctx.reply.Bulk(ctx.arg(at)); });
}

void GetKeysAndFlags(Context& ctx) {
  ReplyKeys(ctx, [&](size_t at, uint16_t use) {
    ctx.reply.Array(2);
    ctx.reply.Bulk(ctx.arg(at));
    WriteNames(ctx, use, kUseNames);
  });
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

constexpr uint32_t kFlags = kLoading | kStale;

constexpr CommandSpec kRows[] = {
    {"command", All, -1, kFlags | kContainer, kAclConnection},
    {"command|count", Count, 2, kFlags, kAclConnection},
    {"command|info", Info, -2, kFlags, kAclConnection},
    {"command|docs", Docs, -2, kFlags, kAclConnection},
    {"command|list", List, -2, kFlags, kAclConnection},
    {"command|getkeys", GetKeys, -4, kFlags, kAclConnection},
    {"command|getkeysandflags", GetKeysAndFlags, -4, kFlags, kAclConnection},
    {"command|help", Help, 2, kFlags, kAclConnection},
};
static_assert(RowsAreSound(kRows));

}  // namespace

CommandRows CommandRowsOfCommand() { return kRows; }

}  // namespace rha::node::commands
