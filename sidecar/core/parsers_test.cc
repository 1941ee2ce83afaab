#include <gtest/gtest.h>

#include "common/base/glob.h"
#include "sidecar/core/extension.h"
#include "sidecar/core/hello.h"
#include "sidecar/core/info.h"
#include "sidecar/core/names.h"
#include "sidecar/core/settings.h"

namespace rha::sidecar::core {
namespace {

const std::string kId(40, 'a');

TEST(InfoParser, ReadsAPrimaryWithReplicasInBothForms) {
  const Info info = ParseInfo(
      "# Server\r\nrun_id:0123\r\n# Replication\r\nrole:master\r\nconnected_slaves:2\r\n"
      "slave0:ip=10.0.0.2,port=6379,state=online,offset=14,lag=0\r\n"
      "slave1:10.0.0.3,6380,online\r\nmaster_replid:abc\r\nmaster_repl_offset:14\r\n"
      "second_repl_offset:-1\r\nslave_priority:100\r\n# Keyspace\r\ndb0:keys=3,expires=0\r\n"
      "db1:keys=4,expires=1\r\n");
  EXPECT_EQ(info.role, Role::kPrimary);
  ASSERT_EQ(info.replicas.size(), 2u);
  EXPECT_EQ(info.replicas[0].address, (Address{"10.0.0.2", 6379}));
  EXPECT_EQ(info.replicas[1].address, (Address{"10.0.0.3", 6380}));
  EXPECT_EQ(info.keys, 7);
  EXPECT_EQ(info.Offset(), 14);
}

TEST(InfoParser, ReadsAReplica) {
  const Info info = ParseInfo(
      "role:slave\nmaster_host:10.0.0.1\nmaster_port:6379\nmaster_link_status:down\n"
      "master_link_down_since_seconds:7\nslave_repl_offset:99\nslave_priority:0\n"
      "replica_announced:0\nredisha_undecided:1\nmaster_repl_offset:90\n");
  EXPECT_EQ(info.role, Role::kReplica);
  EXPECT_EQ(info.primary, (Address{"10.0.0.1", 6379}));
  EXPECT_FALSE(info.primary_link_up);
  EXPECT_EQ(info.primary_link_down_seconds, 7);
  EXPECT_EQ(info.priority, 0);
  EXPECT_FALSE(info.announced);
  EXPECT_TRUE(info.undecided);
  EXPECT_EQ(info.Offset(), 99);
}

TEST(InfoParser, TakesAnything) {
  for (const char* text : {"", ":", "slave0:", "slave0:ip=,port=", "slave0:a,b,c", "role:\r",
                           "db0:keys=x", "master_port:99999", "slave_priority:9e9\n\n\r\n:::"}) {
    const Info info = ParseInfo(text);
    EXPECT_TRUE(info.replicas.empty()) << text;
    EXPECT_EQ(info.priority, 100) << text;
  }
}

TEST(Hello, SurvivesARoundTrip) {
  const Hello hello{{"10.0.0.9", 26379}, kId, 7, "demo", {"10.0.0.1", 6379}, 5};
  const auto parsed = ParseHello(FormatHello(hello));
  ASSERT_TRUE(parsed);
  EXPECT_EQ(FormatHello(*parsed), "10.0.0.9,26379," + kId + ",7,demo,10.0.0.1,6379,5");
}

TEST(Hello, RefusesEveryOtherShape) {
  const std::string good = "10.0.0.9,26379," + kId + ",7,demo,10.0.0.1,6379,5";
  EXPECT_FALSE(ParseHello(good + ",8"));
  EXPECT_FALSE(ParseHello(good.substr(0, good.rfind(','))));
  EXPECT_FALSE(ParseHello("10.0.0.9,26379,short,7,demo,10.0.0.1,6379,5"));
  EXPECT_FALSE(ParseHello("10.0.0.9,99999," + kId + ",7,demo,10.0.0.1,6379,5"));
  EXPECT_FALSE(ParseHello("10.0.0.9,26379," + kId + ",7,de\nmo,10.0.0.1,6379,5"));
  EXPECT_FALSE(ParseHello(""));
}

// Each field differs from its default.
Beat FullBeat() {
  return {.id = kId,
          .address = {"10.0.0.2", 26379},
          .current_epoch = 9,
          .may_vote = false,
          .group = "demo",
          .primary = {"10.0.0.1", 6379},
          .config_leader = std::string(40, 'e'),
          .says_down = true,
          .belief = {.primary_member = "demo-1",
                     .config_epoch = 8,
                     .leading_epoch = 9,
                     .forced = true,
                     .has_majority = true},
          .node = {.alive = true,
                   .undecided = true,
                   .loading = true,
                   .role = Role::kReplica,
                   .priority = 7,
                   .run_id = "run",
                   .history = {.has_data = true, .data_epoch = 8, .offset = 123, .replid = "xyz"}}};
}

TEST(Extension, BeatSurvivesARoundTrip) {
  EXPECT_EQ(DecodeBeat(EncodeBeat(FullBeat())), FullBeat());
  Beat plain;
  plain.id = kId;
  plain.group = "demo";
  EXPECT_EQ(DecodeBeat(EncodeBeat(plain)), plain);
}

TEST(Extension, WhatABeatDoesNotSayIsANo) {
  const auto said = DecodeBeat({"BEAT", "1", "id=" + kId, "group=demo"});
  ASSERT_TRUE(said);
  EXPECT_FALSE(said->may_vote);
  EXPECT_EQ(said->node, NodeReport{});
  EXPECT_EQ(said->belief, Belief{});
}

TEST(Extension, SkipsUnknownFieldsAndRefusesBrokenOnes) {
  auto args = EncodeDeath({kId, "demo", "run"});
  args.push_back("later=1");
  ASSERT_TRUE(DecodeDeath(args));
  EXPECT_EQ(DecodeDeath(args)->run_id, "run");
  EXPECT_FALSE(DecodeDeath({"DEATH", "1", "id=short", "group=demo"}));
  EXPECT_FALSE(DecodeDeath({"DEATH", "2", "id=" + kId, "group=demo"}));
  EXPECT_FALSE(DecodeBeat({"BEAT"}));
  EXPECT_FALSE(DecodeBeat({}));
}

TEST(IpAddress, IsWhatTheResolverTakesForOne) {
  for (const char* ip : {"10.0.0.1", "0.0.0.0", "::1", "fd00::2:1"}) EXPECT_TRUE(IsIpAddress(ip));
  for (const char* name :
       {"", "999.1", "10.0.0", "1.2.3.4.5", "300.1.1.1", "a:b", "::1::", "redis"})
    EXPECT_FALSE(IsIpAddress(name)) << name;
}

TEST(Glob, MatchesAsRedisDoes) {
  EXPECT_TRUE(GlobMatches("*", "mymaster"));
  EXPECT_TRUE(GlobMatches("my*er", "mymaster"));
  EXPECT_TRUE(GlobMatches("m?master", "mymaster"));
  EXPECT_TRUE(GlobMatches("[a-m]*", "mymaster"));
  EXPECT_FALSE(GlobMatches("[^a-m]*", "mymaster"));
  EXPECT_TRUE(GlobMatches("a\\*b", "a*b"));
  EXPECT_FALSE(GlobMatches("a\\*b", "axb"));
  EXPECT_FALSE(GlobMatches("my", "mymaster"));
  EXPECT_TRUE(GlobMatches("**a*", "banana"));
}

TEST(Settings, RefusesControlCharactersAndBadNumbers) {
  GroupConfig config;
  EXPECT_TRUE(ApplySetting(config, "DOWN-after-milliseconds", "250").ok());
  EXPECT_EQ(config.down_after, Millis{250});
  EXPECT_FALSE(ApplySetting(config, "auth-pass", "x\nsentinel monitor evil").ok());
  EXPECT_FALSE(ApplySetting(config, "quorum", "0").ok());
  EXPECT_FALSE(ApplySetting(config, "failover-timeout", "-1").ok());
  EXPECT_FALSE(ApplySetting(config, "no-such-thing", "1").ok());
  EXPECT_TRUE(ApplySetting(config, "rename-command", "CONFIG guarded").ok());
  EXPECT_EQ(config.renamed_commands["CONFIG"], "guarded");
}

}  // namespace
}  // namespace rha::sidecar::core
