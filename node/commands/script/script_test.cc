#include "node/commands/testing/run_command.h"

namespace rha::node::commands {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

class ScriptTest : public CommandTest {
 protected:
  ScriptTest() { OursAlone(); }
};

TEST_F(ScriptTest, WhatItChangesLeavesInOneUnit) {
  EXPECT_EQ(Run({"eval",
                 "redis.call('set', KEYS[1], ARGV[1]) redis.call('get', 'k') "
                 "return redis.call('incr', KEYS[1])",
                 "1", "k", "1"}),
            ":2");
  EXPECT_THAT(propagated(), ElementsAre("[0] MULTI", "[0] set k 1", "[0] incr k", "[0] EXEC"));
  ForgetPropagated();
  Run({"eval", "return redis.call('get', 'k')", "0"});
  EXPECT_THAT(propagated(), IsEmpty());
  Run({"eval", "redis.call('set', 'k', 'v') error('late')", "0"});
  EXPECT_THAT(propagated(), ElementsAre("[0] set k v"));
}

TEST_F(ScriptTest, InATransactionItIsPartOfThat) {
  Run({"multi"});
  Run({"set", "a", "1"});
  Run({"eval", "return redis.call('incr', 'a')", "0"});
  EXPECT_EQ(Run({"exec"}), "[+OK, :2]");
  EXPECT_THAT(propagated(), ElementsAre("[0] MULTI", "[0] set a 1", "[0] incr a", "[0] EXEC"));
}

TEST_F(ScriptTest, ItSelectsADatabaseForItselfAlone) {
  Run({"eval", "redis.call('select', 5) return redis.call('set', 'k', 'v')", "0"});
  EXPECT_EQ(Run({"get", "k"}), "(nil)");
  EXPECT_THAT(propagated(), ElementsAre("[5] set k v"));
}

TEST_F(ScriptTest, WhoIsNotToBeToldIsNot) {
  Run({"eval",
       "redis.set_repl(redis.REPL_NONE) redis.call('set', 'a', 1) "
       "redis.set_repl(redis.REPL_AOF) redis.call('set', 'b', 1) "
       "redis.set_repl(redis.REPL_REPLICA) redis.call('set', 'c', 1)",
       "0"});
  EXPECT_THAT(propagated(), ElementsAre("[0] MULTI", "[0] set c 1", "[0] EXEC"));
}

TEST_F(ScriptTest, ItNeverWaits) {
  engine_.options().scripts_may_all = true;
  EXPECT_EQ(Run({"eval", "return redis.call('blpop', 'nothing', 0)", "0"}), "(nil)");
  EXPECT_EQ(session_.blocked, nullptr);
}

TEST_F(ScriptTest, WhoWaitsIsServedWhenItHasEnded) {
  RunOn(other_, {"blpop", "list", "0"});
  Run({"eval", "redis.call('lpush', 'list', 'a', 'b') return redis.call('llen', 'list')", "0"});
  EXPECT_EQ(Pushed(other_), "[$list, $b]");
  EXPECT_THAT(propagated(), ElementsAre("[0] lpush list a b", "[0] LPOP list"));
}

TEST_F(ScriptTest, ReadOnlyScriptsDoNotWrite) {
  EXPECT_THAT(Run({"eval_ro", "return redis.call('set', 'k', 'v')", "0"}),
              StartsWith("-ERR Write commands are not allowed from read-only scripts."));
  EXPECT_THAT(Run({"eval", "#!lua flags=no-writes\nreturn redis.call('set', 'k', 'v')", "0"}),
              HasSubstr("on @user_script:2."));
  EXPECT_EQ(Run({"eval_ro", "#!lua\nreturn 1", "0"}),
            "-ERR Can not execute a script with write flag using *_ro command.");
}

TEST_F(ScriptTest, AReplicaRunsWhatOnlyReads) {
  state_.is_replica = state_.primary_link_up = true;
  EXPECT_EQ(Run({"eval", "return 1", "0"}), ":1");
  EXPECT_THAT(Run({"eval", "return redis.call('set', 'k', 'v')", "0"}), StartsWith("-READONLY "));
  EXPECT_THAT(Run({"eval", "#!lua\nreturn 1", "0"}), StartsWith("-READONLY "));
  EXPECT_EQ(Run({"eval", "#!lua flags=no-writes\nreturn 1", "0"}), ":1");
  state_.primary_link_up = state_.replica_serve_stale_data = false;
  EXPECT_THAT(Run({"eval", "return 1", "0"}), StartsWith("-MASTERDOWN "));
  EXPECT_EQ(Run({"eval", "#!lua flags=no-writes,allow-stale\nreturn 1", "0"}), ":1");
}

TEST_F(ScriptTest, EnoughReplicasAreAskedForOnlyByWrites) {
  state_.min_replicas_to_write = 1;
  EXPECT_EQ(Run({"eval", "return redis.call('get', 'k') or 'none'", "0"}), "$none");
  EXPECT_THAT(Run({"eval", "return redis.call('set', 'k', 'v')", "0"}), StartsWith("-NOREPLICAS "));
}

TEST_F(ScriptTest, ScriptsAreKnownByTheirDigest) {
  const std::string digest = "e0e1f9fabfc9d4800c877a703b823ac0578ff8db";
  EXPECT_EQ(Run({"evalsha", digest, "0"}), "-NOSCRIPT No matching script. Please use EVAL.");
  EXPECT_EQ(Run({"script", "load", "return 1"}), "$" + digest);
  EXPECT_EQ(Run({"evalsha", digest, "0"}), ":1");
  EXPECT_EQ(Run({"script", "exists", digest, "x"}), "[:1, :0]");
  EXPECT_EQ(Run({"script", "flush", "async"}), "+OK");
  EXPECT_EQ(Run({"script", "exists", digest}), "[:0]");
  EXPECT_EQ(Run({"script", "kill"}), "-NOTBUSY No scripts in execution right now.");
}

constexpr const char* kLibrary =
    "#!lua name=lib\nredis.register_function('set', function(keys, args) "
    "return redis.call('set', keys[1], args[1]) end)";

TEST_F(ScriptTest, LibrariesArePropagatedAndFunctionsByWhatTheyDo) {
  EXPECT_EQ(Run({"function", "load", kLibrary}), "$lib");
  EXPECT_EQ(Run({"fcall", "set", "1", "k", "v"}), "+OK");
  EXPECT_EQ(Run({"function", "delete", "nosuch"}), "-ERR Library not found");
  EXPECT_EQ(Run({"function", "delete", "lib"}), "+OK");
  EXPECT_EQ(Run({"function", "flush"}), "+OK");
  EXPECT_THAT(propagated(), ElementsAre("[0] function load " + std::string(kLibrary), "[0] set k v",
                                        "[0] function delete lib", "[0] function flush"));
}

TEST_F(ScriptTest, AReplicaCallsWhatOnlyReads) {
  Run({"function", "load", kLibrary});
  Run({"function", "load",
       "#!lua name=reads\nredis.register_function{function_name='get', flags={'no-writes'}, "
       "callback=function(keys) return redis.call('get', keys[1]) end}"});
  state_.is_replica = state_.primary_link_up = true;
  EXPECT_THAT(Run({"fcall", "set", "1", "k", "v"}), StartsWith("-READONLY "));
  EXPECT_EQ(Run({"fcall", "get", "1", "k"}), "(nil)");
  EXPECT_EQ(Run({"fcall_ro", "get", "1", "k"}), "(nil)");
}

TEST_F(ScriptTest, LibrariesGoWithTheDataset) {
  Run({"function", "load", kLibrary});
  EXPECT_EQ(scripts_.libraries().Sources().size(), 1u);
  Run({"flushall"});
  EXPECT_EQ(scripts_.libraries().Sources().size(), 1u);
  keyspace_.Reset();
  EXPECT_EQ(Run({"fcall", "set", "1", "k", "v"}), "-ERR Function not found");
}

TEST_F(ScriptTest, NoScriptRunsInsideOfAnother) {
  engine_.options().scripts_may_all = true;
  Run({"function", "load", kLibrary});
  for (const char* const inner : {"'eval', 'return 1', 0", "'fcall', 'set', 1, 'k', 'v'",
                                  "'script', 'flush'", "'function', 'flush'"}) {
    const std::string outer = std::string("return redis.call(") + inner + ")";
    EXPECT_THAT(Run({"eval", outer, "0"}), StartsWith("-ERR This Redis command is not allowed"));
  }
}

TEST_F(ScriptTest, MonitorsSeeTheScriptBeforeWhatItCalls) {
  engine_.StartMonitor(other_);
  Run({"eval", "return redis.call('get', 'k')", "0"});
  EXPECT_THAT(Pushed(other_), testing::MatchesRegex(".*\"eval\".*\\[0 lua\\] \"get\" \"k\".*"));
}

TEST_F(ScriptTest, ItMayDoWhatItsUserMay) {
  Run({"acl", "setuser", "bob", "on", ">123", "+@scripting", "+set", "~x*"});
  RunOn(other_, {"auth", "bob", "123"});
  EXPECT_EQ(RunOn(other_, {"eval", "return redis.call('set', 'x1', 'v')", "0"}), "+OK");
  EXPECT_THAT(RunOn(other_, {"eval", "return redis.call('get', 'x1')", "0"}),
              StartsWith("-ERR The user executing the script can't run this command"));
  EXPECT_THAT(RunOn(other_, {"eval", "return redis.call('set', 'y', 'v')", "0"}),
              StartsWith("-ERR The user executing the script can't access at least one"));
  const char* const kMay =
      "return {redis.acl_check_cmd('set', 'x', 1), "
      "redis.acl_check_cmd('set', 'y', 1), redis.acl_check_cmd('get', 'x')}";
  EXPECT_EQ(RunOn(other_, {"eval", kMay, "0"}), "[:1, (nil), (nil)]");
  // Words that are missing or too many forbid nothing.
  EXPECT_EQ(RunOn(other_, {"eval", "return redis.acl_check_cmd('set')", "0"}), ":1");
  EXPECT_EQ(RunOn(other_, {"eval", "return redis.acl_check_cmd('set', 'y')", "0"}), "(nil)");
  EXPECT_EQ(RunOn(other_, {"eval", "return 1", "1", "y"}),
            "-NOPERM this user has no permissions to access one of the keys used as arguments");
}

TEST_F(ScriptTest, LuaWalksMapsOfRepliesInTheOrderThatItHasInRedis) {
  Run({"hset", "h", "name", "1", "consumers", "2", "pending", "3", "last-delivered-id", "4", "lag",
       "5", "entries-read", "6"});
  const char* const kFields =
      "redis.setresp(3) local fields = '' "
      "for field in pairs(redis.call('hgetall', 'h').map) do fields = fields .. field .. ' ' end "
      "return fields";
  EXPECT_EQ(Run({"eval", kFields, "0"}),
            "$last-delivered-id name entries-read pending consumers lag ");
}

TEST_F(ScriptTest, AScriptMayReadAndNotWriteWhileTheLastSaveHasFailed) {
  OursAlone();
  Run({"set", "k", "v"});
  state_.last_save_failed = true;
  EXPECT_EQ(Run({"eval", "return redis.call('get', KEYS[1])", "1", "k"}), "$v");
  EXPECT_THAT(Run({"eval", "return redis.call('set', KEYS[1], 'w')", "1", "k"}),
              StartsWith("-MISCONF "));
  EXPECT_THAT(Run({"eval", "#!lua\nreturn redis.call('get', KEYS[1])", "1", "k"}),
              StartsWith("-MISCONF "));
  EXPECT_EQ(Run({"publish", "channel", "message"}), ":0");
}

TEST_F(ScriptTest, NoKeyHasToGoForWhatLuaHolds) {
  OursAlone();
  uint64_t allocated = 0, freed = 0;  // those of an allocator; Lua's memory is in them
  state_.memory.Follow(&allocated, &freed);
  state_.memory.Set(100'000'000);
  const int64_t before = state_.memory.bytes();
  Run({"eval", "local s = string.rep('x', 1e6) return #s", "0"});
  EXPECT_LT(state_.memory.bytes() + 1'000'000, before);
  Run({"eval", "collectgarbage()", "0"});
  EXPECT_GT(state_.memory.bytes() + 500'000, before);
}

TEST_F(ScriptTest, AnErrorIsCountedOnce) {
  Run({"eval", "return redis.call('incr', 'k', 'x')", "0"});
  EXPECT_EQ(engine_.stats().error_replies, 1u);
  EXPECT_EQ(engine_.table().counters(*engine_.table().Find("eval")).failed, 1u);
  EXPECT_EQ(engine_.table().counters(*engine_.table().Find("incr")).rejected, 1u);
}

}  // namespace
}  // namespace rha::node::commands
