#include "node/commands/script/scripts.h"

#include "node/commands/parse.h"
#include "node/commands/script/script_run.h"
#include "node/dispatch/gates.h"

namespace rha::node::commands {
namespace {

using scripting::Function;
using scripting::Script;

// Why it may not run now; empty: it may. EXEC has not asked the gates for it. `script_flags`: what
// the script says of itself.
std::string Refusal(Context& ctx, uint32_t script_flags, bool read_only) {
  const bool has_rules = (script_flags & scripting::kWithoutShebang) == 0;
  const bool writes = has_rules && (script_flags & scripting::kNoWrites) == 0;
  const bool may_be_stale = has_rules && (script_flags & scripting::kAllowStale) != 0;
  std::string scratch;
  const dispatch::GateQuestion question{
      ctx.engine(), ctx.session, ctx.spec, ctx.args,
      (may_be_stale ? kStale : kReadonly) | (writes ? kWrite : 0U)};
  if (const std::string_view stale = FreshEnough(question, &scratch); !stale.empty()) {
    return std::string(stale);
  }
  if (!writes) return {};
  if (read_only) return "ERR Can not execute a script with write flag using *_ro command.";
  if (const std::string_view refusal = MayWriteNow(question, &scratch); !refusal.empty()) {
    return std::string(refusal);
  }
  const bool allow_oom = (script_flags & scripting::kAllowOom) != 0;
  if (ctx.engine().out_of_memory() && !allow_oom && ctx.session.kind != SessionKind::kPrimary) {
    return "OOM allow-oom flag is not set on the script, can not run it when used memory > "
           "'maxmemory'";
  }
  return {};
}

// The flags of a command that runs what has `script_flags`.
uint32_t FlagsOf(uint32_t script_flags, uint32_t flags) {
  if ((script_flags & scripting::kWithoutShebang) != 0) return flags;
  flags &= ~(kStale | kDenyOom | kWrite | kMayReplicate);
  const bool writes = (script_flags & scripting::kNoWrites) == 0;
  if (writes) flags |= kWrite;
  if (writes && (script_flags & scripting::kAllowOom) == 0) flags |= kDenyOom;
  if ((script_flags & scripting::kAllowStale) != 0) flags |= kStale;
  return flags;
}

// False: the error is written.
bool CheckKeys(Context& ctx, int64_t keys) {
  if (keys > static_cast<int64_t>(ctx.argc()) - 3) {
    ctx.reply.Error("ERR Number of keys can't be greater than number of args");
    return false;
  }
  if (keys < 0) ctx.reply.Error("ERR Number of keys can't be negative");
  return keys >= 0;
}

}  // namespace

std::vector<std::string> DatasetLibraries::Sources() const {
  std::vector<std::string> sources;
  for (const auto& [name, library] : set_.libraries()) sources.push_back(library->source);
  return sources;
}

Status DatasetLibraries::Load(std::string_view source, bool replace) {
  std::string error;
  if (set_.Load(source, {.replace = replace}, &error) != nullptr) return {};
  return Status(Code::kInvalid, error);
}

std::unique_ptr<keyspace::Libraries> DatasetLibraries::Beside() {
  return std::make_unique<DatasetLibraries>(interpreter_);
}

void DatasetLibraries::Adopt(keyspace::Libraries& loaded) {
  set_.Swap(static_cast<DatasetLibraries&>(loaded).set_);
}

Scripts::Scripts() : session_(SessionKind::kScript) { session_.peer_address = "lua"; }

Scripts::~Scripts() = default;

Scripts& Scripts::Of(const Context& ctx) { return static_cast<Scripts&>(*ctx.services().scripts); }

const Script* Scripts::Find(Context& ctx, bool by_digest) {
  if (by_digest) {
    const Script* const script = cache_.FindDigest(ctx.arg(1));
    if (script == nullptr) ctx.reply.Error("NOSCRIPT No matching script. Please use EVAL.");
    return script;
  }
  std::string error;
  const Script* const script = cache_.Add(ctx.arg(1), false, &error);
  if (script == nullptr) ctx.reply.Error("ERR " + error);
  return script;
}

void Scripts::Eval(Context& ctx, EvalKind kind) {
  ctx.engine().ShowMonitors(ctx);  // before what it calls
  ctx.PropagateNothing();          // each command speaks for itself
  constexpr size_t kDigestDigits = 40;
  if (kind.by_digest && ctx.arg(1).size() != kDigestDigits) {
    return ctx.reply.Error("NOSCRIPT No matching script. Please use EVAL.");
  }
  int64_t keys = 0;
  if (!ParseInteger(ctx, ctx.arg(2), &keys)) return;
  if (!CheckKeys(ctx, keys)) return;
  const Script* const script = Find(ctx, kind.by_digest);
  if (script == nullptr) return;
  Invoke(ctx,
         {.interpreter = cache_.interpreter(),
          .function = script->function,
          .name = script->digest,
          .flags = script->flags,
          .of_library = false},
         keys, kind.read_only);
}

void Scripts::CallFunction(Context& ctx, bool read_only) {
  ctx.engine().ShowMonitors(ctx);
  ctx.PropagateNothing();
  const Function* const function = libraries_.set().Find(ctx.arg(1));
  if (function == nullptr) return ctx.reply.Error("ERR Function not found");
  int64_t keys = 0;
  constexpr const char* kBadNumber = "ERR Bad number of keys provided";
  if (!ParseIntegerOr(ctx, ctx.arg(2), INT64_MIN, kBadNumber, &keys) || !CheckKeys(ctx, keys)) {
    return;
  }
  Invoke(ctx,
         {.interpreter = function_interpreter_,
          .function = function->function,
          .name = function->name,
          .flags = function->flags,
          .of_library = true},
         keys, read_only);
}

void Scripts::Invoke(Context& ctx, const Callee& callee, int64_t keys, bool read_only) {
  if (const std::string refusal = Refusal(ctx, callee.flags, read_only); !refusal.empty()) {
    return ctx.reply.Error(refusal);
  }
  const bool primary = ctx.session.kind == SessionKind::kPrimary;
  session_.kind = primary ? SessionKind::kPrimary : SessionKind::kScript;
  session_.user = ctx.session.user;
  session_.db = ctx.session.db;
  session_.protocol = 2;
  session_.audience = dispatch::kEverybody;
  const bool has_rules = (callee.flags & scripting::kWithoutShebang) == 0;
  const auto has = [&](uint32_t flag) { return has_rules && (callee.flags & flag) != 0; };
  ScriptRun run(ctx.engine(), session_,
                {.name = callee.name,
                 .command = ctx.args,
                 .of_library = callee.of_library,
                 .read_only = read_only || has(scripting::kNoWrites),
                 .allow_oom = has(scripting::kAllowOom),
                 .killable = !primary,
                 // As in Redis: the keys that were named to the script, whichever it reads.
                 .on_read = [&ctx] { ctx.tracking().Remember(ctx.session, ctx.spec, ctx.args); }});
  running_ = &run;
  const auto first_key = ctx.args.subspan(3);
  const bool counted = callee.interpreter.Run({.function = callee.function,
                                               .name = callee.name,
                                               .keys = first_key.first(static_cast<size_t>(keys)),
                                               .args = first_key.subspan(static_cast<size_t>(keys)),
                                               .host = &run,
                                               .of_library = callee.of_library},
                                              ctx.reply);
  running_ = nullptr;
  if (counted) ctx.ErrorIsCounted();
  if (abandoned_) ctx.engine().propagation().Drop();
}

uint32_t Scripts::FlagsOfScript(Args words, bool by_digest, uint32_t flags) {
  const Script* const script = by_digest ? cache_.FindDigest(words[1]) : cache_.FindBody(words[1]);
  if (script != nullptr) return FlagsOf(script->flags, flags);
  scripting::Shebang shebang;
  std::string error;
  if (by_digest || !ParseShebang(words[1], &shebang, &error)) return flags;
  return FlagsOf(shebang.flags, flags);
}

uint32_t Scripts::FlagsOfFunction(Args words, uint32_t flags) const {
  const Function* const function = libraries_.set().Find(words[1]);
  return function == nullptr ? flags : FlagsOf(function->flags, flags);
}

void Scripts::Kill(Context& ctx, bool of_library) {
  if (running_ == nullptr) {
    return ctx.reply.Error("NOTBUSY No scripts in execution right now.");
  }
  if (!running_->killable()) {
    return ctx.reply.Error(
        "UNKILLABLE The busy script was sent by a master instance in the context of replication "
        "and cannot be killed.");
  }
  if (running_->has_written()) {
    return ctx.reply.Error(
        "UNKILLABLE Sorry the script already executed write commands against the dataset. You can "
        "either wait the script termination or kill the server in a hard way using the SHUTDOWN "
        "NOSAVE command.");
  }
  if (of_library != running_->rules().of_library) return ctx.reply.Error(running_->busy());
  running_->Kill();
  ctx.reply.Ok();
}

Scripts::Usage Scripts::usage() const {
  return {.interpreter_bytes = cache_.interpreter_bytes(),
          .cache_bytes = cache_.cache_bytes(),
          .scripts = static_cast<int64_t>(cache_.size()),
          .function_interpreter_bytes = function_interpreter_.memory_bytes(),
          .library_bytes = libraries_.set().bytes(),
          .libraries = static_cast<int64_t>(libraries_.set().libraries().size()),
          .functions = static_cast<int64_t>(libraries_.set().functions()),
          .evicted_scripts = cache_.evicted()};
}

void Scripts::Abandon() {
  if (running_ == nullptr) return;
  running_->Kill();
  abandoned_ = true;
}

}  // namespace rha::node::commands
