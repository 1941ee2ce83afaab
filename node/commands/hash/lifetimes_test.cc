// Lifetimes of fields, which Redis 7.0 does not have.
#include <algorithm>

#include "node/commands/testing/run_command.h"

namespace rha::node::commands {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// For both forms of a hash.
class LifetimeTest : public CommandTest, public testing::WithParamInterface<int> {
 protected:
  LifetimeTest() {
    OursAlone();
    keyspace_.form_limits().hash_max_listpack_entries = GetParam();
    Run({"hset", "h", "a", "1", "b", "2", "c", "3"});
    ForgetPropagated();
  }
  // What happens beside commands.
  void Sweep() { engine_.SweepSlice(1'000'000); }
  // Values of a, b and c, however a table orders them.
  std::string All(const char* key = "h") {
    const std::string all = Run({"hgetall", key});
    EXPECT_EQ(":" + std::to_string(std::count(all.begin(), all.end(), '$') / 2),
              Run({"hlen", key}));
    return Run({"hmget", key, "a", "b", "c"});
  }
  std::string AtText(int64_t ms) { return std::to_string(clock_.UnixMillis() + ms); }
};

TEST_P(LifetimeTest, FieldsEndOnTime) {
  EXPECT_EQ(Run({"hpexpire", "h", "100", "FIELDS", "2", "a", "none"}), "[:1, :-2]");
  EXPECT_EQ(Run({"hpttl", "h", "FIELDS", "3", "a", "b", "none"}), "[:100, :-1, :-2]");
  EXPECT_EQ(Run({"httl", "h", "FIELDS", "1", "a"}), "[:1]");
  EXPECT_EQ(Run({"hpexpiretime", "h", "fields", "1", "a"}), "[:" + AtText(100) + "]");
  Advance(100);
  EXPECT_EQ(Run({"hget", "h", "a"}), "$1");
  Advance(1);
  EXPECT_EQ(Run({"hget", "h", "a"}), "(nil)");
  EXPECT_EQ(Run({"hexists", "h", "a"}), ":0");
  EXPECT_EQ(Run({"hlen", "h"}), ":2");
  EXPECT_EQ(All(), "[(nil), $2, $3]");
  EXPECT_THAT(Run({"hscan", "h", "0", "novalues"}),
              testing::AnyOf("[$0, [$b, $c]]", "[$0, [$c, $b]]"));
  EXPECT_EQ(Run({"hmget", "h", "a", "b"}), "[(nil), $2]");
  EXPECT_EQ(Run({"httl", "h", "FIELDS", "1", "a"}), "[:-2]");
  EXPECT_THAT(Run({"hrandfield", "h", "-50"}), testing::Not(HasSubstr("$a")));
  EXPECT_THAT(Run({"hrandfield", "h", "5"}), testing::Not(HasSubstr("$a")));
}

TEST_P(LifetimeTest, EndsOfFieldsLeaveTimeForKeysAndOtherDatabases) {
  for (const char* db : {"0", "1"}) {
    Run({"select", db});
    for (int i = 0; i < 100; ++i) {
      const std::string key = "h" + std::to_string(i);
      Run({"hset", key, "a", "1", "b", "2"});
      Run({"hpexpire", key, "100", "FIELDS", "1", "a"});
    }
    Run({"set", "k", "v", "px", "100"});
  }
  Advance(101);
  Run({"ping"});
  int64_t now_us = 0;  // each look at the clock is a microsecond
  for (int slice = 0; slice < 4; ++slice) {
    EXPECT_TRUE(keyspace_.SweepSlice(8, [&] { return ++now_us; }));
  }
  EXPECT_EQ(keyspace_.stats().expired_keys, 2u);
  for (int db : {0, 1}) EXPECT_LT(keyspace_.db(db).with_field_ends(), 100u) << db;
}

TEST_P(LifetimeTest, TheSweepDeletesAndTellsReplicas) {
  Run({"hpexpire", "h", "100", "FIELDS", "2", "a", "b"});
  ForgetPropagated();
  Advance(101);
  EXPECT_THAT(propagated(), IsEmpty());
  Sweep();
  EXPECT_THAT(propagated(),
              testing::AnyOf(ElementsAre("[0] HDEL h a b"), ElementsAre("[0] HDEL h b a")));
  EXPECT_EQ(keyspace_.stats().expired_fields, 2u);
  EXPECT_EQ(keyspace_.db(0).with_field_ends(), 0u);
  EXPECT_EQ(All(), "[(nil), (nil), $3]");
}

TEST_P(LifetimeTest, AHashGoesWithItsLastField) {
  Run({"hpexpire", "h", "100", "FIELDS", "3", "a", "b", "c"});
  Advance(101);
  EXPECT_EQ(Run({"exists", "h"}), ":0");
  EXPECT_EQ(Run({"type", "h"}), "+none");
  Sweep();
  EXPECT_EQ(Run({"dbsize"}), ":0");
}

TEST_P(LifetimeTest, WhatHasEndedGoesBeforeAWrite) {
  Run({"hpexpire", "h", "100", "FIELDS", "1", "a"});
  ForgetPropagated();
  Advance(101);
  EXPECT_EQ(Run({"hincrby", "h", "a", "5"}), ":5");
  EXPECT_THAT(propagated(),
              ElementsAre("[0] MULTI", "[0] HDEL h a", "[0] hincrby h a 5", "[0] EXEC"));
  EXPECT_EQ(Run({"httl", "h", "FIELDS", "1", "a"}), "[:-1]");
}

TEST_P(LifetimeTest, ConditionsCompareEnds) {
  const auto expire = [&](const char* ms, const char* condition) {
    return Run({"hpexpire", "h", ms, condition, "FIELDS", "1", "a"});
  };
  EXPECT_EQ(expire("100", "xx"), "[:0]");
  EXPECT_EQ(expire("100", "gt"), "[:0]");
  EXPECT_EQ(expire("100", "nx"), "[:1]");
  EXPECT_EQ(expire("100", "nx"), "[:0]");
  EXPECT_EQ(expire("50", "gt"), "[:0]");
  EXPECT_EQ(expire("150", "gt"), "[:1]");
  EXPECT_EQ(expire("200", "lt"), "[:0]");
  EXPECT_EQ(expire("50", "LT"), "[:1]");
  EXPECT_EQ(expire("70", "XX"), "[:1]");
  EXPECT_EQ(Run({"hpexpire", "h", "70", "lt", "FIELDS", "1", "b"}), "[:1]");
  EXPECT_EQ(Run({"hpttl", "h", "FIELDS", "2", "a", "b"}), "[:70, :70]");
}

TEST_P(LifetimeTest, AnEndInThePastDeletes) {
  ForgetPropagated();
  EXPECT_EQ(Run({"hexpireat", "h", "1", "FIELDS", "2", "a", "none"}), "[:2, :-2]");
  EXPECT_EQ(Run({"hpexpire", "h", "0", "FIELDS", "1", "b"}), "[:2]");
  EXPECT_THAT(propagated(), ElementsAre("[0] HDEL h a", "[0] HDEL h b"));
  EXPECT_EQ(Run({"hexpire", "h", "0", "FIELDS", "1", "c"}), "[:2]");
  EXPECT_EQ(Run({"exists", "h"}), ":0");
  EXPECT_EQ(Run({"hexpire", "h", "10", "FIELDS", "1", "c"}), "[:-2]");
  EXPECT_EQ(Run({"httl", "h", "FIELDS", "2", "c", "d"}), "[:-2, :-2]");
}

TEST_P(LifetimeTest, ReplicasAreToldOfPointsInTime) {
  Run({"hexpire", "h", "10", "FIELDS", "3", "a", "none", "b"});
  Run({"hexpire", "h", "10", "nx", "FIELDS", "1", "a"});
  Run({"hpersist", "h", "FIELDS", "3", "a", "none", "c"});
  EXPECT_THAT(propagated(), ElementsAre("[0] HPEXPIREAT h " + AtText(10'000) + " FIELDS 2 a b",
                                        "[0] HPERSIST h FIELDS 1 a"));
}

TEST_P(LifetimeTest, ANewValueEndsALifetimeAndAChangedOneDoesNot) {
  Run({"hexpire", "h", "10", "FIELDS", "3", "a", "b", "c"});
  Run({"hset", "h", "a", "9"});
  Run({"hincrby", "h", "b", "1"});
  ForgetPropagated();
  Run({"hincrbyfloat", "h", "c", "0.5"});
  EXPECT_EQ(Run({"httl", "h", "FIELDS", "3", "a", "b", "c"}), "[:-1, :10, :10]");
  EXPECT_THAT(propagated(),
              ElementsAre("[0] MULTI", "[0] HSET h c 3.5",
                          "[0] HPEXPIREAT h " + AtText(10'000) + " FIELDS 1 c", "[0] EXEC"));
  Run({"hdel", "h", "b", "c"});
  EXPECT_EQ(keyspace_.db(0).with_field_ends(), 0u);
}

TEST_P(LifetimeTest, PersistTakesItAway) {
  Run({"hexpire", "h", "10", "FIELDS", "1", "a"});
  EXPECT_EQ(Run({"hpersist", "h", "FIELDS", "3", "a", "b", "none"}), "[:1, :-1, :-2]");
  EXPECT_EQ(Run({"hpersist", "none", "FIELDS", "1", "a"}), "[:-2]");
  EXPECT_EQ(keyspace_.db(0).with_field_ends(), 0u);
  Advance(20'000);
  EXPECT_EQ(Run({"hlen", "h"}), ":3");
}

TEST_P(LifetimeTest, LifetimesTravelWithTheirHash) {
  Run({"hexpire", "h", "10", "FIELDS", "1", "a"});
  EXPECT_EQ(Run({"copy", "h", "i"}), ":1");
  EXPECT_EQ(Run({"rename", "h", "j"}), "+OK");
  EXPECT_EQ(Run({"move", "j", "1"}), ":1");
  EXPECT_EQ(Run({"swapdb", "0", "1"}), "+OK");
  EXPECT_EQ(keyspace_.db(0).with_field_ends(), 1u);
  EXPECT_EQ(keyspace_.db(1).with_field_ends(), 1u);
  EXPECT_EQ(Run({"httl", "j", "FIELDS", "2", "a", "b"}), "[:10, :-1]");
  Advance(10'001);
  Sweep();
  EXPECT_EQ(All("j"), "[(nil), $2, $3]");
  EXPECT_EQ(keyspace_.stats().expired_fields, 2u);
  Run({"select", "1"});
  EXPECT_EQ(All("i"), "[(nil), $2, $3]");
}

TEST_P(LifetimeTest, LifetimesGoWithTheirHash) {
  for (const auto& words : std::initializer_list<std::initializer_list<std::string_view>>{
           {"del", "h"}, {"set", "h", "text"}, {"flushall"}, {"hdel", "h", "a", "b", "c"}}) {
    Run({"hset", "h", "a", "1", "b", "2", "c", "3"});
    Run({"hexpire", "h", "10", "FIELDS", "2", "a", "b"});
    EXPECT_EQ(keyspace_.db(0).with_field_ends(), 1u);
    Run(words);
    EXPECT_EQ(keyspace_.db(0).with_field_ends(), 0u) << *words.begin();
    Run({"del", "h"});
  }
  Advance(20'000);
  Sweep();
  EXPECT_EQ(keyspace_.stats().expired_fields, 0u);
}

TEST_P(LifetimeTest, AReplicaHidesAndWaitsForItsPrimary) {
  dispatch::Session primary(dispatch::SessionKind::kPrimary);
  engine_.Join(primary);
  Run({"hpexpire", "h", "100", "FIELDS", "1", "a"});
  state_.is_replica = true;
  Advance(101);
  Sweep();
  EXPECT_EQ(Run({"hget", "h", "a"}), "(nil)");
  EXPECT_EQ(Run({"hlen", "h"}), ":2");
  EXPECT_EQ(keyspace_.stats().expired_fields, 0u);
  RunOn(primary, {"hincrby", "h", "a", "1"});
  RunOn(primary, {"hpexpireat", "h", "1", "FIELDS", "1", "b"});
  EXPECT_EQ(All(), "[(nil), (nil), $3]");
  RunOn(primary, {"hpersist", "h", "FIELDS", "2", "a", "b"});
  EXPECT_EQ(All(), "[$2, $2, $3]");
  RunOn(primary, {"hdel", "h", "a", "b"});
  EXPECT_EQ(Run({"hlen", "h"}), ":1");
  engine_.Leave(primary);
}

TEST_P(LifetimeTest, AWatchedHashChangesWhenAFieldEnds) {
  Run({"hpexpire", "h", "100", "FIELDS", "1", "a"});
  Run({"watch", "h"});
  Advance(101);
  Sweep();
  Run({"multi"});
  Run({"ping"});
  EXPECT_EQ(Run({"exec"}), "(nil)");
}

TEST_P(LifetimeTest, ListenersHear) {
  keyspace_.set_event_mask(keyspace::kKeyeventChannel | keyspace::kAllEvents);
  RunOn(other_, {"psubscribe", "__keyevent@0__:*"});
  Pushed(other_);
  const auto heard = [&] { return Pushed(other_); };
  Run({"hpexpire", "h", "100", "FIELDS", "2", "a", "b"});
  EXPECT_THAT(heard(), HasSubstr("hexpire"));
  Run({"hpersist", "h", "FIELDS", "1", "b"});
  EXPECT_THAT(heard(), HasSubstr("hpersist"));
  Run({"hexpire", "h", "0", "FIELDS", "1", "c"});
  EXPECT_THAT(heard(), HasSubstr("hdel"));
  Advance(101);
  Sweep();
  EXPECT_THAT(heard(), HasSubstr("hexpired"));
  Run({"hpexpire", "h", "100", "FIELDS", "1", "b"});
  heard();
  Advance(101);
  Sweep();
  EXPECT_THAT(heard(), testing::AllOf(HasSubstr("hexpired"), HasSubstr(":del")));
}

TEST_P(LifetimeTest, GetExReadsAndChangesEnds) {
  EXPECT_EQ(Run({"hgetex", "h", "FIELDS", "2", "a", "none"}), "[$1, (nil)]");
  EXPECT_EQ(Run({"hgetex", "none", "FIELDS", "2", "a", "b"}), "[(nil), (nil)]");
  EXPECT_THAT(propagated(), IsEmpty());
  EXPECT_EQ(Run({"hgetex", "h", "px", "100", "FIELDS", "2", "a", "none"}), "[$1, (nil)]");
  EXPECT_EQ(Run({"hgetex", "h", "FIELDS", "1", "b", "EX", "7"}), "[$2]");
  EXPECT_EQ(Run({"hgetex", "h", "persist", "FIELDS", "2", "a", "c"}), "[$1, $3]");
  EXPECT_EQ(Run({"httl", "h", "FIELDS", "3", "a", "b", "c"}), "[:-1, :7, :-1]");
  EXPECT_EQ(Run({"hgetex", "h", "pxat", "1", "FIELDS", "1", "b"}), "[$2]");
  EXPECT_THAT(propagated(), ElementsAre("[0] HPEXPIREAT h " + AtText(100) + " FIELDS 1 a",
                                        "[0] HPEXPIREAT h " + AtText(7'000) + " FIELDS 1 b",
                                        "[0] HPERSIST h FIELDS 1 a", "[0] HDEL h b"));
  EXPECT_EQ(Run({"hlen", "h"}), ":2");
}

TEST_P(LifetimeTest, SetExSetsValuesAndEnds) {
  EXPECT_EQ(Run({"hsetex", "h", "EX", "7", "FIELDS", "2", "a", "9", "d", "4"}), ":1");
  EXPECT_EQ(Run({"hmget", "h", "a", "d"}), "[$9, $4]");
  EXPECT_EQ(Run({"httl", "h", "FIELDS", "3", "a", "b", "d"}), "[:7, :-1, :7]");
  const std::string at = AtText(7'000);
  EXPECT_THAT(propagated(), ElementsAre("[0] MULTI", "[0] HSET h a 9 d 4",
                                        "[0] HPEXPIREAT h " + at + " FIELDS 2 a d", "[0] EXEC"));
  ForgetPropagated();
  EXPECT_EQ(Run({"hsetex", "h", "KEEPTTL", "FIELDS", "2", "a", "8", "b", "8"}), ":1");
  EXPECT_EQ(Run({"httl", "h", "FIELDS", "2", "a", "b"}), "[:7, :-1]");
  EXPECT_THAT(propagated(), ElementsAre("[0] MULTI", "[0] HSET h a 8 b 8",
                                        "[0] HPEXPIREAT h " + at + " FIELDS 1 a", "[0] EXEC"));
  EXPECT_EQ(Run({"hsetex", "h", "FIELDS", "1", "a", "7"}), ":1");
  EXPECT_EQ(Run({"httl", "h", "FIELDS", "1", "a"}), "[:-1]");
}

TEST_P(LifetimeTest, SetExSetsAllOrNone) {
  EXPECT_EQ(Run({"hsetex", "h", "FNX", "FIELDS", "2", "x", "1", "a", "1"}), ":0");
  EXPECT_EQ(Run({"hsetex", "h", "FXX", "FIELDS", "2", "x", "1", "a", "1"}), ":0");
  EXPECT_EQ(Run({"hsetex", "none", "fxx", "FIELDS", "1", "x", "1"}), ":0");
  EXPECT_EQ(Run({"hlen", "h"}), ":3");
  EXPECT_EQ(Run({"exists", "none"}), ":0");
  EXPECT_EQ(Run({"hsetex", "h", "FXX", "FIELDS", "2", "b", "x", "a", "x"}), ":1");
  EXPECT_EQ(Run({"hsetex", "h", "FIELDS", "1", "y", "1", "FNX", "ex", "9"}), ":1");
  EXPECT_EQ(Run({"httl", "h", "FIELDS", "1", "y"}), "[:9]");
  EXPECT_EQ(Run({"hsetex", "h", "pxat", "1", "FIELDS", "2", "a", "1", "z", "1"}), ":1");
  EXPECT_EQ(Run({"hmget", "h", "a", "z"}), "[(nil), (nil)]");
  EXPECT_EQ(Run({"hsetex", "none", "pxat", "1", "FIELDS", "1", "a", "1"}), ":1");
  EXPECT_EQ(Run({"exists", "none"}), ":0");
}

TEST_P(LifetimeTest, GetDelTakes) {
  EXPECT_EQ(Run({"hgetdel", "h", "FIELDS", "3", "a", "a", "none"}), "[$1, (nil), (nil)]");
  EXPECT_EQ(Run({"hgetdel", "none", "FIELDS", "1", "a"}), "[(nil)]");
  EXPECT_EQ(Run({"hgetdel", "h", "FIELDS", "2", "b", "c"}), "[$2, $3]");
  EXPECT_EQ(Run({"exists", "h"}), ":0");
  EXPECT_THAT(propagated(), ElementsAre("[0] HDEL h a", "[0] HDEL h b c"));
}

TEST_P(LifetimeTest, RequestsAreReadBeforeAnythingChanges) {
  const char* const missing =
      "-ERR Mandatory argument FIELDS is missing or not at the right position";
  const char* const count = "-ERR The `numfields` parameter must match the number of arguments";
  const char* const none = "-ERR Parameter `numFields` should be greater than 0";
  EXPECT_EQ(Run({"hexpire", "h", "1", "fieldz", "1", "a"}), missing);
  EXPECT_EQ(Run({"hexpire", "h", "1", "nx", "1", "FIELDS", "a"}), missing);
  EXPECT_EQ(Run({"hexpire", "h", "1", "FIELDS", "2", "a"}), count);
  EXPECT_EQ(Run({"hexpire", "h", "1", "FIELDS", "1", "a", "b"}), count);
  EXPECT_EQ(Run({"hexpire", "h", "1", "FIELDS", "9223372036854775807", "a"}), count);
  EXPECT_EQ(Run({"hexpire", "h", "1", "FIELDS", "0", "a"}), none);
  EXPECT_EQ(Run({"hpersist", "h", "FIELDS", "-1", "a"}), none);
  EXPECT_EQ(Run({"hexpire", "h", "-1", "FIELDS", "1", "a"}),
            "-ERR invalid expire time, must be >= 0");
  EXPECT_EQ(Run({"hexpire", "h", "9223372036854775807", "FIELDS", "1", "a"}),
            "-ERR invalid expire time in 'hexpire' command");
  EXPECT_EQ(Run({"hpexpireat", "h", "70368744177664", "FIELDS", "1", "a"}),
            "-ERR invalid expire time in 'hpexpireat' command");
  EXPECT_EQ(Run({"hexpire", "h", "x", "FIELDS", "1", "a"}),
            "-ERR value is not an integer or out of range");
  EXPECT_EQ(Run({"hsetex", "h", "FIELDS", "1", "a"}),
            "-ERR wrong number of arguments for 'hsetex' command");
  EXPECT_EQ(Run({"hsetex", "h", "FIELDS", "2", "a", "1", "b"}), count);
  EXPECT_EQ(Run({"hsetex", "h", "ex", "0", "FIELDS", "1", "a", "1"}),
            "-ERR invalid expire time in 'hsetex' command");
  EXPECT_EQ(Run({"hsetex", "h", "fnx", "fxx", "FIELDS", "1", "a", "1"}),
            "-ERR Only one of FXX or FNX arguments can be specified");
  EXPECT_EQ(Run({"hsetex", "h", "ex", "1", "KEEPTTL", "FIELDS", "1", "a", "1"}),
            "-ERR Only one of EX, PX, EXAT, PXAT or KEEPTTL arguments can be specified");
  EXPECT_EQ(Run({"hgetex", "h", "persist", "ex", "1", "FIELDS", "1", "a"}),
            "-ERR Only one of EX, PX, EXAT, PXAT or PERSIST arguments can be specified");
  EXPECT_EQ(Run({"hgetex", "h", "KEEPTTL", "FIELDS", "1", "a"}), "-ERR unknown argument: KEEPTTL");
  EXPECT_EQ(Run({"hgetex", "h", "persist", "ex", "1"}),
            "-ERR Only one of EX, PX, EXAT, PXAT or PERSIST arguments can be specified");
  EXPECT_EQ(All(), "[$1, $2, $3]");
  EXPECT_THAT(propagated(), IsEmpty());
  Run({"set", "text", "x"});
  for (const auto& words : std::initializer_list<std::initializer_list<std::string_view>>{
           {"hexpire", "text", "1", "FIELDS", "1", "a"},
           {"httl", "text", "FIELDS", "1", "a"},
           {"hpersist", "text", "FIELDS", "1", "a"},
           {"hgetex", "text", "FIELDS", "1", "a"},
           {"hsetex", "text", "FIELDS", "1", "a", "1"},
           {"hgetdel", "text", "FIELDS", "1", "a"}}) {
    EXPECT_EQ(Run(words), "-WRONGTYPE Operation against a key holding the wrong kind of value");
  }
}

INSTANTIATE_TEST_SUITE_P(BothForms, LifetimeTest, testing::Values(0, 128));

}  // namespace
}  // namespace rha::node::commands
