#include <functional>
#include <optional>
#include <utility>

#include "node/commands/testing/run_command.h"

namespace rha::node::commands {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::StartsWith;

class SessionTest : public CommandTest {
 protected:
  SessionTest() { OursAlone(); }
};

TEST_F(SessionTest, UnknownCommandsAreNamed) {
  EXPECT_EQ(Run({"foo", "a", "b"}),
            "-ERR unknown command 'foo', with args beginning with: 'a' 'b' ");
  EXPECT_EQ(Run({"config", "foo"}), "-ERR unknown subcommand 'foo'. Try CONFIG HELP.");
  EXPECT_EQ(Run({"config|get", "foo"}),
            "-ERR unknown command 'config|get', with args beginning with: 'foo' ");
  EXPECT_EQ(Run({"get"}), "-ERR wrong number of arguments for 'get' command");
}

TEST_F(SessionTest, AModuleIsRefusedAsWhatItIsWhateverIsAllowed) {
  for (const char* how : {"load", "loadex"}) {
    EXPECT_THAT(Run({"module", how, "/x.so"}),
                StartsWith("-ERR Error loading the extension: this server has no module API"));
  }
  EXPECT_THAT(Run({"module", "unload", "x"}), StartsWith("-ERR MODULE command not allowed."));
}

TEST_F(SessionTest, TransactionsAreAtomicForReplicas) {
  EXPECT_EQ(Run({"multi"}), "+OK");
  EXPECT_EQ(Run({"set", "a", "1"}), "+QUEUED");
  EXPECT_EQ(Run({"get", "a"}), "+QUEUED");
  EXPECT_EQ(Run({"incr", "a"}), "+QUEUED");
  EXPECT_THAT(propagated(), IsEmpty());
  EXPECT_EQ(Run({"exec"}), "[+OK, $1, :2]");
  EXPECT_THAT(propagated(), ElementsAre("[0] MULTI", "[0] set a 1", "[0] incr a", "[0] EXEC"));
}

TEST_F(SessionTest, ATransactionOfOneChangeNeedsNoFrame) {
  Run({"multi"});
  Run({"set", "a", "1"});
  Run({"exec"});
  EXPECT_THAT(propagated(), ElementsAre("[0] set a 1"));
}

TEST_F(SessionTest, ALargeTransactionLeavesInOneFrameToo) {
  const std::string large(700'000, 'x');
  Run({"multi"});
  Run({"set", "a", large});
  Run({"select", "1"});
  Run({"set", "b", large});
  Run({"set", "c", large});
  Run({"set", "d", "v"});
  Run({"exec"});
  const std::vector<std::string> expected = {"[0] MULTI",          "[0] set a " + large,
                                             "[1] set b " + large, "[1] set c " + large,
                                             "[1] set d v",        "[1] EXEC"};
  EXPECT_EQ(propagated(), expected);
}

TEST_F(SessionTest, WhatAUnitChangesIsNotKeptUntilItsEnd) {
  const std::string large(700'000, 'x');
  const std::string_view change[] = {"set", "k", large};
  for (int i = 0; i < 5; ++i) engine_.propagation().Add(0, change);
  EXPECT_EQ(propagated().size(), 1u + 4u) << "MULTI, and two by two";
  engine_.propagation().Flush();
  EXPECT_EQ(propagated().size(), 1u + 5u + 1u);
}

TEST_F(SessionTest, OneLargeChangeNeedsNoFrame) {
  const std::string large(3'000'000, 'x');
  Run({"set", "a", large});
  EXPECT_EQ(propagated(), std::vector<std::string>{"[0] set a " + large});
}

TEST_F(SessionTest, WhatIsDoneAfterAUnitComesBehindAllOfIt) {
  int done = 0;
  engine_.AfterUnit([&] { ++done; });
  EXPECT_EQ(done, 1) << "at once, since nothing runs";
  EXPECT_FALSE(engine_.in_unit());
}

TEST_F(SessionTest, AReplicaThatLostItsDatasetAnswersNothing) {
  OursAlone();
  Run({"set", "k", "v"});
  state_.is_replica = true;
  state_.dataset = dispatch::Dataset::kUnknown;
  EXPECT_THAT(Run({"get", "k"}), StartsWith("-MASTERDOWN Loading"));
  EXPECT_EQ(Run({"ping"}), "+PONG");
  state_.dataset = dispatch::Dataset::kWhole;
  EXPECT_EQ(Run({"get", "k"}), "$v");
}

TEST_F(SessionTest, ARefusedCommandFailsTheTransaction) {
  Run({"multi"});
  EXPECT_THAT(Run({"set", "a"}), StartsWith("-ERR wrong number"));
  EXPECT_EQ(Run({"exec"}), "-EXECABORT Transaction discarded because of previous errors.");
  EXPECT_EQ(Run({"exec"}), "-ERR EXEC without MULTI");
}

TEST_F(SessionTest, WatchSeesOthersAndExpiry) {
  Run({"set", "k", "v", "px", "100"});
  Run({"watch", "k"});
  RunOn(other_, {"append", "k", "x"});
  Run({"multi"});
  Run({"set", "k", "mine"});
  EXPECT_EQ(Run({"exec"}), "(nil)");
  Run({"watch", "k"});
  Advance(101);
  Run({"multi"});
  Run({"ping"});
  EXPECT_EQ(Run({"exec"}), "(nil)");
  Run({"watch", "k"});
  Run({"unwatch"});
  RunOn(other_, {"set", "k", "x"});
  Run({"multi"});
  Run({"ping"});
  EXPECT_EQ(Run({"exec"}), "[+PONG]");
}

TEST_F(SessionTest, FlushTouchesWatchedKeysThatExist) {
  Run({"watch", "missing"});
  RunOn(other_, {"flushall"});
  Run({"multi"});
  EXPECT_EQ(Run({"exec"}), "[]");
  Run({"set", "k", "v"});
  Run({"watch", "k"});
  RunOn(other_, {"flushall"});
  Run({"multi"});
  EXPECT_EQ(Run({"exec"}), "(nil)");
}

TEST_F(SessionTest, PublishReachesChannelsAndPatterns) {
  EXPECT_EQ(RunOn(other_, {"subscribe", "news"}), "[$subscribe, $news, :1]");
  EXPECT_EQ(RunOn(other_, {"psubscribe", "n*"}), "[$psubscribe, $n*, :2]");
  EXPECT_EQ(Run({"publish", "news", "hi"}), ":2");
  EXPECT_EQ(Pushed(other_), "[$message, $news, $hi] [$pmessage, $n*, $news, $hi]");
  EXPECT_THAT(RunOn(other_, {"get", "k"}),
              StartsWith("-ERR Can't execute 'get': only (P|S)SUBSCRIBE"));
  EXPECT_EQ(RunOn(other_, {"ping"}), "[$pong, $]");
  EXPECT_EQ(RunOn(other_, {"reset"}), "+RESET");
  EXPECT_EQ(Run({"publish", "news", "hi"}), ":0");
}

TEST_F(SessionTest, Resp3SubscribersMayDoAnything) {
  EXPECT_THAT(RunOn(other_, {"hello", "3"}), StartsWith("["));
  EXPECT_EQ(RunOn(other_, {"subscribe", "c"}), ">[$subscribe, $c, :1]");
  EXPECT_EQ(RunOn(other_, {"get", "k"}), "(nil)");
  Run({"publish", "c", "m"});
  EXPECT_EQ(Pushed(other_), ">[$message, $c, $m]");
}

TEST_F(SessionTest, PasswordGuardsEverythingButTheDoor) {
  engine_.permissions().users().SetDefaultPassword("secret", {});
  dispatch::Session stranger;
  engine_.Join(stranger);
  EXPECT_EQ(RunOn(stranger, {"get", "k"}), "-NOAUTH Authentication required.");
  EXPECT_EQ(RunOn(stranger, {"hello", "3"}),
            "-NOAUTH HELLO must be called with the client already authenticated, otherwise the "
            "HELLO AUTH <user> <pass> option can be used to authenticate the client and select the "
            "RESP protocol version at the same time");
  EXPECT_EQ(RunOn(stranger, {"auth", "wrong"}),
            "-WRONGPASS invalid username-password pair or user is disabled.");
  EXPECT_EQ(RunOn(stranger, {"auth", "default", "secret"}), "+OK");
  EXPECT_EQ(RunOn(stranger, {"get", "k"}), "(nil)");
  engine_.Leave(stranger);
}

TEST_F(SessionTest, AnUndecidedNodeServesNoData) {
  state_.undecided = true;
  for (const auto& command : {"get", "del"}) {
    EXPECT_EQ(Run({command, "k"}), "-MASTERDOWN No role has been assigned to this node yet");
  }
  EXPECT_EQ(Run({"ping"}), "+PONG");
  EXPECT_EQ(Run({"publish", "c", "m"}), ":0");
}

TEST_F(SessionTest, PausedWritesRunAfterThePause) {
  EXPECT_EQ(Run({"client", "pause", "100", "write"}), "+OK");
  EXPECT_EQ(Run({"get", "k"}), "(nil)");
  EXPECT_EQ(RunOn(other_, {"set", "k", "v"}), "(not now)");
  EXPECT_NE(other_.blocked, nullptr);
  Advance(101);
  engine_.EndTurn();
  EXPECT_EQ(other_.blocked, nullptr);
  EXPECT_EQ(RunOn(other_, {"set", "k", "v"}), "+OK");
}

TEST_F(SessionTest, WaitAnswersWhenItsTimeIsOver) {
  EXPECT_EQ(Run({"wait", "0", "0"}), ":0");
  EXPECT_EQ(Run({"wait", "1", "50"}), "");
  engine_.EndTurn();
  EXPECT_EQ(Pushed(session_), "");
  Advance(50);
  engine_.EndTurn();
  EXPECT_EQ(Pushed(session_), ":0");
}

TEST_F(SessionTest, WhoWaitsIsLookedAtWhenAnAcknowledgementHasMoved) {
  EXPECT_EQ(Run({"wait", "1", "0"}), "");
  EXPECT_EQ(RunOn(other_, {"wait", "2", "0"}), "");
  engine_.EndTurn();
  const size_t asked = times_asked_for_acknowledgements();
  for (int turn = 0; turn < 100; ++turn) engine_.EndTurn();
  EXPECT_EQ(times_asked_for_acknowledgements(), asked);
  Acknowledge(1);
  engine_.EndTurn();
  EXPECT_EQ(Pushed(session_), ":1");
  EXPECT_EQ(Pushed(other_), "");
}

TEST_F(SessionTest, WaitaofWaitsForTheDisksItNames) {
  OursAlone();
  EXPECT_EQ(Run({"waitaof", "2", "0", "0"}),
            "-ERR value is out of range, value must between 0 and 1");
  EXPECT_EQ(Run({"waitaof", "0", "-1", "0"}), "-ERR value is out of range, must be positive");
  EXPECT_EQ(Run({"waitaof", "0", "0", "-1"}), "-ERR timeout is negative");
  EXPECT_EQ(Run({"waitaof", "1", "0", "0"}),
            "-ERR WAITAOF cannot be used when numlocal is set but appendonly is disabled.");
  EXPECT_EQ(Run({"waitaof", "0", "0", "0"}), "[:0, :0]");
  state_.log_on = true;
  state_.log_changes = 7;
  state_.log_changes_synced = 6;
  EXPECT_EQ(RunOn(other_, {"waitaof", "1", "0", "0"}), "[:1, :0]");  // it has changed nothing
  EXPECT_EQ(Run({"set", "k", "v"}), "+OK");
  EXPECT_EQ(Run({"waitaof", "1", "1", "0"}), "");
  Acknowledge(2, 0);
  engine_.EndTurn();
  Acknowledge(2, 1);
  engine_.EndTurn();
  EXPECT_EQ(Pushed(session_), "");
  state_.log_changes_synced = 7;
  Acknowledge(2, 1);
  engine_.EndTurn();
  EXPECT_EQ(Pushed(session_), "[:1, :1]");
}

TEST_F(SessionTest, WaitaofEndsWithItsTimeAndWithTheFile) {
  OursAlone();
  state_.log_on = true;
  state_.log_changes = 1;
  EXPECT_EQ(Run({"set", "k", "v"}), "+OK");
  EXPECT_EQ(Run({"waitaof", "1", "0", "50"}), "");
  Advance(50);
  engine_.EndTurn();
  EXPECT_EQ(Pushed(session_), "[:0, :0]");
  EXPECT_EQ(Run({"waitaof", "1", "0", "0"}), "");
  EXPECT_EQ(RunOn(other_, {"waitaof", "0", "1", "0"}), "");
  state_.log_on = false;
  Acknowledge(0, 0);
  engine_.EndTurn();
  EXPECT_EQ(Pushed(session_),
            "-ERR WAITAOF cannot be used when numlocal is set but appendonly is disabled.");
  EXPECT_EQ(Pushed(other_), "");
  EXPECT_EQ(RunOn(session_, {"multi"}), "+OK");
  EXPECT_EQ(RunOn(session_, {"waitaof", "0", "3", "0"}), "+QUEUED");
  EXPECT_EQ(RunOn(session_, {"exec"}), "[[:0, :0]]");
}

TEST_F(SessionTest, ReplyModes) {
  EXPECT_EQ(Run({"client", "reply", "skip"}), "");
  EXPECT_EQ(Run({"ping"}), "");
  EXPECT_EQ(Run({"ping"}), "+PONG");
  EXPECT_EQ(Run({"client", "reply", "off"}), "");
  EXPECT_EQ(Run({"ping"}), "");
  EXPECT_EQ(Run({"client", "reply", "on"}), "+OK");
}

TEST_F(SessionTest, MemoryLimitRefusesOnlyWhatGrows) {
  state_.memory_max_bytes = 1;
  state_.memory.LeaveOut(nullptr);
  state_.memory.Set(2);
  EXPECT_EQ(Run({"set", "k", "v"}), "-OOM command not allowed when used memory > 'maxmemory'.");
  EXPECT_EQ(Run({"del", "k"}), ":0");
}

TEST_F(SessionTest, TooFewReplicasStopWrites) {
  state_.min_replicas_to_write = 1;
  EXPECT_EQ(Run({"set", "k", "v"}), "-NOREPLICAS Not enough good replicas to write.");
  state_.good_replicas = 1;
  EXPECT_EQ(Run({"set", "k", "v"}), "+OK");
}

TEST_F(SessionTest, MonitorAndSlowlogShowNoPassword) {
  OursAlone();
  engine_.permissions().users().SetDefaultPassword("s3cret", {});
  engine_.slowlog().set_threshold_us(0);
  dispatch::Session watcher;
  engine_.Join(watcher);
  watcher.authenticated = true;
  RunOn(watcher, {"monitor"});
  Run({"auth", "s3cret"});
  Run({"auth", "default", "s3cret"});
  Run({"auth", "s3cret", "s3cret", "s3cret"});
  Run({"hello", "3", "auth", "default", "s3cret", "setname", "n"});
  Run({"hello", "3", "setname", "n", "AUTH", "s3cret"});
  Run({"multi"});
  Run({"hello", "2", "auth", "x", "s3cret"});
  Run({"exec"});
  const std::string seen = Pushed(watcher);
  EXPECT_THAT(seen, HasSubstr("\"auth\" \"(redacted)\" \"(redacted)\""));
  EXPECT_THAT(seen,
              HasSubstr("\"hello\" \"3\" \"auth\" \"(redacted)\" \"(redacted)\" \"setname\""));
  EXPECT_THAT(seen, Not(HasSubstr("s3cret")));
  const std::string slow = Run({"slowlog", "get", "-1"});
  EXPECT_THAT(slow, HasSubstr("$(redacted)"));
  EXPECT_THAT(slow, Not(HasSubstr("s3cret")));
  engine_.Leave(watcher);
}

TEST_F(SessionTest, ACommandThatWaitsIsLoggedWhenItIsServedAndAsItWasSent) {
  OursAlone();
  engine_.slowlog().set_threshold_us(0);
  const auto last = [this] {
    std::string words;
    for (const std::string& word : engine_.slowlog().entries().front().args) words += word + ' ';
    return words;
  };
  RunOn(other_, {"blpop", "l", "0"});
  EXPECT_TRUE(engine_.slowlog().entries().empty());
  Run({"rpush", "l", "x"});
  EXPECT_EQ(last(), "blpop l 0 ");
  RunOn(other_, {"XREAD", "BLOCK", "0", "STREAMS", "s", "$"});
  Run({"xadd", "s", "1-1", "f", "v"});
  EXPECT_EQ(last(), "XREAD BLOCK 0 STREAMS s $ ");
  Run({"ping"});
  RunOn(other_, {"blpop", "l", "0.1"});
  Advance(200);
  EXPECT_EQ(last(), "ping ") << "its time was over: it was never served";
}

// Commands that will carry passwords, when they come.
TEST_F(SessionTest, RowsThatTakePasswordsSayWhichWordsTheyAre) {
  for (const dispatch::CommandSpec& row : engine_.table().commands()) {
    const bool takes_passwords = row.name == "auth" || row.name == "hello" ||
                                 row.name == "config|set" || row.name == "migrate" ||
                                 row.name == "acl|setuser";
    EXPECT_EQ(row.secret != nullptr, takes_passwords) << row.name;
  }
}

TEST_F(SessionTest, MonitorShowsOthersCommands) {
  RunOn(other_, {"monitor"});
  Run({"set", "k", "a\nb"});
  EXPECT_THAT(Pushed(other_), testing::EndsWith("[0 ] \"set\" \"k\" \"a\\nb\""));
}

// ---- pushes to the session whose command runs

TEST_F(SessionTest, AMessageOfOnesOwnComesBehindTheReply) {
  Run({"hello", "3"});
  Run({"subscribe", "foo"});
  EXPECT_EQ(Run({"publish", "foo", "bar"}), ":1 >[$message, $foo, $bar]");
}

TEST_F(SessionTest, MessagesDoNotStandInsideOfAnExec) {
  Run({"hello", "3"});
  Run({"subscribe", "foo"});
  Run({"psubscribe", "f*"});
  Run({"ssubscribe", "foo"});
  Run({"multi"});
  Run({"ping"});
  Run({"publish", "foo", "bar"});
  Run({"spublish", "foo", "baz"});
  Run({"ping"});
  EXPECT_EQ(Run({"exec"}),
            "[+PONG, :2, :1, +PONG] >[$message, $foo, $bar] >[$pmessage, $f*, $foo, $bar] "
            ">[$smessage, $foo, $baz]");
}

TEST_F(SessionTest, EventsDoNotStandInsideOfAReply) {
  keyspace_.set_event_mask(UINT32_MAX);
  Run({"hello", "3"});
  Run({"psubscribe", "__key*"});
  Run({"multi"});
  Run({"get", "nothing"});
  Run({"sadd", "s", "a"});
  EXPECT_EQ(Run({"exec"}),
            "[(nil), :1] >[$pmessage, $__key*, $__keyspace@0__:nothing, $keymiss] "
            ">[$pmessage, $__key*, $__keyevent@0__:keymiss, $nothing] "
            ">[$pmessage, $__key*, $__keyspace@0__:s, $new] "
            ">[$pmessage, $__key*, $__keyevent@0__:new, $s] "
            ">[$pmessage, $__key*, $__keyspace@0__:s, $sadd] "
            ">[$pmessage, $__key*, $__keyevent@0__:sadd, $s]");
}

TEST_F(SessionTest, EventsDoNotStandInsideOfALateReply) {
  keyspace_.set_event_mask(UINT32_MAX);
  Run({"hello", "3"});
  Run({"psubscribe", "__keyevent@0__:*"});
  const std::vector<std::string_view> waits[] = {
      {"blpop", "k", "0"},
      {"brpop", "k", "0"},
      {"blmove", "k", "to", "left", "left", "0"},
      {"brpoplpush", "k", "to", "0"},
      {"blmpop", "0", "1", "k", "left", "count", "2"},
      {"bzpopmin", "k", "0"},
      {"bzpopmax", "k", "0"},
      {"bzmpop", "0", "1", "k", "min", "count", "2"},
  };
  for (const auto& wait : waits) {
    EXPECT_EQ(Run(resp::Args(wait)), "");
    wait[0].starts_with("bz") ? RunOn(other_, {"zadd", "k", "1", "v"})
                              : RunOn(other_, {"rpush", "k", "v"});
    const std::string sent = Pushed(session_);
    EXPECT_THAT(sent, HasSubstr(">[$pmessage")) << wait[0];
    EXPECT_THAT(sent, Not(HasSubstr(", >["))) << wait[0];
    RunOn(other_, {"del", "k", "to"});
    Pushed(session_);
  }
}

TEST_F(SessionTest, LinesOfMonitorDoNotStandInsideOfAnExec) {
  Run({"monitor"});
  Run({"multi"});
  Pushed(session_);
  Run({"ping"});
  EXPECT_THAT(Run({"exec"}), StartsWith("[+PONG] +"));
}

TEST_F(SessionTest, SubscribingInExecIsOneItemAndTheOthersFollow) {
  for (const char* version : {"2", "3"}) {
    Run({"reset"});
    Run({"hello", version});
    Run({"multi"});
    Run({"subscribe", "a", "b", "c"});
    Run({"unsubscribe"});
    Run({"punsubscribe"});
    Run({"ping"});
    const std::string push = version == std::string("3") ? ">" : "";
    EXPECT_EQ(Run({"exec"}),
              "[[$subscribe, $a, :1], [$unsubscribe, $a, :2], [$punsubscribe, (nil), :0], +PONG] " +
                  push + "[$subscribe, $b, :2] " + push + "[$subscribe, $c, :3] " + push +
                  "[$unsubscribe, $b, :1] " + push + "[$unsubscribe, $c, :0]");
  }
}

TEST_F(SessionTest, ErrorsInExecAreCountedOnceEach) {
  Run({"set", "k", "v"});
  Run({"multi"});
  Run({"lpush", "k", "v"});
  Run({"ping"});
  Run({"lpush", "k", "v"});
  Run({"exec"});
  EXPECT_EQ(engine_.stats().error_replies, 2u);
  EXPECT_EQ(engine_.stats().errors.at("WRONGTYPE"), 2u);
}

// Somebody who is let in while a script runs, and asks for what there is not.
class Intruder final : public dispatch::ServerService {
 public:
  explicit Intruder(std::function<void()> ask) : ask_(std::move(ask)) {}
  void AppendInfo(std::string_view, std::string*) override {}
  Status Shutdown(const dispatch::ShutdownRequest&) override { return {}; }
  bool AbortShutdown() override { return false; }
  void PauseCron(bool) override {}
  void ResetStats() override {}
  dispatch::MemoryReport Memory() override { return {}; }
  std::string AllocatorReport() override { return {}; }
  Result<std::optional<int64_t>> AllocatorNumber(const std::string&,
                                                 std::optional<int64_t>) override {
    return std::optional<int64_t>();
  }
  Result<std::string> AllocatorText(const std::string&) override { return std::string(); }
  Status AllocatorDo(const std::string&) override { return {}; }
  int64_t UnixMicros() override { return 0; }
  void ServeWhileBusy(Whom) override { ask_(); }

 private:
  std::function<void()> ask_;
};

// A command of the primary's stream, or of an append-only file, has not failed thereby.
TEST_F(SessionTest, ErrorsOfOthersWhoAreLetInAreNotTheRunningCommands) {
  Intruder intruder([this] { RunOn(other_, {"incr", "a", "b"}); });
  dispatch::Services services = engine_.services();
  services.server = &intruder;
  engine_.set_services(services);
  const uint64_t before = engine_.own_errors();
  engine_.ServeWhileBusy(dispatch::ServerService::Whom::kEverybody);
  EXPECT_EQ(engine_.stats().error_replies, 1u);
  EXPECT_EQ(engine_.own_errors(), before);
  Run({"incr", "a", "b"});
  EXPECT_EQ(engine_.own_errors(), before + 1);
}

TEST_F(SessionTest, AReplicaThatAsksIsSentAwayAndFindsNoReplyInItsStream) {
  session_.kind = dispatch::SessionKind::kReplica;
  EXPECT_EQ(Run({"ping"}), "");
  EXPECT_TRUE(session_.closing);
  EXPECT_TRUE(session_.out().empty());
}

// ---- names that a client chooses

// Names that collide must not be found beforehand.
TEST_F(SessionTest, ChannelsAreHashedWithTheKeyspacesSecret) {
  const auto hash = engine_.pubsub().of(dispatch::ChannelKind::kChannel).hash_function();
  EXPECT_EQ(hash("name"), structs::KeyedHash(keyspace_.secret(), "name"));
  const auto fresh = structs::HashSecret::Fresh();
  EXPECT_NE(structs::KeyedHash(fresh, "name"),
            structs::KeyedHash(structs::HashSecret::Fresh(), "name"));
}

TEST_F(SessionTest, WatchedAndAwaitedKeysAreHashedWithTheKeyspacesSecret) {
  const size_t hash = structs::KeyedHash(keyspace_.secret(), "name");
  EXPECT_EQ(keyspace_.watches().HashOf(0, "name"), hash);
  EXPECT_EQ(engine_.blocking().HashOf(0, "name"), hash);
}

// ---- times that a client names

TEST_F(SessionTest, ANegativeTimeoutIsNegativeHoweverSmall) {
  for (const std::string_view timeout : {"-0.001", "-0.0001", "-1e-30", "-5"}) {
    const std::string error = "-ERR timeout is negative";
    EXPECT_EQ(Run({"blpop", "k", timeout}), error);
    EXPECT_EQ(Run({"brpop", "k", timeout}), error);
    EXPECT_EQ(Run({"blmove", "k", "l", "left", "left", timeout}), error);
    EXPECT_EQ(Run({"brpoplpush", "k", "l", timeout}), error);
    EXPECT_EQ(Run({"blmpop", timeout, "1", "k", "left"}), error);
    EXPECT_EQ(Run({"bzpopmin", "k", timeout}), error);
    EXPECT_EQ(Run({"bzpopmax", "k", timeout}), error);
    EXPECT_EQ(Run({"bzmpop", timeout, "1", "k", "min"}), error);
  }
}

TEST_F(SessionTest, TheLongestWaitsDoNotEndAtOnce) {
  EXPECT_EQ(Run({"wait", "1", "9223372036854775807"}), "");
  EXPECT_EQ(RunOn(other_, {"client", "pause", "9223372036854775807"}), "+OK");
  Advance(1'000'000'000);
  engine_.EndTurn();
  EXPECT_EQ(Pushed(session_), "");
  EXPECT_NE(session_.blocked, nullptr);
  EXPECT_TRUE(engine_.Paused());
}

TEST_F(SessionTest, APauseOfOneReasonDoesNotEndThatOfAnother) {
  using dispatch::PauseReason;
  using Scope = dispatch::Pause::Scope;
  const int64_t now_ms = clock_.UnixMillis();
  engine_.SetPause(PauseReason::kShutdown, {Scope::kWrite, now_ms + 1000});
  Run({"client", "pause", "5000", "all"});
  EXPECT_EQ(RunOn(other_, {"get", "k"}), "(not now)");
  engine_.EndPause(PauseReason::kShutdown);
  EXPECT_EQ(engine_.pauses().together().scope, Scope::kAll);
  engine_.SetPause(PauseReason::kShutdown, {Scope::kWrite, now_ms + 10'000});
  Advance(5001);
  engine_.EndTurn();
  EXPECT_EQ(other_.blocked, nullptr);
  EXPECT_EQ(engine_.pauses().together().scope, Scope::kWrite);
  EXPECT_EQ(RunOn(other_, {"get", "k"}), "(nil)");
  EXPECT_EQ(RunOn(other_, {"set", "k", "v"}), "(not now)");
}

TEST_F(SessionTest, WhoIsHeldBackByAnotherReasonIsNotDisconnected) {
  using dispatch::PauseReason;
  const int64_t until_ms = clock_.UnixMillis() + 10'000;
  engine_.SetPause(PauseReason::kFailover, {dispatch::Pause::Scope::kWrite, until_ms});
  engine_.SetPause(PauseReason::kClients, {dispatch::Pause::Scope::kAll, until_ms});
  EXPECT_EQ(RunOn(session_, {"get", "k"}), "(not now)");
  EXPECT_EQ(RunOn(other_, {"set", "k", "v"}), "(not now)");
  engine_.CloseHeldBack(PauseReason::kFailover);
  EXPECT_FALSE(session_.closing);
  EXPECT_TRUE(other_.closing);
  engine_.EndPause(PauseReason::kFailover);
  engine_.EndPause(PauseReason::kClients);
  EXPECT_EQ(session_.blocked, nullptr);
}

TEST_F(SessionTest, APauseThatAReplicaIsAskedForHoldsBackItsPrimarysStream) {
  dispatch::Session primary(dispatch::SessionKind::kPrimary);
  engine_.Join(primary);
  state_.is_replica = true;
  Run({"client", "pause", "5000", "write"});
  EXPECT_EQ(RunOn(primary, {"ping"}), "");
  EXPECT_EQ(RunOn(primary, {"set", "k", "v"}), "(not now)");
  EXPECT_EQ(Run({"get", "k"}), "(nil)");
  engine_.ExecuteAtOnce(primary, [&] { RunOn(primary, {"set", "k", "now"}); });
  EXPECT_EQ(Run({"get", "k"}), "$now");
  EXPECT_EQ(RunOn(primary, {"set", "k", "v"}), "(not now)");
  Advance(5001);
  engine_.EndTurn();
  EXPECT_EQ(primary.blocked, nullptr);
  RunOn(primary, {"set", "k", "later"});
  EXPECT_EQ(Run({"get", "k"}), "$later");
  engine_.Leave(primary);
}

TEST_F(SessionTest, APauseOfAPrimaryHoldsBackNoStreamOnceItHasHandedOverItsRole) {
  dispatch::Session primary(dispatch::SessionKind::kPrimary);
  engine_.Join(primary);
  Run({"client", "pause", "5000", "write"});
  state_.is_replica = true;
  RunOn(primary, {"set", "k", "v"});
  EXPECT_EQ(Run({"get", "k"}), "$v");
  engine_.Leave(primary);
}

TEST_F(SessionTest, AClientMayAskToBeToldOfPlannedMoves) {
  using dispatch::MovingEndpoint;
  EXPECT_EQ(session_.moving_endpoint, MovingEndpoint::kUnasked);
  EXPECT_EQ(Run({"client", "maint_notifications", "on"}), "+OK");
  EXPECT_EQ(session_.moving_endpoint, MovingEndpoint::kNone);
  EXPECT_EQ(Run({"client", "MAINT_NOTIFICATIONS", "ON", "moving-endpoint-type", "external-fqdn"}),
            "+OK");
  EXPECT_EQ(session_.moving_endpoint, MovingEndpoint::kExternalName);
  EXPECT_EQ(Run({"client", "maint_notifications", "maybe"}), "-ERR syntax error");
  EXPECT_EQ(Run({"client", "maint_notifications", "on", "moving-endpoint-type"}),
            "-ERR syntax error");
  EXPECT_THAT(
      Run({"client", "maint_notifications", "on", "moving-endpoint-type", "carrier-pigeon"}),
      StartsWith("-ERR moving-endpoint-type must be one of"));
  EXPECT_EQ(session_.moving_endpoint, MovingEndpoint::kExternalName);
  EXPECT_EQ(Run({"client", "maint_notifications", "off"}), "+OK");
  EXPECT_EQ(session_.moving_endpoint, MovingEndpoint::kUnasked);
  Run({"client", "maint_notifications", "on"});
  Run({"reset"});
  EXPECT_EQ(session_.moving_endpoint, MovingEndpoint::kUnasked);
  EXPECT_EQ(Run({"client", "capa", "redirect", "whatever"}), "+OK");
}

}  // namespace
}  // namespace rha::node::commands
