// The node's scripts: the cache, and the one that runs, if any.
//
//   EVAL ─▶ Eval() ─▶ may it run? ─▶ Interpreter::Run ─▶ ScriptRun::Call for each redis.call
//                                         └─ takes longer than busy-reply-threshold: others are
//                                            answered BUSY, and SCRIPT KILL ends it
//
// A script's changes are propagated as EXEC's are: the commands it has called, in one unit.
// Thread rule: the engine's thread.
#pragma once

#include <memory>
#include <string_view>

#include "node/dispatch/context.h"
#include "node/dispatch/services.h"
#include "node/scripting/script_cache.h"

namespace rha::node::commands {

class ScriptRun;

class Scripts final : public dispatch::ScriptService {
 public:
  Scripts();
  ~Scripts() override;

  // Those that the commands of this context use.
  static Scripts& Of(const dispatch::Context& ctx);

  struct EvalKind {
    bool by_digest = false;  // EVALSHA
    bool read_only = false;  // EVAL_RO
  };
  // EVAL script numkeys [key ...] [arg ...] and its kin: writes the reply.
  void Eval(dispatch::Context& ctx, EvalKind kind);
  // What the script named in a request may do, as flags of its command.
  uint32_t Flags(resp::Args words, bool by_digest, uint32_t flags);
  // SCRIPT KILL: writes the reply.
  void Kill(dispatch::Context& ctx);

  scripting::ScriptCache& cache() { return cache_; }

  // ---- dispatch::ScriptService
  Usage usage() const override;
  void Abandon() override;

 private:
  const scripting::Script* Find(dispatch::Context& ctx, bool by_digest);

  scripting::ScriptCache cache_;
  dispatch::Session session_;     // by which scripts call commands
  ScriptRun* running_ = nullptr;  // null: none
  bool abandoned_ = false;        // the process ends in the middle of it
};

}  // namespace rha::node::commands
