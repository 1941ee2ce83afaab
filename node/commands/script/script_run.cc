#include "node/commands/script/script_run.h"

#include "common/base/log.h"
#include "node/dispatch/gates.h"

namespace rha::node::commands {
namespace {

using enum dispatch::CommandFlag;
using dispatch::CommandSpec;
using dispatch::SessionKind;

constexpr std::string_view kScriptBusy =
    "BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE.";
constexpr std::string_view kFunctionBusy =
    "BUSY Redis is busy running a script. You can only call FUNCTION KILL or SHUTDOWN NOSAVE.";

std::string DeniedText(acl::Denied denied) {
  const std::string_view what =
      denied == acl::Denied::kKey
          ? "can't access at least one of the keys mentioned in the command arguments"
      : denied == acl::Denied::kChannel ? "can't publish to the channel mentioned in the command"
                                        : "can't run this command or subcommand";
  return "ERR The user executing the script " + std::string(what);
}

}  // namespace

ScriptRun::ScriptRun(dispatch::Engine& engine, dispatch::Session& session, const Rules& rules)
    : engine_(engine),
      session_(session),
      rules_(rules),
      began_(engine.clock().Now()),
      out_of_memory_(engine.out_of_memory()) {}

ScriptRun::~ScriptRun() { engine_.state().busy = {}; }

std::string ScriptRun::Call(resp::Args request, resp::OutputChain* reply) {
  const CommandSpec* const spec = engine_.table().Resolve(request).spec;
  std::string refusal = Refusal(spec, request);
  if (!refusal.empty()) {
    engine_.CountRefused(spec, refusal);
    return refusal;
  }
  has_written_ = has_written_ || spec->Has(kWrite);
  resp::Writer writer(reply, session_.protocol);
  engine_.CallInside(session_, *spec, request, writer);
  if (spec->Has(kReadonly) && rules_.on_read) rules_.on_read();
  return {};
}

// Empty: it may be called.
std::string ScriptRun::Refusal(const CommandSpec* spec, resp::Args request) {
  if (spec == nullptr) return "ERR Unknown Redis command called from script";
  if (!spec->ArityFits(request.size()) || spec->handler == nullptr) {
    return "ERR Wrong number of args calling Redis command from script";
  }
  // No script runs inside of another, and none takes away what runs.
  const bool scripting = (spec->acl & dispatch::kAclScripting) != 0;
  if (spec->Has(kNoscript) && (scripting || !engine_.options().scripts_may_all)) {
    return "ERR This Redis command is not allowed from script";
  }
  return NotNow(*spec, request);
}

std::string ScriptRun::NotNow(const CommandSpec& spec, resp::Args request) {
  const dispatch::GateQuestion question{engine_, session_, spec, request, spec.flags};
  std::string scratch;
  if (!FreshEnough(question, &scratch).empty()) {
    return "ERR Can not execute the command on a stale replica";
  }
  const acl::Denied denied =
      engine_.permissions().Ask(session_, spec, request, acl::Where::kScript);
  if (denied != acl::Denied::kNothing) return DeniedText(denied);
  if (rules_.read_only && spec.Has(kWrite | kMayReplicate)) {
    return "ERR Write commands are not allowed from read-only scripts.";
  }
  if (has_written_) return {};  // half of it would be worse
  if (spec.Has(kWrite)) {
    const std::string_view refusal = MayWriteNow(question, &scratch);
    if (!refusal.empty()) return std::string(refusal);
  }
  const bool counts = out_of_memory_ && !rules_.allow_oom && rules_.killable;
  if (counts && spec.Has(kDenyOom)) {
    return "OOM command not allowed when used memory > 'maxmemory'.";
  }
  return {};
}

void ScriptRun::SetAudience(int audience) {
  session_.audience = static_cast<dispatch::Audience>(audience);
}

ScriptRun::Permission ScriptRun::MayCall(resp::Args request) {
  const CommandSpec* const spec = engine_.table().Resolve(request).spec;
  if (spec == nullptr) return Permission::kUnknownCommand;
  if (session_.user == nullptr) return Permission::kGranted;
  const acl::Verdict verdict = engine_.permissions().Judge(*session_.user, *spec, request);
  return verdict.denied == acl::Denied::kNothing ? Permission::kGranted : Permission::kDenied;
}

std::string_view ScriptRun::busy() const { return rules_.of_library ? kFunctionBusy : kScriptBusy; }

int64_t ScriptRun::elapsed_ms() const {
  return std::chrono::duration_cast<Millis>(engine_.clock().Now() - began_).count();
}

// To them a server that does not answer is dead, long before others are to be refused.
void ScriptRun::TellWatchers(int64_t elapsed) {
  if (elapsed < tell_watchers_at_ms_) return;
  tell_watchers_at_ms_ = elapsed + kWatchersToldPeriod.count();
  engine_.state().busy = busy();
  engine_.ServeWhileBusy(dispatch::ServerService::Whom::kWatchers);
  engine_.state().busy = {};
}

bool ScriptRun::Interrupted() {
  const std::string_view killer = rules_.of_library ? "FUNCTION KILL" : "SCRIPT KILL";
  if (engine_.state().busy.empty()) {
    const int64_t elapsed = elapsed_ms();
    const int64_t limit = engine_.options().busy_after_ms;
    if (limit == 0 || elapsed < limit) {
      TellWatchers(elapsed);
      return killed_;
    }
    log::Warn(
        "Slow script detected: still in execution after {} milliseconds. You can try killing the "
        "script using the {} command. Script name is: {}.",
        elapsed, killer, rules_.name);
    engine_.state().busy = busy();
  }
  engine_.ServeWhileBusy(dispatch::ServerService::Whom::kEverybody);
  if (killed_) log::Warn("Lua script killed by user with {}.", killer);
  return killed_;
}

}  // namespace rha::node::commands
