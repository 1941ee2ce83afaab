// A Lua 5.1 interpreter in which scripts run one after the other, as Redis 7 runs them: nothing
// that one of them does is seen by the next, but through the data.
//
//   Compile(source) ─▶ a function ─▶ Run({function, keys, args, host}) ─▶ one reply
//   LoadLibrary(source, registrar) ─▶ functions, one for each redis.register_function
//
// Whatever a script does ends in a reply: errors, endless recursion, too much memory
// (LuaMemory::each_max), a host that says it has taken too long. All memory of Lua goes through one
// allocator that counts it.
//
// Thread rule: one owner; Run is not entered twice.
#pragma once

#include <array>
#include <cstdint>
#include <lua.hpp>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/resp/output_chain.h"
#include "common/resp/parser.h"
#include "common/resp/writer.h"
#include "node/scripting/host.h"
#include "node/scripting/json.h"
#include "node/scripting/limits.h"

namespace rha::node::scripting {

// Takes what a library registers while it is loaded.
class Registrar {
 public:
  virtual ~Registrar() = default;
  struct Registration {
    std::string_view name;
    std::optional<std::string> description;
    uint32_t flags = 0;  // ScriptFlag
    int function = 0;    // as Compile() gives one; whoever takes it forgets it
  };
  // Why it is refused; empty: it is taken.
  virtual std::string Register(const Registration& what) = 0;
  // Asked now and then; true: it has taken too long.
  virtual bool Overdue() = 0;
};

// Of several interpreters.
struct LuaMemory {
  int64_t held = 0;                 // by all of them
  int64_t each_max = kLuaBytesMax;  // by one
};

class Interpreter {
 public:
  // `memory` outlives it.
  explicit Interpreter(LuaMemory& memory);
  ~Interpreter();
  Interpreter(const Interpreter&) = delete;
  Interpreter& operator=(const Interpreter&) = delete;

  // False: `error` says why. The function stays until Forget().
  bool Compile(std::string_view source, int* function, std::string* error);
  void Forget(int function);
  // Runs the source of a library. False: `error` says why; what was registered until then has to be
  // forgotten.
  bool LoadLibrary(std::string_view source, Registrar& registrar, std::string* error);

  struct Invocation {
    int function;
    std::string_view name;  // the script's digest, for error messages
    resp::Args keys, args;
    Host* host;
    bool of_library = false;  // it gets keys and arguments as such, not as KEYS and ARGV
  };
  // Writes exactly one reply. True: it is an error that a command of the script was answered, so
  // that it is counted already.
  bool Run(const Invocation& invocation, resp::Writer& reply);

  // As the allocator counts.
  int64_t memory_bytes() const { return bytes_; }

  // ---- for the functions that scripts call (sandbox.cc, redis_api.cc)
  static Interpreter& Of(lua_State* L);
  Host* host() const { return host_; }
  Registrar* registrar() const { return registrar_; }  // null: no library is being loaded
  // The host has told it to end: nobody may catch that.
  bool interrupted() const { return interrupted_; }
  // Raises the error of that.
  static int EndInterrupted(lua_State* L);
  // The words of redis.call on the stack from 1 to `count`. False: an error is on top.
  bool TakeWords(lua_State* L, int count);
  resp::Args words() const { return words_; }
  // Host::Call with words(), the reply in reply().
  std::string CallHost();
  resp::OutputChain& reply() { return reply_; }
  uint32_t Random31();
  void SeedRandom(uint32_t seed);
  JsonOptions& json() { return json_; }

 private:
  struct Job;
  static void* Allocate(void* self, void* block, size_t old_size, size_t new_size);
  static void OnCount(lua_State* L, lua_Debug* where);
  static int RunJob(lua_State* L);
  static int CompileJob(lua_State* L);
  static int LoadLibraryJob(lua_State* L);
  void SetUp();
  void Hold(int64_t more);
  void CollectIfMuch();
  // Likewise.
  bool AnswerError(const Invocation& invocation, resp::Writer& reply);

  int64_t bytes_ = 0;
  LuaMemory& memory_;
  int64_t left_bytes_ = 0;  // by the last collection, or fewer since
  lua_State* lua_ = nullptr;
  Host* host_ = nullptr;
  Registrar* registrar_ = nullptr;
  bool interrupted_ = false;
  bool collecting_ = false;
  int runs_ = 0;
  std::array<unsigned short, 3> random_{0x330E, 0xABCD, 0x1234};
  std::vector<std::string_view> words_;
  std::string numbers_;  // text of numbers among words_
  resp::OutputChain reply_;
  JsonOptions json_;
};

}  // namespace rha::node::scripting
