// What clients change while the machine runs: SENTINEL SET, CONFIG SET, DEBUG, MONITOR by name.
#include <gtest/gtest.h>

#include "sidecar/core/test_bench.h"

namespace rha::sidecar::core {
namespace {

class RunTimeSettings : public testing::Test {
 protected:
  RunTimeSettings() : bench(Bench::Classic()) {
    bench.Send(NodeLinkUp{bench.NodeAt("10.0.0.1").id});
    bench.Info("10.0.0.1", "run_id:p\r\nrole:master\r\n");
    bench.StockPeer(1);
    bench.all.clear();
  }
  template <typename Command>
  std::string Say(Command command) {
    bench.Send(CommandReceived{1, std::move(command)});
    const auto reply = bench.Of<Reply>().back().value;
    const auto* error = std::get_if<ReplyError>(&reply);
    return error == nullptr ? "OK" : error->text;
  }
  std::string Set(const std::string& option, const std::string& value) {
    return Say(SetCommand{"mymaster", {{option, value}}});
  }
  Bench bench;
};

TEST_F(RunTimeSettings, CredentialsAndNamesOfCommandsDialTheNodesAnew) {
  int redials = 0;
  for (const auto& [option, value] : std::vector<std::pair<std::string, std::string>>{
           {"auth-pass", "x"}, {"auth-user", "u"}, {"rename-command", "ping pong"}}) {
    bench.all.clear();
    EXPECT_EQ(Set(option, value), "OK");
    EXPECT_EQ(bench.Of<DisconnectNode>().size(), 1u) << option;
    EXPECT_FALSE(bench.NodeAt("10.0.0.1").link.connected);
    bench.Pass(Millis{300});
    EXPECT_EQ(bench.Of<ConnectNode>().size(), 1u) << option;
    bench.Send(NodeLinkUp{bench.NodeAt("10.0.0.1").id});
    ++redials;
  }
  EXPECT_EQ(redials, 3);
  EXPECT_EQ(bench.group().config.renamed_commands.at("PING"), "pong");
  bench.all.clear();
  EXPECT_EQ(Set("quorum", "3"), "OK");
  EXPECT_TRUE(bench.Of<DisconnectNode>().empty());
}

TEST_F(RunTimeSettings, ScriptsAreRefusedUnlessTheFileAllowsThem) {
  EXPECT_NE(Set("notification-script", "/bin/true").find("denied"), std::string::npos);
  Config config = Bench::Classic();
  config.globals.deny_scripts_reconfig = false;
  Bench open(config);
  open.Send(CommandReceived{1, SetCommand{"mymaster", {{"notification-script", "/bin/true"}}}});
  EXPECT_TRUE(std::holds_alternative<ReplyOk>(open.Of<Reply>().back().value));
  EXPECT_EQ(open.group().config.notification_script, "/bin/true");
}

TEST_F(RunTimeSettings, AllParametersOfConfigSetOrNone) {
  EXPECT_EQ(Say(ConfigSetCommand{{{"sentinel-pass", "a"}, {"announce-port", "x"}}}),
            "ERR Invalid value 'x' to SENTINEL CONFIG SET 'announce-port'");
  EXPECT_TRUE(bench.machine.state().globals.peer_password.empty());
  EXPECT_EQ(Say(ConfigSetCommand{{{"nope", "x"}}}),
            "ERR Invalid argument 'nope' to SENTINEL CONFIG SET");
  EXPECT_EQ(Say(ConfigSetCommand{{{"announce-ip", "1.2.3.4"}, {"Announce-Port", "77"}}}), "OK");
  EXPECT_EQ(bench.machine.state().announce, (Address{"1.2.3.4", 77}));
  EXPECT_TRUE(bench.Of<DisconnectPeer>().empty());
  EXPECT_EQ(Say(ConfigSetCommand{{{"announce-port", "0"}}}), "OK");
  EXPECT_EQ(bench.machine.state().announce.port, 26379);
  EXPECT_EQ(Say(ConfigSetCommand{{{"sentinel-pass", "a"}}}), "OK");
  EXPECT_EQ(bench.Of<DisconnectPeer>().size(), 1u);
  EXPECT_EQ(bench.disk->globals.peer_password, "a");
}

TEST_F(RunTimeSettings, AMembersAddressComesFromItsFile) {
  Bench member(Bench::Member());
  const auto said = [&](const std::string& name, const std::string& value) {
    member.Send(CommandReceived{1, ConfigSetCommand{{{name, value}}}});
    return std::holds_alternative<ReplyOk>(member.Of<Reply>().back().value);
  };
  EXPECT_FALSE(said("announce-ip", "6.6.6.6"));
  EXPECT_TRUE(said("loglevel", "warning"));
  // They would be forgotten at the next start.
  for (const char* setting : {"auth-pass", "quorum", "down-after-milliseconds"}) {
    member.Send(CommandReceived{1, SetCommand{"demo", {{setting, "3"}}}});
    EXPECT_TRUE(std::holds_alternative<ReplyError>(member.Of<Reply>().back().value)) << setting;
  }
  EXPECT_EQ(member.group().config.quorum, 2);
}

TEST_F(RunTimeSettings, DebugChangesPeriods) {
  EXPECT_EQ(Say(DebugCommand{{{"info-period", "0"}}}),
            "ERR Invalid argument '0' for SENTINEL DEBUG 'info-period'");
  EXPECT_EQ(Say(DebugCommand{{{"nope", "1"}}}),
            "ERR Unknown option or number of arguments for SENTINEL DEBUG 'nope'");
  EXPECT_EQ(Say(DebugCommand{{{"INFO-period", "200"}, {"default-down-after", "1234"}}}), "OK");
  bench.all.clear();
  for (int i = 0; i < 10; ++i) {
    bench.Pass(Millis{100});
    bench.Info("10.0.0.1", "run_id:p\r\nrole:master\r\n");
  }
  EXPECT_GE(bench.Of<SendInfo>().size(), 4u);
  EXPECT_EQ(Say(MonitorCommand{"two", {"10.0.0.8", 6379}, 1}), "OK");
  EXPECT_EQ(bench.machine.FindGroup("two")->config.down_after, Millis{1234});
}

TEST_F(RunTimeSettings, ANewPeerCountsForTheQuorumUntilItIsKnownToBeGone) {
  const auto usable = [&] { return bench.machine.CheckQuorum("mymaster", bench.now).ok(); };
  bench.Send(PeerLinkDown{bench.PeerOf(1), DownReason::kClosed});
  EXPECT_FALSE(usable());
  bench.Send(HelloReceived{"10.0.1.2,26379," + TestId(2) + ",0,mymaster,10.0.0.1,6379,0"});
  EXPECT_TRUE(usable());
  bench.Pass(Millis{1500});
  EXPECT_FALSE(usable());
}

class HostNames : public testing::Test {
 protected:
  static Config Wanted() {
    Config config = Bench::Classic();
    config.globals.resolve_hostnames = true;
    config.groups[0].primary = {"db.example", 6379};
    return config;
  }
  HostNames() : bench(Wanted()) {}
  std::string Named() { return bench.machine.PrimaryAddress("mymaster", bench.now)->host; }
  Bench bench;
};

TEST_F(HostNames, AreLookedUpAndToldAsAddresses) {
  ASSERT_EQ(bench.Of<Resolve>().size(), 1u);
  EXPECT_EQ(bench.Of<Resolve>()[0].host, "db.example");
  bench.Send(HostResolved{"db.example", "10.0.0.1"});
  EXPECT_EQ(Named(), "10.0.0.1");
  bench.Send(CommandReceived{1, ConfigSetCommand{{{"announce-hostnames", "yes"}}}});
  EXPECT_EQ(Named(), "db.example");
}

TEST_F(HostNames, AreTheSameAsTheAddressTheyStandFor) {
  bench.Send(HostResolved{"db.example", "10.0.0.1"});
  bench.Send(NodeLinkUp{bench.group().primary});
  bench.Send(VoteRequest{7, "", {"10.0.0.1", 6379}, 0, "*"});
  bench.Send(HelloReceived{"10.0.1.1,26379," + TestId(1) + ",1,mymaster,DB.example,6379,1"});
  EXPECT_EQ(bench.group().nodes.size(), 1u);
  EXPECT_EQ(bench.group().config_epoch, 1u);
  EXPECT_FALSE(bench.Saw("+switch-master"));
}

TEST_F(HostNames, AreNotTakenUnlessWanted) {
  Bench strict(Bench::Classic());
  strict.Send(CommandReceived{1, MonitorCommand{"two", {"db.example", 6379}, 1}});
  EXPECT_EQ(std::get<ReplyError>(strict.Of<Reply>().back().value).text,
            "ERR Invalid IP address or hostname specified");
  strict.Send(HelloReceived{"evil.example,26379," + TestId(1) + ",0,mymaster,10.0.0.1,6379,0"});
  EXPECT_TRUE(strict.group().views.empty());
}

}  // namespace
}  // namespace rha::sidecar::core
