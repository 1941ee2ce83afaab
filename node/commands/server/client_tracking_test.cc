// Client side caching: who is told of which change, when, and how.
#include "node/commands/testing/run_command.h"

namespace rha::node::commands {
namespace {

class TrackingTest : public CommandTest {
 protected:
  TrackingTest() {
    OursAlone();
    session_.protocol = 3;
  }
  std::string On(std::initializer_list<std::string_view> options = {}) {
    std::vector<std::string_view> words{"client", "tracking", "on"};
    words.insert(words.end(), options);
    return Run(resp::Args(words));
  }
  std::string ByOther(std::initializer_list<std::string_view> words) {
    return RunOn(other_, words);
  }
  // What the session is told until the turn has ended.
  std::string Told() {
    engine_.EndTurn();
    return Pushed(session_);
  }
};

TEST_F(TrackingTest, WhoHasReadAKeyIsToldOnceThatItHasChanged) {
  EXPECT_EQ(On(), "+OK");
  Run({"get", "k"});
  ByOther({"set", "other", "1"});
  EXPECT_EQ(Told(), "");
  ByOther({"set", "k", "1"});
  EXPECT_EQ(Told(), ">[$invalidate, [$k]]");
  ByOther({"set", "k", "2"});
  EXPECT_EQ(Told(), "");
  EXPECT_EQ(engine_.tracking().keys().keys(), 0u);
}

TEST_F(TrackingTest, EveryKeyThatACommandReadsIsRemembered) {
  On();
  Run({"mget", "a", "b"});
  Run({"sort_ro", "c"});
  Run({"xread", "streams", "d", "0"});
  Run({"zunion", "2", "e", "f"});
  Run({"set", "written", "1"});
  EXPECT_EQ(engine_.tracking().keys().keys(), 6u);
  ByOther({"mset", "f", "1", "a", "1"});
  EXPECT_EQ(Told(), ">[$invalidate, [$f]] >[$invalidate, [$a]]");
}

TEST_F(TrackingTest, AKeyThatAScriptHasReadAndThenChangesIsTold) {
  On();
  EXPECT_EQ(
      Run({"eval", "redis.call('get', KEYS[1]) return redis.call('set', KEYS[1], '1')", "1", "k"}),
      "+OK >[$invalidate, [$k]]");
  EXPECT_EQ(
      Run({"eval", "redis.call('set', KEYS[1], '2') return redis.call('get', KEYS[1])", "1", "k"}),
      "$2");
  ByOther({"set", "k", "3"});
  EXPECT_EQ(Told(), ">[$invalidate, [$k]]");
}

TEST_F(TrackingTest, AMessageForWhoseCommandRunsComesBehindTheReply) {
  On();
  Run({"get", "k"});
  EXPECT_EQ(Run({"incr", "k"}), ":1 >[$invalidate, [$k]]");
  Run({"get", "k"});
  Run({"multi"});
  Run({"incr", "k"});
  Run({"ping"});
  EXPECT_EQ(Run({"exec"}), "[:2, +PONG] >[$invalidate, [$k]]");
}

TEST_F(TrackingTest, NoLoopLeavesOutWhatTheSessionChangesItself) {
  On({"noloop"});
  Run({"mget", "own", "others"});
  EXPECT_EQ(Run({"set", "own", "1"}), "+OK");
  ByOther({"set", "others", "1"});
  EXPECT_EQ(Told(), ">[$invalidate, [$others]]");
}

TEST_F(TrackingTest, AKeyWhoseTimeIsOverIsNotOnesOwnDoing) {
  On({"noloop"});
  Run({"set", "k", "1", "px", "10"});
  Run({"get", "k"});
  Advance(11);
  EXPECT_EQ(Run({"get", "k"}), "(nil) >[$invalidate, [$k]]");
}

TEST_F(TrackingTest, TheSweepTellsOfWhatItDeletes) {
  On();
  Run({"set", "k", "1", "px", "10"});
  Run({"get", "k"});
  Advance(11);
  engine_.SweepSlice(1'000'000);
  EXPECT_EQ(Told(), ">[$invalidate, [$k]]");
}

TEST_F(TrackingTest, WhatOnlyAGroupOfAStreamKnowsIsNoChange) {
  Run({"xadd", "s", "1-1", "f", "v"});
  Run({"xgroup", "create", "s", "g", "0"});
  On();
  Run({"xrange", "s", "-", "+"});
  ByOther({"xreadgroup", "group", "g", "c", "streams", "s", ">"});
  EXPECT_EQ(Told(), "");
  ByOther({"xadd", "s", "2-1", "f", "v"});
  EXPECT_EQ(Told(), ">[$invalidate, [$s]]");
}

TEST_F(TrackingTest, AFlushAndASwapSayThatNothingIsValid) {
  On();
  Run({"get", "k"});
  ByOther({"flushall"});
  EXPECT_EQ(Told(), ">[$invalidate, (nil)]");
  EXPECT_EQ(engine_.tracking().keys().keys(), 0u);
  ByOther({"flushdb"});
  EXPECT_EQ(Told(), ">[$invalidate, (nil)]");
  ByOther({"swapdb", "0", "1"});
  EXPECT_EQ(Told(), ">[$invalidate, (nil)]");
  EXPECT_EQ(Run({"flushall"}), "+OK >[$invalidate, (nil)]");
}

TEST_F(TrackingTest, OptInRemembersTheCommandAfterCachingYes) {
  On({"optin"});
  Run({"get", "a"});
  EXPECT_EQ(Run({"client", "caching", "no"}),
            "-ERR CLIENT CACHING NO is only valid when tracking is enabled in OPTOUT mode.");
  EXPECT_EQ(Run({"client", "caching", "yes"}), "+OK");
  Run({"client", "id"});  // is not the command that was meant
  Run({"get", "b"});
  Run({"get", "c"});
  EXPECT_EQ(engine_.tracking().keys().keys(), 1u);
  Run({"client", "caching", "yes"});
  Run({"multi"});
  Run({"get", "d"});
  Run({"get", "e"});
  Run({"exec"});
  Run({"get", "f"});
  ByOther({"mset", "a", "1", "b", "1", "c", "1", "d", "1", "e", "1", "f", "1"});
  EXPECT_EQ(Told(), ">[$invalidate, [$b]] >[$invalidate, [$d]] >[$invalidate, [$e]]");
}

TEST_F(TrackingTest, OptOutForgetsTheCommandAfterCachingNo) {
  On({"optout"});
  Run({"client", "caching", "no"});
  Run({"get", "a"});
  Run({"get", "b"});
  ByOther({"mset", "a", "1", "b", "1"});
  EXPECT_EQ(Told(), ">[$invalidate, [$b]]");
}

TEST_F(TrackingTest, ByPrefixChangesAreToldTogetherWhenTheTurnEnds) {
  On({"bcast", "prefix", "a:", "prefix", "b:"});
  ByOther({"set", "b:1", "1"});
  ByOther({"set", "a:2", "1"});
  ByOther({"set", "a:1", "1"});
  ByOther({"set", "a:1", "2"});
  ByOther({"set", "c:1", "1"});
  EXPECT_EQ(Pushed(session_), "");
  EXPECT_EQ(Told(), ">[$invalidate, [$a:1, $a:2]] >[$invalidate, [$b:1]]");
  EXPECT_EQ(Told(), "");
}

TEST_F(TrackingTest, ByPrefixTheLastToChangeAKeyIsLeftOut) {
  On({"bcast", "noloop"});
  ByOther({"client", "tracking", "on", "bcast"});
  other_.protocol = 3;
  Run({"set", "own", "1"});
  Run({"set", "both", "1"});
  ByOther({"set", "both", "2"});
  engine_.EndTurn();
  EXPECT_EQ(Pushed(session_), ">[$invalidate, [$both]]");
  EXPECT_EQ(Pushed(other_), ">[$invalidate, [$both, $own]]");
}

TEST_F(TrackingTest, ALongListOfChangesLeavesBeforeTheTurnEnds) {
  On({"bcast"});
  const std::string name(300'000, 'n');
  for (const char* digit : {"1", "2", "3", "4"}) ByOther({"set", name + digit, "1"});
  EXPECT_NE(Pushed(session_), "");
}

TEST_F(TrackingTest, ARedirectionLeadsToASubscriberOfResp2) {
  session_.protocol = 2;
  const std::string id = std::to_string(other_.id);
  EXPECT_EQ(On({"redirect", id}), "+OK");
  EXPECT_EQ(Run({"client", "getredir"}), ":" + id);
  Run({"get", "k"});
  dispatch::Session third;
  engine_.Join(third);
  RunOn(third, {"set", "k", "1"});
  EXPECT_EQ(Pushed(other_), "") << "RESP2 has no pushes";
  RunOn(other_, {"subscribe", "__redis__:invalidate"});
  Pushed(other_);
  Run({"get", "k"});
  RunOn(third, {"set", "k", "2"});
  EXPECT_EQ(Pushed(other_), "[$message, $__redis__:invalidate, [$k]]");
  engine_.Leave(third);
}

TEST_F(TrackingTest, ABrokenRedirectionIsToldToWhoAskedForIt) {
  auto target = std::make_unique<dispatch::Session>();
  engine_.Join(*target);
  const std::string id = std::to_string(target->id);
  On({"redirect", id});
  Run({"get", "k"});
  engine_.Leave(*target);
  ByOther({"set", "k", "1"});
  EXPECT_EQ(Told(), ">[$tracking-redir-broken, :" + id + "]");
  EXPECT_EQ(Run({"client", "trackinginfo"}),
            "[$flags, [$on, $broken_redirect], $redirect, :" + id + ", $prefixes, []]");
}

TEST_F(TrackingTest, TheTableHoldsNoMoreKeysThanItMay) {
  engine_.tracking().set_keys_max(2);
  On();
  Run({"get", "a"});
  Run({"get", "b"});
  EXPECT_EQ(Told(), "");
  const std::string reply = Run({"get", "c"});
  EXPECT_THAT(reply, testing::HasSubstr(">[$invalidate, [$"));
  EXPECT_EQ(engine_.tracking().keys().keys(), 2u);
}

TEST_F(TrackingTest, NorMoreBytes) {
  engine_.tracking().set_keys_max(1000);
  On();
  for (int i = 0; i < 20; ++i) Run({"get", std::string(100'000, 'k') + std::to_string(i)});
  EXPECT_LE(engine_.tracking().keys().bytes(), size_t{1} << 20);
  EXPECT_GE(engine_.tracking().keys().keys(), 5u);
}

TEST_F(TrackingTest, WithTheLastSessionThatTracksTheTableGoes) {
  On();
  Run({"get", "a"});
  EXPECT_EQ(engine_.tracking().clients(), 1u);
  Run({"client", "tracking", "off"});
  EXPECT_EQ(engine_.tracking().clients(), 0u);
  EXPECT_EQ(engine_.tracking().keys().keys(), 0u);
  On({"bcast", "prefix", "p"});
  EXPECT_EQ(engine_.tracking().prefixes(), 1u);
  Run({"reset"});
  EXPECT_EQ(engine_.tracking().prefixes(), 0u);
  EXPECT_FALSE(keyspace_.interest().any());
}

TEST_F(TrackingTest, WishesThatContradictOneAnotherAreRefused) {
  EXPECT_EQ(On({"prefix", "p"}), "-ERR PREFIX option requires BCAST mode to be enabled");
  EXPECT_EQ(On({"optin", "optout"}), "-ERR You can't specify both OPTIN mode and OPTOUT mode");
  EXPECT_EQ(On({"bcast", "optin"}), "-ERR OPTIN and OPTOUT are not compatible with BCAST");
  EXPECT_EQ(On({"redirect", "999"}), "-ERR The client ID you want redirect to does not exist");
  EXPECT_EQ(On({"bcast", "prefix", "a", "prefix", "ab"}),
            "-ERR Prefix 'a' overlaps with another provided prefix 'ab'. Prefixes for a single "
            "client must not overlap.");
  EXPECT_EQ(On({"bcast", "prefix", "b", "prefix", "xy"}), "+OK");
  EXPECT_EQ(On({"bcast", "prefix", "x"}),
            "-ERR Prefix 'x' overlaps with an existing prefix 'xy'. Prefixes for a single client "
            "must not overlap.");
  EXPECT_THAT(On(), testing::HasSubstr("You can't switch BCAST mode"));
  EXPECT_EQ(Run({"client", "caching", "yes"}),
            "-ERR CLIENT CACHING YES is only valid when tracking is enabled in OPTIN mode.");
}

TEST_F(TrackingTest, OfAScriptThatReadsTheKeysNamedToItAreRemembered) {
  On({"noloop"});
  Run({"eval", "return redis.call('set', KEYS[1], 1)", "1", "a"});
  Run({"eval_ro", "return 1", "1", "a"});
  EXPECT_EQ(engine_.tracking().keys().keys(), 0u);
  EXPECT_EQ(
      Run({"eval", "redis.call('get', KEYS[1]) return redis.call('incr', KEYS[1])", "2", "a", "b"}),
      ":2");
  ByOther({"eval", "return redis.call('mset', KEYS[1], 1, KEYS[2], 1)", "2", "a", "b"});
  EXPECT_EQ(Told(), ">[$invalidate, [$b]]") << "a it has changed itself since it read it";
}

TEST_F(TrackingTest, ABlockedSessionIsToldBehindItsAnswer) {
  On();
  Run({"lrange", "dst", "0", "-1"});
  Run({"blmove", "src", "dst", "left", "right", "0"});
  ByOther({"rpush", "src", "x"});
  EXPECT_EQ(Told(), "$x >[$invalidate, [$dst]]");
}

TEST_F(TrackingTest, NoTouchLeavesTheTimeOfTheLastUse) {
  Run({"set", "k", "1"});
  Advance(100'000);
  Run({"client", "no-touch", "on"});
  Run({"get", "k"});
  EXPECT_NE(Run({"object", "idletime", "k"}), ":0");
  EXPECT_EQ(Run({"touch", "k"}), ":1");
  EXPECT_EQ(Run({"object", "idletime", "k"}), ":0");
}

TEST_F(TrackingTest, KillByAgeLeavesTheYounger) {
  Advance(10'000);
  dispatch::Session young;
  engine_.Join(young);
  EXPECT_EQ(Run({"client", "kill", "maxage", "0"}), "-ERR maxage should be greater than 0");
  EXPECT_EQ(Run({"client", "kill", "maxage", "5"}), ":1");
  EXPECT_TRUE(other_.closing);
  EXPECT_FALSE(young.closing);
  const std::string listed = Run({"client", "list"});
  EXPECT_THAT(listed, testing::Not(testing::HasSubstr("id=" + std::to_string(other_.id) + " ")))
      << "it is gone";
  EXPECT_THAT(listed, testing::HasSubstr("id=" + std::to_string(young.id) + " "));
  engine_.Leave(young);
}

}  // namespace
}  // namespace rha::node::commands
