#include "node/scripting/interpreter.h"

#include <cstdio>
#include <cstdlib>
#include <exception>

#include "common/base/check.h"
#include "node/scripting/convert.h"
#include "node/scripting/limits.h"
#include "node/scripting/redis_api.h"
#include "node/scripting/sandbox.h"

namespace rha::node::scripting {
namespace {

constexpr size_t kNumberBytesMax = 40;
constexpr size_t kReserveBytes = size_t{1} << 20;  // between scripts
constexpr unsigned short kRandomLow = 0x330E;      // as srand48(3) has it

int SetUpJob(lua_State* L) {
  OpenSandbox(L);
  return 0;
}

// Lua does not collect because memory ends; the next script must find some.
int CollectJob(lua_State* L) {
  lua_gc(L, LUA_GCCOLLECT, 0);
  return 0;
}

void SetList(lua_State* L, const char* name, resp::Args words) {
  lua_createtable(L, static_cast<int>(words.size()), 0);
  for (size_t i = 0; i < words.size(); ++i) {
    lua_pushlstring(L, words[i].data(), words[i].size());
    lua_rawseti(L, -2, static_cast<int>(i + 1));
  }
  SetScriptGlobal(L, name);
}

std::string_view Text(lua_State* L, int index) {
  size_t size = 0;
  const char* const text = lua_tolstring(L, index, &size);
  return text == nullptr ? std::string_view() : std::string_view(text, size);
}

// A field of an error table as text; empty: none. By the raw way: no script runs any more.
std::string ErrorField(lua_State* L, const char* name) {
  lua_pushstring(L, name);
  lua_rawget(L, -2);
  std::string text;
  if (lua_isstring(L, -1)) text = Text(L, -1);
  lua_pop(L, 1);
  return text;
}

}  // namespace

struct Interpreter::Job {
  const Invocation* invocation = nullptr;
  resp::Writer* reply = nullptr;
  std::string_view source;
  int function = LUA_NOREF;
  bool counted = false;
};

Interpreter::Interpreter() { SetUp(); }

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
  if (new_size == 0) {
    std::free(block);
    self.bytes_ -= old_size;
    return nullptr;
  }
  const size_t bytes_max = self.host_ != nullptr ? kLuaBytesMax : kLuaBytesMax + kReserveBytes;
  if (new_size > old_size && self.bytes_ + (new_size - old_size) > bytes_max) return nullptr;
  void* const moved = std::realloc(block, new_size);
  if (moved == nullptr) return nullptr;
  self.bytes_ += new_size - old_size;
  return moved;
}

int Interpreter::CompileJob(lua_State* L) {
  Job& job = *static_cast<Job*>(lua_touserdata(L, 1));
  PushEnvironment(L);
  lua_replace(L, LUA_GLOBALSINDEX);
  if (luaL_loadbuffer(L, job.source.data(), job.source.size(), "@user_script") != 0) {
    return lua_error(L);
  }
  job.function = luaL_ref(L, LUA_REGISTRYINDEX);
  return 0;
}

bool Interpreter::Compile(std::string_view source, int* function, std::string* error) {
  // What a compiler has made is not checked by Lua before it runs.
  if (source.starts_with(LUA_SIGNATURE[0])) {
    *error = "user_script: bytecode is not accepted, only source";
    return false;
  }
  Job job;
  job.source = source;
  const int failed = lua_cpcall(lua_, CompileJob, &job);
  if (failed != 0) *error = Text(lua_, -1);
  lua_settop(lua_, 0);
  *function = job.function;
  return failed == 0;
}

void Interpreter::Forget(int function) { luaL_unref(lua_, LUA_REGISTRYINDEX, function); }

void Interpreter::OnCount(lua_State* L, lua_Debug*) {
  Interpreter& self = Of(L);
  if (!self.interrupted_ && !self.host_->Interrupted()) return;
  self.interrupted_ = true;
  // From now on at every line: whoever catches the error gets the next one.
  lua_sethook(L, OnCount, LUA_MASKLINE, 0);
  PushError(L, kInterrupted);
  lua_error(L);
}

int Interpreter::RunJob(lua_State* L) {
  Job& job = *static_cast<Job*>(lua_touserdata(L, 1));
  const Invocation& what = *job.invocation;
  lua_pushcfunction(L, ExplainError);
  lua_rawgeti(L, LUA_REGISTRYINDEX, what.function);
  SetList(L, "KEYS", what.keys);
  SetList(L, "ARGV", what.args);
  if (what.watched) lua_sethook(L, OnCount, LUA_MASKCOUNT, kInstructionsBetweenLooks);
  const int failed = lua_pcall(L, 0, 1, -2);
  lua_sethook(L, nullptr, 0, 0);
  Interpreter& self = Of(L);
  if (failed == 0) {
    job.counted = WriteReply(L, self.host_->protocol(), *job.reply);
  } else {
    job.counted = self.AnswerError(what, *job.reply);
  }
  for (const char* name : {"KEYS", "ARGV"}) {
    lua_pushnil(L);
    SetScriptGlobal(L, name);
  }
  if (++self.runs_ % kScriptsPerCollection == 0) lua_gc(L, LUA_GCSTEP, kScriptsPerCollection);
  return 0;
}

bool Interpreter::Run(const Invocation& invocation, resp::Writer& reply) {
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
                std::string(Text(lua_, -1).substr(0, 100)));
  }
  lua_settop(lua_, 0);
  reply_.Clear();
  if (bytes_ > kLuaBytesMax / 2) (void)lua_cpcall(lua_, CollectJob, nullptr);
  return job.counted;
}

// The error is on top of the stack.
bool Interpreter::AnswerError(const Invocation& invocation, resp::Writer& reply) {
  lua_State* const L = lua_;
  const std::string name(invocation.name);
  if (!lua_istable(L, -1)) {
    const std::string text(lua_isstring(L, -1) ? Text(L, -1) : "execution failure");
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
