#include "node/scripting/interpreter.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <exception>

#include "common/base/check.h"
#include "node/scripting/convert.h"
#include "node/scripting/limits.h"
#include "node/scripting/lua_text.h"
#include "node/scripting/redis_api.h"
#include "node/scripting/sandbox.h"
#include "node/structs/heap.h"

namespace rha::node::scripting {
namespace {

constexpr size_t kNumberBytesMax = 40;
constexpr int64_t kReserveBytes = int64_t{1} << 20;  // between scripts
constexpr unsigned short kRandomLow = 0x330E;        // as srand48(3) has it

int SetUpJob(lua_State* L) {
  OpenSandbox(L);
  return 0;
}

int ShowGlobalsJob(lua_State* L) {
  ShowGlobals(L);
  return 0;
}

// Lua does not collect because memory ends; the next script must find some.
int CollectJob(lua_State* L) {
  lua_gc(L, LUA_GCCOLLECT, 0);
  return 0;
}

void PushList(lua_State* L, resp::Args words) {
  lua_createtable(L, static_cast<int>(words.size()), 0);
  for (size_t i = 0; i < words.size(); ++i) {
    lua_pushlstring(L, words[i].data(), words[i].size());
    lua_rawseti(L, -2, static_cast<int>(i + 1));
  }
}

// A field of an error table as text; empty: none. By the raw way: no script runs any more.
std::string ErrorField(lua_State* L, const char* name) {
  lua_pushstring(L, name);
  lua_rawget(L, -2);
  std::string text;
  if (lua_isstring(L, -1)) text = Message(L, -1);
  lua_pop(L, 1);
  return text;
}

}  // namespace

struct Interpreter::Job {
  const Invocation* invocation = nullptr;
  resp::Writer* reply = nullptr;
  std::string_view source;
  int function = LUA_NOREF;
  bool compiled = false;
  bool counted = false;
};

Interpreter::Interpreter(LuaMemory& memory) : memory_(memory) { SetUp(); }

Interpreter::~Interpreter() { lua_close(lua_); }

void Interpreter::SetUp() {
  lua_ = lua_newstate(Allocate, this);
  RHA_CHECK(lua_ != nullptr && lua_cpcall(lua_, SetUpJob, nullptr) == 0);
}

Interpreter& Interpreter::Of(lua_State* L) {
  void* self = nullptr;
  lua_getallocf(L, &self);
  return *static_cast<Interpreter*>(self);
}

void* Interpreter::Allocate(void* self_ptr, void* block, size_t old_size, size_t new_size) {
  auto& self = *static_cast<Interpreter*>(self_ptr);
  const size_t old_bytes = old_size == 0 ? 0 : structs::HeapClass(old_size);
  if (new_size == 0) {
    std::free(block);
    self.Hold(-static_cast<int64_t>(old_bytes));
    return nullptr;
  }
  const size_t new_bytes = structs::HeapClass(new_size);
  const bool runs = self.host_ != nullptr || self.registrar_ != nullptr;
  const int64_t bytes_max = self.memory_.each_max + (runs ? 0 : kReserveBytes);
  const auto more = static_cast<int64_t>(new_bytes) - static_cast<int64_t>(old_bytes);
  const bool fits = self.collecting_ || self.bytes_ + more <= bytes_max;
  if (more > 0 && !fits) return nullptr;
  void* const moved = std::realloc(block, new_size);
  if (moved == nullptr) return nullptr;
  self.Hold(more);
  return moved;
}

void Interpreter::Hold(int64_t more) {
  bytes_ += more;
  memory_.held += more;
}

namespace {

// Pushes the function; in the environment of scripts.
void LoadInEnvironment(lua_State* L, std::string_view source, const char* name) {
  PushEnvironment(L);
  lua_replace(L, LUA_GLOBALSINDEX);
  // What a compiler has made is not checked by Lua before it runs.
  if (source.starts_with(LUA_SIGNATURE[0])) {
    luaL_error(L, "%s: bytecode is not accepted, only source", name + 1);
  }
  if (LoadSource(L, source, name) != 0) lua_error(L);
}

}  // namespace

int Interpreter::CompileJob(lua_State* L) {
  Job& job = *static_cast<Job*>(lua_touserdata(L, 1));
  LoadInEnvironment(L, job.source, "@user_script");
  job.function = luaL_ref(L, LUA_REGISTRYINDEX);
  return 0;
}

bool Interpreter::Compile(std::string_view source, int* function, std::string* error) {
  CollectIfMuch();
  Job job;
  job.source = source;
  const int failed = lua_cpcall(lua_, CompileJob, &job);
  if (failed != 0) *error = Message(lua_, -1);
  lua_settop(lua_, 0);
  *function = job.function;
  return failed == 0;
}

int Interpreter::LoadLibraryJob(lua_State* L) {
  Job& job = *static_cast<Job*>(lua_touserdata(L, 1));
  LoadInEnvironment(L, job.source, "@user_function");
  job.compiled = true;
  ShowLibraryGlobals(L);
  lua_sethook(L, OnCount, LUA_MASKCOUNT, kInstructionsBetweenLooks);
  lua_call(L, 0, 0);
  return 0;
}

bool Interpreter::LoadLibrary(std::string_view source, Registrar& registrar, std::string* error) {
  CollectIfMuch();
  Job job;
  job.source = source;
  registrar_ = &registrar;
  interrupted_ = false;
  const int failed = lua_cpcall(lua_, LoadLibraryJob, &job);
  lua_sethook(lua_, nullptr, 0, 0);
  registrar_ = nullptr;
  (void)lua_cpcall(lua_, ShowGlobalsJob, nullptr);
  if (failed != 0 && !job.compiled) {
    *error = "Error compiling function: " + std::string(Message(lua_, -1));
  } else if (failed != 0) {
    const std::string text =
        lua_istable(lua_, -1) ? ErrorField(lua_, "err") : "ERR " + std::string(Message(lua_, -1));
    *error = "Error registering functions: " + text;
  }
  lua_settop(lua_, 0);
  CollectIfMuch();
  return failed == 0;
}

void Interpreter::Forget(int function) { luaL_unref(lua_, LUA_REGISTRYINDEX, function); }

void Interpreter::OnCount(lua_State* L, lua_Debug*) {
  Interpreter& self = Of(L);
  const bool loads = self.registrar_ != nullptr;
  if (!self.interrupted_ && !(loads ? self.registrar_->Overdue() : self.host_->Interrupted())) {
    return;
  }
  self.interrupted_ = true;
  // From now on at every line: whoever catches the error gets the next one.
  lua_sethook(L, OnCount, LUA_MASKLINE, 0);
  EndInterrupted(L);
}

int Interpreter::EndInterrupted(lua_State* L) {
  PushError(L, Of(L).registrar_ != nullptr ? "ERR FUNCTION LOAD timeout" : kInterrupted);
  return lua_error(L);
}

int Interpreter::RunJob(lua_State* L) {
  Job& job = *static_cast<Job*>(lua_touserdata(L, 1));
  const Invocation& what = *job.invocation;
  lua_settop(L, 0);
  lua_pushcfunction(L, ExplainError);
  lua_rawgeti(L, LUA_REGISTRYINDEX, what.function);
  PushList(L, what.keys);
  if (!what.of_library) SetScriptGlobal(L, "KEYS");
  PushList(L, what.args);
  if (!what.of_library) SetScriptGlobal(L, "ARGV");
  const int arguments = what.of_library ? 2 : 0;
  lua_sethook(L, OnCount, LUA_MASKCOUNT, kInstructionsBetweenLooks);
  const int failed = lua_pcall(L, arguments, 1, 1);
  lua_sethook(L, nullptr, 0, 0);
  Interpreter& self = Of(L);
  if (failed == 0) {
    job.counted = WriteReply(L, self.host_->protocol(), *job.reply);
  } else {
    job.counted = self.AnswerError(what, *job.reply);
  }
  if (!what.of_library) {
    for (const char* name : {"KEYS", "ARGV"}) {
      lua_pushnil(L);
      SetScriptGlobal(L, name);
    }
  }
  if (++self.runs_ % kScriptsPerCollection == 0) lua_gc(L, LUA_GCSTEP, kScriptsPerCollection);
  return 0;
}

bool Interpreter::Run(const Invocation& invocation, resp::Writer& reply) {
  CollectIfMuch();  // the limit may have become less
  host_ = invocation.host;
  interrupted_ = false;
  Job job;
  job.invocation = &invocation;
  job.reply = &reply;
  const size_t written_before = reply.out()->size();
  const int failed = lua_cpcall(lua_, RunJob, &job);
  lua_sethook(lua_, nullptr, 0, 0);
  host_ = nullptr;
  if (failed != 0 && reply.out()->size() == written_before && !reply.out()->overflowed()) {
    reply.Error("ERR Error running script " + std::string(invocation.name) + ", " +
                std::string(Message(lua_, -1).substr(0, 100)));
  }
  lua_settop(lua_, 0);
  reply_.Clear();
  CollectIfMuch();
  return job.counted;
}

// Half-way from what the last collection had to leave to what may be held at most.
void Interpreter::CollectIfMuch() {
  left_bytes_ = std::min(left_bytes_, bytes_);
  if (bytes_ <= left_bytes_ + (memory_.each_max - left_bytes_) / 2) return;
  collecting_ = true;  // it takes a little to give back much
  (void)lua_cpcall(lua_, CollectJob, nullptr);
  collecting_ = false;
  left_bytes_ = bytes_;
}

// The error is on top of the stack.
bool Interpreter::AnswerError(const Invocation& invocation, resp::Writer& reply) {
  lua_State* const L = lua_;
  const std::string name(invocation.name);
  if (!lua_istable(L, -1)) {
    const std::string text(lua_isstring(L, -1) ? Message(L, -1) : "execution failure");
    reply.Error("ERR Error running script " + name + ", " + text.substr(0, 100));
    return false;
  }
  std::string text = ErrorField(L, "err");
  const std::string source = ErrorField(L, "source"), line = ErrorField(L, "line");
  if (!source.empty() && !line.empty()) {
    text += " script: " + name + ", on " + source + ":" + line + ".";
  }
  reply.Error(text.empty() ? "ERR " : text);
  lua_pushliteral(L, "ignore_error_stats_update");
  lua_rawget(L, -2);
  const bool counted = lua_toboolean(L, -1) != 0;
  lua_pop(L, 1);
  return counted;
}

bool Interpreter::TakeWords(lua_State* L, int count) {
  if (count == 0) {
    PushError(L, "ERR Please specify at least one argument for this redis lib call");
    return false;
  }
  words_.clear();
  numbers_.clear();
  numbers_.reserve(static_cast<size_t>(count) * kNumberBytesMax);  // so that no view moves
  for (int i = 1; i <= count; ++i) {
    if (lua_type(L, i) == LUA_TNUMBER) {  // Lua's own conversion would lose digits
      char text[kNumberBytesMax];
      const int size = std::snprintf(text, sizeof text, "%.17g", lua_tonumber(L, i));
      const size_t at = numbers_.size();
      numbers_.append(text, static_cast<size_t>(size));
      words_.push_back(std::string_view(numbers_).substr(at));
    } else if (lua_type(L, i) == LUA_TSTRING) {
      words_.push_back(Text(L, i));
    } else {
      PushError(L, "ERR Lua redis lib command arguments must be strings or integers");
      return false;
    }
  }
  return true;
}

std::string Interpreter::CallHost() {
  reply_.Clear();
  try {
    return host_->Call(words_, &reply_);
  } catch (const std::exception& error) {
    return "ERR " + std::string(error.what());
  }
}

// Redis' own generator: that of drand48(3), the same on every machine.
uint32_t Interpreter::Random31() { return static_cast<uint32_t>(::nrand48(random_.data())); }

void Interpreter::SeedRandom(uint32_t seed) {
  random_ = {kRandomLow, static_cast<unsigned short>(seed),
             static_cast<unsigned short>(seed >> 16)};
}

}  // namespace rha::node::scripting
