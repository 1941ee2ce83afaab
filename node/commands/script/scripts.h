// The node's scripts and libraries of functions, and the one that runs, if any.
//
//   EVAL ──▶ cache ─────┬▶ Invoke() ─▶ may it run? ─▶ Interpreter::Run
//   FCALL ─▶ libraries ─┘                                ├─ each redis.call ─▶ ScriptRun::Call
//                                                        └─ beyond busy-reply-threshold: others are
//                                answered BUSY, and SCRIPT KILL or FUNCTION KILL ends it
//
// A script's changes are propagated as EXEC's are: the commands it has called, in one unit.
// Thread rule: the engine's thread.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "node/dispatch/context.h"
#include "node/dispatch/services.h"
#include "node/keyspace/libraries.h"
#include "node/scripting/library_set.h"
#include "node/scripting/script_cache.h"

namespace rha::node::commands {

class ScriptRun;

// The libraries of one dataset.
class DatasetLibraries final : public keyspace::Libraries {
 public:
  explicit DatasetLibraries(scripting::Interpreter& interpreter)
      : interpreter_(interpreter), set_(interpreter) {}

  scripting::LibrarySet& set() { return set_; }
  const scripting::LibrarySet& set() const { return set_; }

  std::vector<std::string> Sources() const override;
  Status Load(std::string_view source, bool replace) override;
  void Clear() override { set_.Clear(); }
  std::unique_ptr<keyspace::Libraries> Beside() override;
  void Adopt(keyspace::Libraries& loaded) override;

 private:
  scripting::Interpreter& interpreter_;
  scripting::LibrarySet set_;
};

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
  // FCALL function numkeys [key ...] [arg ...], FCALL_RO: writes the reply.
  void CallFunction(dispatch::Context& ctx, bool read_only);
  // What the script or function named in a request may do, as flags of its command.
  uint32_t FlagsOfScript(resp::Args words, bool by_digest, uint32_t flags);
  uint32_t FlagsOfFunction(resp::Args words, uint32_t flags) const;
  // SCRIPT KILL or FUNCTION KILL: writes the reply.
  void Kill(dispatch::Context& ctx, bool of_library);

  scripting::ScriptCache& cache() { return cache_; }
  DatasetLibraries& libraries() { return libraries_; }
  scripting::Interpreter& function_interpreter() { return function_interpreter_; }
  const ScriptRun* running() const { return running_; }  // null: none

  // ---- dispatch::ScriptService
  Usage usage() const override;
  const int64_t& held_bytes() const override { return memory_.held; }
  void LimitMemory(int64_t maxmemory) override {
    memory_.each_max = scripting::LuaBytesMax(maxmemory);
  }
  void Abandon() override;

 private:
  struct Callee {
    scripting::Interpreter& interpreter;
    int function;
    std::string_view name;
    uint32_t flags;  // ScriptFlag
    bool of_library;
  };
  // The keys, whose number is `keys`, begin at argument 3.
  void Invoke(dispatch::Context& ctx, const Callee& callee, int64_t keys, bool read_only);
  const scripting::Script* Find(dispatch::Context& ctx, bool by_digest);

  scripting::LuaMemory memory_;
  scripting::ScriptCache cache_{memory_};
  scripting::Interpreter function_interpreter_{memory_};
  DatasetLibraries libraries_{function_interpreter_};
  dispatch::Session session_;     // by which scripts call commands
  ScriptRun* running_ = nullptr;  // null: none
  bool abandoned_ = false;        // the process ends in the middle of it
};

}  // namespace rha::node::commands
