#include "node/scripting/interpreter.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "node/scripting/limits.h"
#include "node/scripting/script_cache.h"

namespace rha::node::scripting {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

// Answers every request with `answer`.
class FakeHost final : public Host {
 public:
  std::string Call(resp::Args request, resp::OutputChain* reply) override {
    called.assign(request.begin(), request.end());
    reply->Append(answer);
    return refusal;
  }
  int protocol() const override { return protocol_; }
  void SetProtocol(int protocol) override { protocol_ = protocol; }
  void SetAudience(int audience) override { audience_ = audience; }
  Permission MayCall(resp::Args) override { return Permission::kGranted; }
  bool Interrupted() override { return ++looks > looks_allowed; }

  std::string answer = "+OK\r\n", refusal;
  std::vector<std::string> called;
  int looks = 0, looks_allowed = 1 << 30;
  int protocol_ = 2, audience_ = 3;
};

class InterpreterTest : public testing::Test {
 protected:
  std::string Run(std::string_view source, std::vector<std::string_view> args = {}) {
    int function = 0;
    std::string error;
    if (!interpreter_.Compile(source, &function, &error)) return "compile: " + error;
    resp::OutputChain out;
    resp::Writer reply(&out, 2);
    interpreter_.Run(
        {.function = function, .name = "f00", .keys = {}, .args = args, .host = &host_}, reply);
    interpreter_.Forget(function);
    return out.ToString();
  }

  LuaMemory memory_;
  Interpreter interpreter_{memory_};
  FakeHost host_;
};

TEST_F(InterpreterTest, ValuesBecomeReplies) {
  EXPECT_EQ(Run("return 3.99"), ":3\r\n");
  EXPECT_EQ(Run("return 0/0"), ":-9223372036854775808\r\n");
  EXPECT_EQ(Run("return {1, 'a', {true, false}, nil, 5}"),
            "*3\r\n:1\r\n$1\r\na\r\n*2\r\n:1\r\n$-1\r\n");
  EXPECT_EQ(Run("return {ok='a\\nb'}"), "+a b\r\n");
  EXPECT_EQ(Run("return {err='MY error'}"), "-MY error\r\n");
  EXPECT_EQ(Run("return {err='-MY error'}"), "--MY error\r\n") << "a dash is a part of it";
  EXPECT_EQ(Run("return {ok='a\\0b'}"), "+a\r\n");
  EXPECT_EQ(Run("return {err='MY\\0error'}"), "-MY\r\n");
  EXPECT_EQ(Run("error('a\\0b')"), "-ERR user_script:1: a script: f00, on @user_script:1.\r\n");
  EXPECT_EQ(Run("return ARGV", {"x", ""}), "*2\r\n$1\r\nx\r\n$0\r\n\r\n");
}

TEST_F(InterpreterTest, RepliesBecomeValues) {
  host_.answer = "*3\r\n:1\r\n$-1\r\n*1\r\n$1\r\na\r\n";
  EXPECT_EQ(Run("local r = redis.call('x') return {r[1] + 1, tostring(r[2]), r[3][1]}"),
            "*3\r\n:2\r\n$5\r\nfalse\r\n$1\r\na\r\n");
  host_.answer = "%1\r\n$1\r\na\r\n,1.5\r\n";
  EXPECT_EQ(Run("return tostring(redis.call('x').map.a.double)"), "$3\r\n1.5\r\n");
  host_.answer = "-WRONGTYPE of something\r\n";
  EXPECT_EQ(Run("return redis.pcall('x').err"), "$22\r\nWRONGTYPE of something\r\n");
  EXPECT_EQ(Run("return redis.call('x')"),
            "-WRONGTYPE of something script: f00, on @user_script:1.\r\n");
}

TEST_F(InterpreterTest, NumbersAreSentWithAllTheirDigits) {
  Run("redis.call('x', 12345678901234567, 0.1)");
  EXPECT_THAT(host_.called, testing::ElementsAre("x", "12345678901234568", "0.10000000000000001"));
}

TEST_F(InterpreterTest, NothingLastsFromOneScriptToTheNext) {
  for (const char* change :
       {"x = 1", "KEYS = 1", "redis.call = 1", "string.rep = 1", "setmetatable(_G, {})",
        "rawset(_G, 'x', 1)", "getmetatable(_G).__index = 1", "getmetatable('').__index.rep = 1",
        "table.insert(_G, 1)", "table.sort(redis)", "local n, t = pairs(redis) t.x = 1"}) {
    EXPECT_THAT(Run(change), HasSubstr("Attempt to modify a readonly table")) << change;
  }
  EXPECT_THAT(Run("return x"), HasSubstr("nonexistent global variable 'x'"));
  EXPECT_EQ(Run("local n = 0 for name in pairs(redis) do n = n + 1 end return n > 15"), ":1\r\n");
}

TEST_F(InterpreterTest, BytecodeIsRefused) {
  EXPECT_EQ(Run("return (loadstring(string.dump(function() end)))"), "$-1\r\n");
  EXPECT_EQ(Run("return (load(function() return '\\27Lua' end))"), "$-1\r\n");
  EXPECT_THAT(Run("\033Lua"), HasSubstr("bytecode is not accepted"));
}

TEST_F(InterpreterTest, AScriptHoldsNoMoreThanAnEighthOfMaxmemory) {
  EXPECT_EQ(LuaBytesMax(0), kLuaBytesMax);
  EXPECT_EQ(LuaBytesMax(int64_t{100} << 20), kLuaBytesLeast);
  EXPECT_EQ(LuaBytesMax(int64_t{1} << 30), int64_t{128} << 20);
  EXPECT_EQ(LuaBytesMax(int64_t{64} << 30), kLuaBytesMax);
  const std::string script = "return #string.rep('x', 96 * 1024 * 1024)";
  EXPECT_EQ(Run(script), ":100663296\r\n");
  memory_.each_max = kLuaBytesLeast;
  EXPECT_THAT(Run(script), HasSubstr("not enough memory"));
  EXPECT_EQ(Run("return 1"), ":1\r\n");
}

// Each would have taken the server with it.
TEST_F(InterpreterTest, HostileScriptsEndInErrors) {
  EXPECT_THAT(Run("local function f() return 1 + f() end return f()"), StartsWith("-ERR "));
  EXPECT_THAT(Run("return string.rep('x', 2^40)"), HasSubstr("resulting string too large"));
  EXPECT_THAT(Run("local t = {} while true do t[#t + 1] = string.rep(#t, 1e7) end"),
              HasSubstr("not enough memory"));
  EXPECT_THAT(Run("local a = {} a[1] = a return a"), HasSubstr("reached lua stack limit"));
  EXPECT_THAT(Run("local a = {} a[1] = a a[2] = a return a"), StartsWith("-ERR "));
  EXPECT_THAT(Run("return ('a'):find(('.-'):rep(1e6))"), HasSubstr("pattern too complex"));
  EXPECT_THAT(Run("return cjson.decode(('['):rep(1e6))"), HasSubstr("too many nested"));
  EXPECT_THAT(Run("local t = {} t[1] = t return cjson.encode(t)"), HasSubstr("excessive nesting"));
  EXPECT_THAT(Run("return cmsgpack.unpack(('\\145'):rep(1e6))"), HasSubstr("too many nested"));
  EXPECT_THAT(Run("error(setmetatable({}, {__index = function() error('x') end}))"),
              StartsWith("-"));
  for (const char* range :
       {"0, 2147483647", "-2147483648, 2147483647", "-1, 2147483646", "1, 1e8"}) {
    EXPECT_THAT(Run("return {unpack({}, " + std::string(range) + ")}"),
                HasSubstr("too many results to unpack"));
  }
  for (const char* digits : {"-2147483648", "2147483648", "-6442450944", "'-2147483648'"}) {
    EXPECT_EQ(Run("return bit.tohex(255, " + std::string(digits) + ")"), "$8\r\n000000FF\r\n");
  }
  EXPECT_EQ(Run("return 1"), ":1\r\n");
}

TEST_F(InterpreterTest, WhoIsInterruptedCannotGoOn) {
  host_.looks_allowed = 1;
  EXPECT_THAT(Run("while true do end"), HasSubstr("Script killed by user"));
  host_.looks = 0;
  EXPECT_THAT(Run("while true do pcall(function() while true do end end) end"),
              HasSubstr("Script killed by user"));
  host_.looks = 0;
  EXPECT_THAT(Run("local function f() while true do end end\n"
                  "while true do coroutine.resume(coroutine.create(f)) end"),
              HasSubstr("Script killed by user"));
}

TEST_F(InterpreterTest, NoHandlerOfErrorsKeepsWhoIsInterrupted) {
  host_.looks_allowed = 1;
  EXPECT_THAT(Run("xpcall(function() while true do end end, function() while true do end end)"),
              HasSubstr("Script killed by user"));
  host_.looks = 0;
  EXPECT_THAT(Run("load(function() while true do end end) while true do end"),
              HasSubstr("Script killed by user"));
}

TEST_F(InterpreterTest, FunctionsInPlaceOfLuasDoTheSame) {
  EXPECT_EQ(Run("return {unpack({1, 2, 3}, 2)}"), "*2\r\n:2\r\n:3\r\n");
  EXPECT_EQ(Run("return #{unpack({1, 2, 3}, 3, 2)}"), ":0\r\n");
  EXPECT_EQ(Run("return {xpcall(function() return 1, 2 end, error)}"), "*3\r\n:1\r\n:1\r\n:2\r\n");
  EXPECT_EQ(
      Run("local ok, e = xpcall(function() error('a', 0) end, function(e) return e .. 'b' end) "
          "return {tostring(ok), e}"),
      "*2\r\n$5\r\nfalse\r\n$2\r\nab\r\n");
  EXPECT_EQ(Run("local ok, e = xpcall(error, error) return e"),
            "$23\r\nerror in error handling\r\n");
  EXPECT_EQ(Run("local f, e = load(function() error('a', 0) end) return e"), "$1\r\na\r\n");
  EXPECT_EQ(Run("return bit.tohex(255)"), "$8\r\n000000ff\r\n");
}

TEST_F(InterpreterTest, AReplyGrowsNoFurtherThanItsReaderMayHold) {
  class Limit final : public resp::OutputChain::Governor {
   public:
    bool MayHold(size_t bytes) override {
      most = std::max(most, bytes);
      return bytes < (size_t{1} << 20);
    }
    size_t most = 0;
  } limit;
  int function = 0;
  std::string error;
  ASSERT_TRUE(interpreter_.Compile(
      "local t, s = {}, string.rep('x', 1e6) for i = 1, 100 do t[i] = s end return t", &function,
      &error));
  resp::OutputChain out(&limit);
  resp::Writer reply(&out, 2);
  interpreter_.Run({.function = function, .name = "f", .keys = {}, .args = {}, .host = &host_},
                   reply);
  EXPECT_TRUE(out.overflowed());
  EXPECT_LT(limit.most, size_t{2} << 20);
}

TEST_F(InterpreterTest, MemoryIsCountedAndComesBack) {
  const int64_t before = interpreter_.memory_bytes();
  EXPECT_EQ(Run("local t = {} for i = 1, 1e5 do t[i] = i .. '' end collectgarbage() "
                "return collectgarbage('count') > 1000"),
            ":1\r\n");
  Run("collectgarbage()");
  EXPECT_LT(interpreter_.memory_bytes(), before + (1 << 20));
}

TEST_F(InterpreterTest, PackedValuesAreReadBack) {
  for (const char* round : {"cmsgpack.unpack(cmsgpack.pack(v))", "cjson.decode(cjson.encode(v))"}) {
    const std::string source = std::string("local v = {1, -1.5, 'x', {a = true, b = 70000}} ") +
                               "local w = " + round +
                               " return {w[1], tostring(w[2]), w[3], w[4].a, w[4].b}";
    EXPECT_EQ(Run(source), "*5\r\n:1\r\n$4\r\n-1.5\r\n$1\r\nx\r\n:1\r\n:70000\r\n") << round;
  }
  EXPECT_EQ(Run("return {struct.unpack('>I2<i4s', struct.pack('>I2<i4s', 258, -2, 'ab'))}"),
            "*4\r\n:258\r\n:-2\r\n$2\r\nab\r\n:10\r\n");
}

TEST(ScriptCacheTest, OnlyWhatWasLoadedStays) {
  LuaMemory memory;
  ScriptCache cache(memory);
  std::string error;
  const std::string kept = cache.Add("return 'kept'", true, &error)->digest;
  const std::string first = cache.Add("return 0", false, &error)->digest;
  for (size_t i = 1; i <= kEvalScriptsMax; ++i) {
    cache.Add("return " + std::to_string(i), false, &error);
  }
  EXPECT_EQ(cache.size(), kEvalScriptsMax + 1);
  EXPECT_EQ(cache.FindDigest(first), nullptr);
  EXPECT_NE(cache.FindDigest(kept), nullptr);
  EXPECT_GT(cache.cache_bytes(), 0);
  cache.Clear();
  EXPECT_EQ(cache.cache_bytes(), 0);
}

TEST(ShebangTest, SaysHowAScriptIsRun) {
  Shebang shebang;
  std::string error;
  EXPECT_TRUE(ParseShebang("return 1", &shebang, &error));
  EXPECT_EQ(shebang.flags, kWithoutShebang);
  EXPECT_TRUE(ParseShebang("#!lua flags=no-writes,allow-stale\nreturn 1", &shebang, &error));
  EXPECT_EQ(shebang.flags, kNoWrites | kAllowStale);
  EXPECT_EQ(shebang.bytes, 33u);
  EXPECT_FALSE(ParseShebang("#!lua", &shebang, &error));
  EXPECT_EQ(error, "Invalid script shebang");
  EXPECT_FALSE(ParseShebang("#!lua name=x\n", &shebang, &error));
  EXPECT_EQ(error, "Unknown lua shebang option: name=x");
}

}  // namespace
}  // namespace rha::node::scripting
