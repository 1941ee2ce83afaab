#include "sidecar/shell/options.h"

#include <gmock/gmock.h>

#include "common/base/clock.h"

namespace rha::sidecar::shell {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

constexpr char kConfigured[] =
    "redisha-member demo-0 demo-0.demo-pods\nredisha-member demo-1 demo-1.demo-pods\n"
    "sentinel down-after-milliseconds demo 1500\nredisha-group demo 2\n"
    "redisha-cluster-uid uid\nredisha-state-file /data/sentinel.state\nself demo-1\n"
    "redisha-peer-key-file /peer-key\nredisha-metrics-port 9121\nredisha-node-port 7000\n";

TEST(Options, AClassicFileInAnyOrder) {
  const auto options = ReadOptions("s.conf",
                                   "sentinel down-after-milliseconds m 500\nport 5000\n"
                                   "sentinel known-replica m 10.0.0.2 6379\n"
                                   "redisha-refused-is-down no\n"
                                   "sentinel monitor m 10.0.0.1 6379 2\n",
                                   {});
  ASSERT_TRUE(options.ok()) << options.status().message();
  EXPECT_EQ(options->port, 5000);
  EXPECT_EQ(options->announce_port(), 5000);
  EXPECT_FALSE(options->configured());
  const auto config = MachineConfig(*options, std::nullopt);
  ASSERT_TRUE(config.ok());
  ASSERT_EQ(config->groups.size(), 1u);
  EXPECT_EQ(config->groups[0].down_after, Millis(500));
  EXPECT_EQ(config->groups[0].parallel_syncs, 1);
  EXPECT_FALSE(config->refused_is_down);
  EXPECT_EQ(config->my_id.size(), 40u);
}

TEST(Options, AConfiguredGroup) {
  const auto options = ReadOptions("s.conf", kConfigured, {});
  ASSERT_TRUE(options.ok()) << options.status().message();
  const auto config = MachineConfig(*options, std::nullopt);
  ASSERT_TRUE(config.ok());
  const core::GroupConfig& group = config->groups.at(0);
  EXPECT_EQ(group.quorum, 2);
  EXPECT_EQ(group.node_port, 7000);
  EXPECT_EQ(group.down_after, Millis(1500));
  ASSERT_EQ(group.members.size(), 2u);
  EXPECT_EQ(group.members[1].host, "demo-1.demo-pods");
  EXPECT_EQ(config->self, "demo-1");
  EXPECT_EQ(config->my_id, group.members[1].id);
  EXPECT_NE(group.members[0].id, group.members[1].id);
}

TEST(Options, AnIdIsTheHashOfClusterAndName) {
  EXPECT_EQ(MemberId("uid", "demo-1"), MemberId("uid", "demo-1"));
  EXPECT_NE(MemberId("uid", "demo-1"), MemberId("other", "demo-1"));
  EXPECT_EQ(MemberId("", ""), "42099b4af021e53fd8fd4e056c2568d7c2e3ffa8");  // sha1("/")
}

TEST(Options, TheStateOfAnotherMemberIsRefused) {
  const auto options = ReadOptions("s.conf", kConfigured, {});
  core::PersistedState state;
  state.my_id = std::string(40, '0');
  EXPECT_THAT(MachineConfig(*options, state).status().message(), HasSubstr("another member"));
}

TEST(Options, TheCommandLineWins) {
  const auto flags = ParseFlags({"--port", "1", "--bind", "10.0.0.1", "10.0.0.2", "--sentinel"});
  ASSERT_TRUE(flags.ok());
  const auto options = ReadOptions("s.conf", "port 2\nbind *\n", *flags);
  ASSERT_TRUE(options.ok());
  EXPECT_EQ(options->port, 1);
  EXPECT_THAT(options->binds, ElementsAre("10.0.0.1", "10.0.0.2"));
  EXPECT_FALSE(ParseFlags({"stray"}).ok());
}

TEST(Options, ErrorsNameTheLine) {
  const auto error = [](const std::string& text) {
    return ReadOptions("s.conf", text, {}).status().message();
  };
  EXPECT_EQ(error("port 1\n\nprot 2\n"), "s.conf line 3: 'prot 2': unknown directive");
  EXPECT_THAT(error("port a\n"), HasSubstr("line 1"));
  EXPECT_THAT(error("port\n"), HasSubstr("wrong number"));
  EXPECT_EQ(error("daemonize yes\nrepl-diskless-sync-delay 0\nenable-protected-configs yes\n"), "");
  EXPECT_THAT(error("tls-port 1\n"), HasSubstr("TLS is not supported"));
  EXPECT_EQ(error("tls-port 0\ntls-replication no\n"), "");
  EXPECT_THAT(error("include other.conf\n"), HasSubstr("put their lines into this one"));
  EXPECT_THAT(error("sentinel monitor m some-host 1 1\n"), HasSubstr("resolve-hostnames"));
  EXPECT_EQ(error("sentinel monitor m some-host 1 1\nsentinel resolve-hostnames yes\n"), "");
  EXPECT_THAT(error("redisha-group a 2\n"), HasSubstr("belong together"));
  EXPECT_THAT(error("sentinel nonsense a b\n"), HasSubstr("Unrecognized"));
  std::string no_self = kConfigured;
  no_self.replace(no_self.find("self demo-1"), 11, "self demo-9");
  EXPECT_THAT(error(no_self), HasSubstr("none of the redisha-member"));
  EXPECT_THAT(error(std::string(kConfigured) + "sentinel monitor b 1.1.1.1 1 1\n"),
              HasSubstr("only one group"));
  std::string no_key = kConfigured;
  no_key.replace(no_key.find("redisha-peer-key-file /peer-key\n"), 32, "");
  EXPECT_THAT(error(no_key), HasSubstr("redisha-peer-key-file is missing"));
  EXPECT_THAT(error("redisha-admin-password-file f\n"), HasSubstr("are of a redisha-group"));
  for (const char* line :
       {"sentinel auth-pass demo x\n", "sentinel rename-command demo PING X\n",
        "sentinel sentinel-pass x\n", "sentinel config-epoch demo 3\n",
        "sentinel known-replica demo 1.1.1.1 1\n", "sentinel current-epoch 5\n"}) {
    EXPECT_THAT(error(std::string(kConfigured) + line), HasSubstr("for a redisha-group")) << line;
  }
  std::string too_many = kConfigured;
  too_many.replace(too_many.find("demo 2\n"), 7, "demo 9\n");
  EXPECT_THAT(error(too_many), HasSubstr("can never agree"));
  EXPECT_THAT(error("port 0\n"), HasSubstr("listens nowhere"));
  EXPECT_THAT(error("tls-cluster yes\n"), HasSubstr("TLS is not supported"));
  EXPECT_THAT(error("socket-mark-id 7\n"), HasSubstr("not supported"));
  EXPECT_THAT(error("requirepass a\nrequirepass-file f\n"), HasSubstr("leave one out"));
}

TEST(Options, UsersAsRedisWritesThem) {
  const auto error = [](const std::string& text) {
    return ReadOptions("s.conf", text, {}).status().message();
  };
  const auto options = ReadOptions(
      "s.conf", "user default off\nuser app on >s3cret &* +subscribe\nacllog-max-len 3\n", {});
  ASSERT_TRUE(options.ok()) << options.status().message();
  EXPECT_THAT(options->user_lines,
              ElementsAre(ElementsAre("default", "off"),
                          ElementsAre("app", "on", ">s3cret", "&*", "+subscribe")));
  EXPECT_EQ(options->acl_log_entries_max, 3u);
  EXPECT_TRUE(ReadOptions("s.conf", "acl-pubsub-default allchannels\n", {})->channels_open);
  EXPECT_THAT(error("user app on\nuser app off\n"), HasSubstr("Duplicate user"));
  EXPECT_THAT(error("user app on >s3cret (+ping\n"), Not(HasSubstr("s3cret")));
  EXPECT_THAT(error("acl-pubsub-default maybe\n"), HasSubstr("allchannels"));
}

TEST(Options, DirectivesOfADataServerAreTakenAndNamed) {
  const auto options = ReadOptions(
      "s.conf", "save 900 1\nMAXMEMORY 1gb\nmaxclients 7\ntimeout 3\nprotected-mode yes\n", {});
  ASSERT_TRUE(options.ok()) << options.status().message();
  EXPECT_THAT(options->without_effect, ElementsAre("save", "maxmemory"));
  EXPECT_EQ(options->clients_max, 7u);
  // Too many for this program: the server says so.
  EXPECT_EQ(ReadOptions("s.conf", "maxclients 20000\n", {})->clients_max, 20000u);
  EXPECT_EQ(options->idle_max, std::chrono::seconds(3));
  EXPECT_TRUE(options->protected_mode);
}

TEST(Options, AScriptMustBeThere) {
  const auto options = ReadOptions(
      "s.conf", "sentinel monitor m 1.1.1.1 1 1\nsentinel notification-script m /nowhere\n", {});
  ASSERT_TRUE(options.ok()) << options.status().message();
  EXPECT_THAT(CheckScripts(*options).message(),
              HasSubstr("Notification script seems non existing or non executable"));
}

TEST(Options, ErrorsDoNotShowPasswords) {
  for (const char* line : {"requirepass hush hush", "user app on >hush (+ping",
                           "sentinel auth-pass nobody hush", "sentinel sentinel-pass hush hush"}) {
    const std::string error = ReadOptions("s.conf", line, {}).status().message();
    EXPECT_NE(error, "");
    EXPECT_THAT(error, testing::Not(HasSubstr("hush"))) << line;
  }
}

}  // namespace
}  // namespace rha::sidecar::shell
