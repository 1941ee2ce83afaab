#include <string>
#include <string_view>
#include <vector>

#include "node/codec/crc64.h"
#include "node/codec/rdb_output.h"
#include "node/codec/testing/samples.h"
#include "node/commands/testing/run_command.h"

namespace rha::node::commands {
namespace {

using codec::testing::Little;
using testing::ElementsAre;
using testing::IsEmpty;

using std::string_literals::operator""s;

std::string Sealed(std::string content, int version = 10) {
  content += Little(static_cast<uint64_t>(version), 2);
  return content + Little(codec::Crc64(0, content.data(), content.size()), 8);
}

// A value and what redis-server 7.0.15 dumps of it.
struct Dumped {
  std::vector<std::vector<std::string_view>> commands;
  std::string content;
};

std::vector<Dumped> Dumps() {
  return {
      {{{"set", "k", "bar"}}, "\x00\x03"s + "bar"},
      {{{"set", "k", "-12345"}}, "\x00\xc1\xc7\xcf"s},
      {{{"rpush", "k", "a", "1", "xxxxx"}},
       "\x12\x01\x02\x13\x13\x00\x00\x00\x03\x00\x81\x61\x02\x01\x01\x85xxxxx\x06\xff"s},
      {{{"sadd", "k", "1", "2", "70000"}},
       "\x0b\x14\x04\x00\x00\x00\x03\x00\x00\x00\x01\x00\x00\x00\x02\x00\x00\x00\x70\x11\x01\x00"s},
      {{{"sadd", "k", "one"}}, "\x02\x01\x03one"s},
      {{{"zadd", "k", "1", "a", "2.5", "b", "inf", "c"}},
       "\x11\x1c\x1c\x00\x00\x00\x06\x00\x81\x61\x02\x01\x01\x81\x62\x02\x83\x32\x2e\x35\x04\x81"
       "\x63\x02\x83inf\x04\xff"s},
      {{{"hset", "k", "f", "v", "g", "7"}},
       "\x10\x12\x12\x00\x00\x00\x04\x00\x81\x66\x02\x81\x76\x02\x81\x67\x02\x07\x01\xff"s},
      {{{"xadd", "k", "1-1", "f", "v"}, {"xgroup", "create", "k", "g", "0"}},
       "\x13\x01\x10\x00\x00\x00\x00\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00\x01\x1d\x1d\x00"
       "\x00\x00\x0a\x00\x01\x01\x00\x01\x01\x01\x81\x66\x02\x00\x01\x02\x01\x00\x01\x00\x01\x81"
       "\x76\x02\x04\x01\xff\x01\x01\x01\x01\x01\x00\x00\x01\x01\x01\x67\x00\x00\x81\xff\xff\xff"
       "\xff\xff\xff\xff\xff\x00\x00"s},
  };
}

class DumpTest : public CommandTest {
 protected:
  std::string Dump(std::string_view key) {
    const std::string reply = Run({"dump", key});
    return reply.starts_with("$") ? reply.substr(1) : reply;
  }
};

TEST_F(DumpTest, APayloadIsThatOfRedisAndMakesTheSameValueAgain) {
  for (const Dumped& dumped : Dumps()) {
    Run({"flushall"});
    for (const auto& command : dumped.commands) Run(resp::Args(command));
    const std::string payload = Sealed(dumped.content);
    EXPECT_EQ(Dump("k"), payload) << dumped.commands[0][0];
    EXPECT_EQ(Run({"restore", "again", "0", payload}), "+OK");
    EXPECT_EQ(Dump("again"), payload) << dumped.commands[0][0];
    EXPECT_EQ(Run({"restore-asking", "again", "0", payload, "replace"}), "+OK");
  }
  EXPECT_EQ(Run({"dump", "nothing"}), "(nil)");
}

TEST_F(DumpTest, EveryVersionIsTakenThatCanBeRead) {
  OursAlone();
  for (const int version : {1, 9, 11, 12, 80}) {
    EXPECT_EQ(Run({"restore", "k", "0", Sealed("\x00\x01v"s, version), "replace"}), "+OK");
  }
  for (const int version : {0, 13, 79, 81, 65535}) {
    EXPECT_EQ(Run({"restore", "k", "0", Sealed("\x00\x01v"s, version), "replace"}),
              "-ERR DUMP payload version or checksum are wrong");
  }
  // Of Redis 7.2: a set as a listpack.
  const std::string set = "\x14"s + codec::testing::String(codec::testing::Listpack({"a", "1"}));
  EXPECT_EQ(Run({"restore", "set", "0", Sealed(set, 11)}), "+OK");
  EXPECT_EQ(Run({"smismember", "set", "a", "1", "2"}), "[:1, :1, :0]");
}

TEST_F(DumpTest, ErrorsComeInTheOrderOfRedis) {
  const std::string payload = Sealed("\x00\x01v"s);
  Run({"set", "k", "v"});
  EXPECT_EQ(Run({"restore", "k", "x", "...", "whatever"}), "-ERR syntax error");
  EXPECT_EQ(Run({"restore", "k", "0", payload, "idletime"}), "-ERR syntax error");
  EXPECT_EQ(Run({"restore", "k", "0", payload, "idletime", "1", "freq", "1"}), "-ERR syntax error");
  EXPECT_EQ(Run({"restore", "k", "0", payload, "idletime", "-1"}),
            "-ERR Invalid IDLETIME value, must be >= 0");
  EXPECT_EQ(Run({"restore", "k", "0", payload, "freq", "256"}),
            "-ERR Invalid FREQ value, must be >= 0 and <= 255");
  EXPECT_EQ(Run({"restore", "k", "x", "..."}), "-BUSYKEY Target key name already exists.");
  EXPECT_EQ(Run({"restore", "new", "x", "..."}), "-ERR value is not an integer or out of range");
  EXPECT_EQ(Run({"restore", "new", "-1", "..."}), "-ERR Invalid TTL value, must be >= 0");
  EXPECT_EQ(Run({"restore", "new", "0", "..."}), "-ERR DUMP payload version or checksum are wrong");
  std::string damaged = payload;
  damaged[1] ^= 1;
  EXPECT_EQ(Run({"restore", "new", "0", damaged}),
            "-ERR DUMP payload version or checksum are wrong");
  for (const std::string& content : {""s, "\x00"s, "\x63\x01x"s, "\x07\x01x"s, "\x01\x00"s,
                                     "\x02\x02\x01x\x01x"s, "\x10\x01x"s}) {
    EXPECT_EQ(Run({"restore", "k", "0", Sealed(content), "replace"}), "-ERR Bad data format");
  }
  EXPECT_EQ(Run({"get", "k"}), "$v");  // none of them has cost the old value
}

TEST_F(DumpTest, AStringDoesNotReachIntoTheFooter) {
  OursAlone();  // redis-server takes the checksum for its end
  EXPECT_EQ(Run({"restore", "k", "0", Sealed("\x00\x05x"s)}), "-ERR Bad data format");
}

TEST_F(DumpTest, AStringLongerThanAStringMayBeIsNotBuilt) {
  OursAlone();
  engine_.options().bulk_bytes_max = 100;
  codec::RdbOutput out(nullptr, 64, {.compress = true});
  out.Byte(0);
  out.String(std::string(101, 'a'));
  const std::string content(out.buffered());
  EXPECT_LT(content.size(), 30u);
  EXPECT_EQ(Run({"restore", "k", "0", Sealed(content)}), "-ERR Bad data format");
  engine_.options().bulk_bytes_max = 101;
  EXPECT_EQ(Run({"restore", "k", "0", Sealed(content)}), "+OK");
  EXPECT_EQ(Run({"get", "k"}), "$" + std::string(101, 'a'));
}

TEST_F(DumpTest, ReplicasAreToldAPointInTime) {
  const std::string payload = Sealed("\x00\x01v"s);
  Run({"restore", "k", "0", payload});
  Run({"restore", "k", "1000", payload, "replace"});
  Run({"restore", "k", "99999999999999", payload, "replace", "absttl"});
  Run({"restore", "k", "1", payload, "replace", "absttl"});  // over already
  Run({"restore", "k", "1", payload, "replace", "absttl"});
  const std::string at = std::to_string(clock_.UnixMillis() + 1000);
  EXPECT_THAT(
      propagated(),
      ElementsAre("[0] restore k 0 " + payload,
                  "[0] restore k " + at + " " + payload + " replace ABSTTL",
                  "[0] restore k 99999999999999 " + payload + " replace absttl", "[0] DEL k"));
  EXPECT_EQ(Run({"exists", "k"}), ":0");
}

TEST_F(DumpTest, AReplicaKeepsWhatItsPrimarySendsTooLate) {
  OursAlone();
  state_.is_replica = true;
  dispatch::Session primary(dispatch::SessionKind::kPrimary);
  engine_.Join(primary);
  RunOn(primary, {"restore", "k", "1", Sealed("\x00\x01v"s), "absttl"});
  engine_.Leave(primary);
  EXPECT_EQ(keyspace_.db(0).size(), 1u);
}

TEST_F(DumpTest, ListenersSeeANewKeyAndWaitersAreServed) {
  keyspace_.set_event_mask(keyspace::kKeyeventChannel | keyspace::kGenericEvent |
                           keyspace::kNewKeyEvent);
  RunOn(other_, {"psubscribe", "*"});
  Pushed(other_);
  Run({"restore", "k", "0", Sealed("\x00\x01v"s)});
  Run({"restore", "k", "0", Sealed("\x00\x01w"s), "replace"});
  EXPECT_EQ(Pushed(other_),
            "[$pmessage, $*, $__keyevent@0__:new, $k] "
            "[$pmessage, $*, $__keyevent@0__:restore, $k] "
            "[$pmessage, $*, $__keyevent@0__:new, $k] "
            "[$pmessage, $*, $__keyevent@0__:restore, $k]");
  RunOn(other_, {"punsubscribe"});
  Pushed(other_);
  OursAlone();
  EXPECT_THAT(RunOn(other_, {"blpop", "list", "0"}), IsEmpty());
  const std::string list =
      "\x12\x01\x02"s + codec::testing::String(codec::testing::Listpack({"a", "b"}));
  Run({"restore", "list", "0", Sealed(list)});
  EXPECT_EQ(Pushed(other_), "[$list, $a]");
}

TEST_F(DumpTest, HowAKeyWasUsedComesWithIt) {
  OursAlone();
  const std::string payload = Sealed("\x00\x01v"s);
  Run({"restore", "k", "0", payload, "idletime", "1000"});
  EXPECT_EQ(Run({"object", "idletime", "k"}).substr(0, 2), ":1");
  keyspace_.set_eviction({.from = keyspace::EvictionPolicy::From::kAll,
                          .first = keyspace::EvictionPolicy::First::kLeastFrequent});
  Run({"restore", "k", "0", payload, "replace", "freq", "100"});
  EXPECT_EQ(Run({"object", "freq", "k"}), ":100");
}

}  // namespace
}  // namespace rha::node::commands
