// FUNCTION, FCALL and FCALL_RO.
#include <algorithm>
#include <iterator>

#include "common/base/glob.h"
#include "node/codec/payload.h"
#include "node/codec/rdb_format.h"
#include "node/codec/rdb_input.h"
#include "node/codec/rdb_output.h"
#include "node/commands/families.h"
#include "node/commands/help.h"
#include "node/commands/parse.h"
#include "node/commands/script/script_row.h"
#include "node/commands/script/script_run.h"
#include "node/commands/script/scripts.h"
#include "node/dispatch/engine.h"

namespace rha::node::commands {
namespace {

using dispatch::Engine;
using scripting::Function;
using scripting::Library;
using scripting::LibrarySet;

// What a client may take to register functions; the primary's stream and files take what they need.
constexpr std::chrono::milliseconds kLoadMsMax{500};
constexpr size_t kDumpBytesAtFirst = 4096;

LibrarySet& LibrariesOf(Context& ctx) { return Scripts::Of(ctx).libraries().set(); }

void Call(Context& ctx) { Scripts::Of(ctx).CallFunction(ctx, false); }
void CallRo(Context& ctx) { Scripts::Of(ctx).CallFunction(ctx, true); }

uint32_t Flags(const Engine& engine, Args words, uint32_t flags) {
  if (words.size() < 2) return flags;
  return static_cast<Scripts&>(*engine.services().scripts).FlagsOfFunction(words, flags);
}

void Load(Context& ctx) {
  LibrarySet::LoadOptions options;
  for (size_t i = 2; i + 1 < ctx.argc(); ++i) {
    if (!EqualsIgnoreCase(ctx.arg(i), "replace")) {
      return ctx.reply.Error("ERR Unknown option given: " + std::string(ctx.arg(i)));
    }
    options.replace = true;
  }
  if (ctx.session.kind != SessionKind::kPrimary) options.time_max = kLoadMsMax;
  std::string error;
  const Library* const library = LibrariesOf(ctx).Load(ctx.args.back(), options, &error);
  if (library == nullptr) return ctx.reply.Error("ERR " + error);
  ctx.keyspace.AddDirty(1);
  ctx.reply.Bulk(library->name);
}

void Delete(Context& ctx) {
  if (!LibrariesOf(ctx).Delete(ctx.arg(2))) return ctx.reply.Error("ERR Library not found");
  ctx.keyspace.AddDirty(1);
  ctx.reply.Ok();
}

void Flush(Context& ctx) {
  if (ctx.argc() > 3) return UnknownSubcommand(ctx);
  const bool known = ctx.argc() == 2 || EqualsIgnoreCase(ctx.arg(2), "sync") ||
                     EqualsIgnoreCase(ctx.arg(2), "async");
  if (!known) return ctx.reply.Error("ERR FUNCTION FLUSH only supports SYNC|ASYNC option");
  LibrariesOf(ctx).Clear();
  ctx.keyspace.AddDirty(1);
  ctx.reply.Ok();
}

void Kill(Context& ctx) { Scripts::Of(ctx).Kill(ctx, true); }

// ---------------------------------------------------------------- LIST, STATS

void WriteFunction(Context& ctx, const Function& function) {
  ctx.reply.Map(3);
  ctx.reply.Bulk("name");
  ctx.reply.Bulk(function.name);
  ctx.reply.Bulk("description");
  function.description ? ctx.reply.Bulk(*function.description) : ctx.reply.Null();
  ctx.reply.Bulk("flags");
  const auto is_set = [&](const scripting::NamedScriptFlag& named) {
    return (function.flags & named.flag) != 0;
  };
  ctx.reply.Set(std::count_if(std::begin(scripting::kScriptFlagNames),
                              std::end(scripting::kScriptFlagNames), is_set));
  for (const auto& named : scripting::kScriptFlagNames) {
    if (is_set(named)) ctx.reply.Simple(named.name);
  }
}

void WriteLibrary(Context& ctx, const Library& library, bool with_code) {
  ctx.reply.Map(with_code ? 4 : 3);
  ctx.reply.Bulk("library_name");
  ctx.reply.Bulk(library.name);
  ctx.reply.Bulk("engine");
  ctx.reply.Bulk("LUA");
  ctx.reply.Bulk("functions");
  ctx.reply.Array(static_cast<int64_t>(library.functions.size()));
  for (const auto& [name, function] : library.functions) WriteFunction(ctx, function);
  if (!with_code) return;
  ctx.reply.Bulk("library_code");
  ctx.reply.Bulk(library.source);
}

void List(Context& ctx) {
  bool with_code = false;
  std::optional<std::string_view> pattern;
  for (size_t i = 2; i < ctx.argc(); ++i) {
    if (!with_code && EqualsIgnoreCase(ctx.arg(i), "withcode")) {
      with_code = true;
    } else if (!pattern && EqualsIgnoreCase(ctx.arg(i), "libraryname")) {
      if (++i == ctx.argc()) return ctx.reply.Error("ERR library name argument was not given");
      pattern = ctx.arg(i);
    } else {
      return ctx.reply.Error("ERR Unknown argument " + std::string(ctx.arg(i)));
    }
  }
  std::vector<const Library*> found;
  for (const auto& [name, library] : LibrariesOf(ctx).libraries()) {
    if (!pattern || GlobMatches(*pattern, name, true)) found.push_back(library.get());
  }
  ctx.reply.Array(static_cast<int64_t>(found.size()));
  for (const Library* library : found) WriteLibrary(ctx, *library, with_code);
}

void Stats(Context& ctx) {
  const ScriptRun* const running = Scripts::Of(ctx).running();
  if (running != nullptr && !running->rules().of_library) return ctx.reply.Error(running->busy());
  ctx.reply.Map(2);
  ctx.reply.Bulk("running_script");
  if (running == nullptr) {
    ctx.reply.Null();
  } else {
    ctx.reply.Map(3);
    ctx.reply.Bulk("name");
    ctx.reply.Bulk(running->rules().name);
    ctx.reply.Bulk("command");
    ctx.reply.Array(static_cast<int64_t>(running->rules().command.size()));
    for (const std::string_view word : running->rules().command) ctx.reply.Bulk(word);
    ctx.reply.Bulk("duration_ms");
    ctx.reply.Integer(running->elapsed_ms());
  }
  ctx.reply.Bulk("engines");
  ctx.reply.Map(1);
  ctx.reply.Bulk("LUA");
  ctx.reply.Map(2);
  ctx.reply.Bulk("libraries_count");
  ctx.reply.Integer(static_cast<int64_t>(LibrariesOf(ctx).libraries().size()));
  ctx.reply.Bulk("functions_count");
  ctx.reply.Integer(static_cast<int64_t>(LibrariesOf(ctx).functions()));
}

// ---------------------------------------------------------------- DUMP, RESTORE

void Dump(Context& ctx) {
  codec::RdbOutput out(nullptr, kDumpBytesAtFirst, {});
  for (const auto& [name, library] : LibrariesOf(ctx).libraries()) {
    out.Byte(codec::kOpFunction);
    out.String(library->source);
  }
  codec::SealPayload(out, codec::kRdbVersion);
  ctx.reply.Bulk(out.buffered());
}

// Adds what a payload holds to `libraries`. Why it cannot be; empty: it is done.
std::string ReadPayload(const Context& ctx, std::string_view content, LibrarySet* libraries) {
  codec::RdbInput input(content, static_cast<uint64_t>(StringBytesMax(ctx)));
  std::string scratch, error;
  const bool limited = ctx.session.kind != SessionKind::kPrimary;
  const MonoTime end = ctx.clock().Now() + kLoadMsMax;
  while (input.left() > 0) {
    LibrarySet::LoadOptions options;
    if (limited) {
      options.time_max = std::chrono::duration_cast<Millis>(end - ctx.clock().Now());
      if (options.time_max.count() <= 0) return "FUNCTION LOAD timeout";
    }
    const auto opcode = input.Byte("a type");
    if (!opcode.ok()) return "can not read data type";
    if (*opcode == codec::kOpFunctionPreGa) return "Pre-release function format not supported.";
    if (*opcode != codec::kOpFunction) return "given type is not a function";
    const auto source = input.String("a library", scratch);
    if (!source.ok()) return "Failed loading library payload";
    if (libraries->Load(*source, options, &error) == nullptr) return error;
  }
  return {};
}

void Restore(Context& ctx) {
  if (ctx.argc() > 4) return UnknownSubcommand(ctx);
  const std::string_view policy = ctx.argc() == 4 ? ctx.arg(3) : "append";
  const bool flush = EqualsIgnoreCase(policy, "flush");
  const bool replace = EqualsIgnoreCase(policy, "replace");
  if (!flush && !replace && !EqualsIgnoreCase(policy, "append")) {
    return ctx.reply.Error(
        "ERR Wrong restore policy given, value should be either FLUSH, APPEND or REPLACE.");
  }
  const auto payload = codec::OpenPayload(ctx.arg(2));
  if (!payload) return ctx.reply.Error("ERR DUMP payload version or checksum are wrong");
  LibrarySet restored(Scripts::Of(ctx).function_interpreter());
  std::string error = ReadPayload(ctx, payload->content, &restored);
  if (error.empty() && flush) LibrariesOf(ctx).Swap(restored);
  if (error.empty() && !flush) LibrariesOf(ctx).Join(restored, replace, &error);
  if (!error.empty()) return ctx.reply.Error("ERR " + error);
  ctx.keyspace.AddDirty(1);
  ctx.reply.Ok();
}

void Help(Context& ctx) {
  WriteHelp(
      ctx,
      {"LOAD [REPLACE] <FUNCTION CODE>",
       "    Create a new library with the given library name and code.",
       "DELETE <LIBRARY NAME>",
       "    Delete the given library.",
       "LIST [LIBRARYNAME PATTERN] [WITHCODE]",
       "    Return general information on all the libraries:",
       "    * Library name",
       "    * The engine used to run the Library",
       "    * Library description",
       "    * Functions list",
       "    * Library code (if WITHCODE is given)",
       "    It also possible to get only function that matches a pattern using LIBRARYNAME "
       "argument.",
       "STATS",
       "    Return information about the current function running:",
       "    * Function name",
       "    * Command used to run the function",
       "    * Duration in MS that the function is running",
       "    If no function is running, return nil",
       "    In addition, returns a list of available engines.",
       "KILL",
       "    Kill the current running function.",
       "FLUSH [ASYNC|SYNC]",
       "    Delete all the libraries.",
       "    When called without the optional mode argument, the behavior is determined by the",
       "    lazyfree-lazy-user-flush configuration directive. Valid modes are:",
       "    * ASYNC: Asynchronously flush the libraries.",
       "    * SYNC: Synchronously flush the libraries.",
       "DUMP",
       "    Return a serialized payload representing the current libraries, can be restored using "
       "FUNCTION RESTORE command",
       "RESTORE <PAYLOAD> [FLUSH|APPEND|REPLACE]",
       "    Restore the libraries represented by the given payload, it is possible to give a "
       "restore policy to",
       "    control how to handle existing libraries (default APPEND):",
       "    * FLUSH: delete all existing libraries.",
       "    * APPEND: appends the restored libraries to the existing libraries. On collision, "
       "abort.",
       "    * REPLACE: appends the restored libraries to the existing libraries, On collision, "
       "replace the old",
       "      libraries with the new libraries (notice that even on this option there is a chance "
       "of failure",
       "      in case of functions name collision with another library)."});
}

constexpr CommandSpec kRows[] = {
    ScriptRow("fcall", Call, kMayReplicate, Flags),
    ScriptRow("fcall_ro", CallRo, kReadonly, Flags),
    {"function", nullptr, -2, kContainer},
    {"function|load", Load, -3, kNoscript | kWrite | kDenyOom, kAclScripting},
    {"function|delete", Delete, 3, kNoscript | kWrite, kAclScripting},
    {"function|flush", Flush, -2, kNoscript | kWrite, kAclScripting},
    {"function|kill", Kill, 2, kNoscript | kAllowBusy, kAclScripting},
    {"function|list", List, -2, kNoscript | kShowsData, kAclScripting},
    {"function|stats", Stats, 2, kNoscript | kAllowBusy, kAclScripting},
    {"function|dump", Dump, 2, kNoscript | kShowsData, kAclScripting},
    {"function|restore", Restore, -3, kNoscript | kWrite | kDenyOom, kAclScripting},
    {"function|help", Help, 2, kLoading | kStale, kAclScripting},
};
static_assert(RowsAreSound(kRows));

}  // namespace

CommandRows FunctionRows() { return kRows; }

}  // namespace rha::node::commands
