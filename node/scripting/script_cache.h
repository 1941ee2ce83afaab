// The scripts that EVAL and SCRIPT LOAD have brought, compiled, by their SHA-1.
//
// Scripts of SCRIPT LOAD stay until Clear(), as their client was promised. Of those that only EVAL
// has brought the kEvalScriptsMax last used stay: a program that writes its arguments into its
// scripts would fill the memory otherwise.
//
// Invariant: a Script stays where it is until it is dropped; who holds one while another is added
// asks again. Thread rule: the interpreter's thread.
#pragma once

#include <cstdint>
#include <list>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

#include "node/scripting/interpreter.h"
#include "node/scripting/shebang.h"

namespace rha::node::scripting {

struct Script {
  std::string digest;  // 40 lower-case hexadecimal digits
  std::string body;
  uint32_t flags = 0;  // ScriptFlag
  int function = 0;
  bool loaded = false;                      // by SCRIPT LOAD
  std::list<const Script*>::iterator turn;  // unless loaded
};

class ScriptCache {
 public:
  explicit ScriptCache(LuaMemory& memory)
      : memory_(memory), interpreter_(std::make_unique<Interpreter>(memory)) {}

  // Null: it is not there. Digits in any case.
  const Script* FindDigest(std::string_view digest);
  const Script* FindBody(std::string_view body);
  // Compiles it unless it is there already. `load`: it stays. Null: `error` says why, without code.
  const Script* Add(std::string_view body, bool load, std::string* error);
  // With all that Lua holds.
  void Clear();

  Interpreter& interpreter() { return *interpreter_; }
  int64_t interpreter_bytes() const { return interpreter_->memory_bytes(); }
  int64_t cache_bytes() const { return bytes_; }
  size_t size() const { return by_digest_.size(); }
  // Dropped for others, so far.
  int64_t evicted() const { return evicted_; }

 private:
  const Script* Used(Script& script);
  void DropLongestUnused();

  LuaMemory& memory_;
  std::unique_ptr<Interpreter> interpreter_;
  std::unordered_map<std::string_view, std::unique_ptr<Script>> by_digest_;  // the script's own
  std::unordered_map<std::string_view, Script*> by_body_;                    // likewise
  std::list<const Script*> turns_;                                           // longest unused first
  int64_t bytes_ = 0;
  int64_t evicted_ = 0;
};

}  // namespace rha::node::scripting
