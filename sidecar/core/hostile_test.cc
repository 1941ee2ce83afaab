// What may be said to the machine by those who proved nothing, and what nobody may make it do.
#include <gmock/gmock.h>

#include "common/base/prng.h"
#include "sidecar/core/hostile_events.h"

namespace rha::sidecar::core {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr Epoch kHuge = std::numeric_limits<Epoch>::max();

std::string HelloOf(int sentinel, const std::string& group, Epoch epoch, Epoch config_epoch,
                    const std::string& primary = "10.0.0.9") {
  return FormatHello({.sentinel = {"10.0.1." + std::to_string(sentinel), 26379},
                      .id = TestId(sentinel),
                      .current_epoch = epoch,
                      .group = group,
                      .primary = {primary, 6379},
                      .config_epoch = config_epoch});
}

Beat BeatOf(int member, Epoch epoch) {
  return {.id = TestId(member),
          .address = {"10.0.0." + std::to_string(member + 1), 26379},
          .current_epoch = epoch,
          .group = "demo"};
}

std::string LastError(const Bench& bench) {
  const Reply reply = bench.Of<Reply>().back();
  const auto* error = std::get_if<ReplyError>(&reply.value);
  return error == nullptr ? "" : error->text;
}

TEST(Hostile, AHelloMovesNothingInAConfiguredGroup) {
  Bench bench(Bench::Member());
  for (const std::string& proven : {std::string(), TestId(1), TestId(2)}) {
    bench.Send(HelloReceived{HelloOf(1, "demo", 7, 7), proven});
    bench.Send(HelloReceived{HelloOf(9, "demo", 7, 7), proven});
  }
  EXPECT_EQ(bench.machine.state().current_epoch, 0u);
  EXPECT_EQ(bench.group().config_epoch, 0u);
  EXPECT_EQ(bench.group().primary, kNoNode);
  EXPECT_EQ(bench.group().views.size(), 2u);
}

TEST(Hostile, AnUnprovenHelloIsNotHeard) {
  Bench bench(Bench::Member());
  bench.Send(HelloReceived{HelloOf(1, "demo", 0, 0), ""});
  EXPECT_EQ(bench.machine.state().peers.at(bench.PeerOf(1)).last_heard, kLongAgo);
  bench.Send(HelloReceived{HelloOf(1, "demo", 0, 0), TestId(1)});
  EXPECT_EQ(bench.machine.state().peers.at(bench.PeerOf(1)).last_heard, bench.now);
}

TEST(Hostile, ABeatCountsOnlyFromTheMemberItself) {
  Bench bench(Bench::Member());
  for (const std::string& proven : {std::string(), TestId(2)}) {
    bench.Send(ExtensionReceived{1, EncodeBeat(BeatOf(1, 3)), proven});
    EXPECT_THAT(LastError(bench), HasSubstr("NOPROOF"));
  }
  const Peer& peer = bench.machine.state().peers.at(bench.PeerOf(1));
  EXPECT_FALSE(peer.beat_seen);
  EXPECT_TRUE(peer.address.host.empty()) << "nobody's word moves a member's address";
  EXPECT_EQ(bench.machine.state().current_epoch, 0u);
  bench.Send(ExtensionReceived{1, EncodeBeat(BeatOf(1, 3)), TestId(1)});
  EXPECT_TRUE(peer.beat_seen);
  EXPECT_EQ(peer.address.host, "10.0.0.2");
}

TEST(Hostile, ADeathNoticeCountsOnlyFromTheMemberItself) {
  Bench bench(Bench::Member());
  bench.Send(ExtensionReceived{1, EncodeDeath({TestId(1), "demo", ""}), TestId(2)});
  EXPECT_THAT(LastError(bench), HasSubstr("NOPROOF"));
  for (const auto& [id, node] : bench.group().nodes) EXPECT_FALSE(node.certainly_dead);
}

TEST(Hostile, AVoteIsForTheMemberWhoAsks) {
  Bench bench(Bench::Member());
  for (int i : {1, 2}) {
    Beat beat = BeatOf(i, 0);
    bench.Send(ExtensionReceived{1, EncodeBeat(beat), beat.id});
  }
  ASSERT_TRUE(bench.machine.state().may_vote);
  for (const std::string& proven : {std::string(), TestId(2)}) {
    bench.Send(VoteRequest{1, "demo", {}, 5, TestId(1), proven});
    EXPECT_THAT(LastError(bench), HasSubstr("NOPROOF"));
  }
  EXPECT_EQ(bench.group().leader_epoch, 0u);
  bench.Send(VoteRequest{1, "demo", {}, 5, TestId(1), TestId(1)});
  EXPECT_EQ(bench.group().leader_id, TestId(1));
}

TEST(Hostile, AForgedEpochIsNotAdoptedAndALaterHonestOneIs) {
  Bench bench(Bench::Classic());
  bench.StockPeer(1);
  for (const Epoch forged : {kHuge, kEpochOnWireMax, Epoch{1} << 40, kEpochJumpMax + 1}) {
    bench.Send(HelloReceived{HelloOf(1, "mymaster", forged, forged), ""});
    bench.Send(HelloReceived{HelloOf(1, "mymaster", 0, forged), ""});
    bench.Send(VoteRequest{1, "", {"10.0.0.1", 6379}, forged, TestId(1), ""});
    bench.Send(VoteReply{bench.PeerOf(1), "mymaster", false, TestId(1), forged});
    EXPECT_EQ(bench.machine.state().current_epoch, 0u) << forged;
    EXPECT_EQ(bench.group().config_epoch, 0u);
    EXPECT_EQ(bench.group().leader_epoch, 0u);
  }
  EXPECT_EQ(bench.group().Primary()->address.host, "10.0.0.1");
  bench.Send(HelloReceived{HelloOf(1, "mymaster", 6, 6), ""});
  EXPECT_EQ(bench.machine.state().current_epoch, 6u);
  EXPECT_EQ(bench.group().Primary()->address.host, "10.0.0.9");
}

TEST(Hostile, WhoIsNewLearnsAnyEpochThatAMajorityNames) {
  Bench bench(Bench::Classic());
  for (int i : {1, 2}) bench.StockPeer(i);
  const Epoch far = kEpochJumpMax * 3;
  bench.Send(HelloReceived{HelloOf(1, "mymaster", far, far), ""});
  EXPECT_EQ(bench.machine.state().current_epoch, 0u);
  bench.Send(HelloReceived{HelloOf(2, "mymaster", far + 1, far), ""});
  EXPECT_EQ(bench.machine.state().current_epoch, far + 1);
  EXPECT_EQ(bench.group().Primary()->address.host, "10.0.0.9");
}

TEST(Hostile, AForgedMajorityDoesNotUseUpTheNumbers) {
  Bench bench(Bench::Classic());
  for (int i = 1; i <= 9; ++i) bench.StockPeer(i);
  for (int i = 1; i <= 9; ++i) {
    bench.Send(HelloReceived{HelloOf(i, "mymaster", kEpochOnWireMax, kEpochOnWireMax), ""});
  }
  EXPECT_LE(bench.machine.state().current_epoch, kEpochCatchUpMax + kEpochJumpMax);
}

TEST(Hostile, AConfigEpochAboveTheSendersOwnEpochEndsNothing) {
  Bench classic(Bench::Classic());
  classic.StockPeer(1);
  classic.Send(HelloReceived{HelloOf(1, "mymaster", 1, 5), ""});
  EXPECT_EQ(classic.machine.state().current_epoch, 5u);
  Bench member(Bench::Member());
  Beat beat = BeatOf(1, 1);
  beat.belief.config_epoch = 5;
  beat.belief.primary_member = "demo-1";
  member.Send(ExtensionReceived{1, EncodeBeat(beat), beat.id});
  EXPECT_EQ(member.group().config_epoch, 0u);
}

TEST(Hostile, AMemberWithoutMemoryLearnsAnyEpochOfAMajority) {
  Bench bench(Bench::Member());
  for (int i : {1, 2}) {
    const Beat beat = BeatOf(i, Epoch{1} << 40);
    bench.Send(ExtensionReceived{1, EncodeBeat(beat), beat.id});
  }
  EXPECT_EQ(bench.machine.state().current_epoch, Epoch{1} << 40);
}

TEST(Hostile, AFileWithEpochsAboveItsCurrentOneIsTaken) {
  Config config = Bench::Classic();
  config.persisted = PersistedState{.my_id = TestId(0), .current_epoch = 3};
  PersistedGroup& group = config.persisted->groups["mymaster"];
  group.name = "mymaster";
  group.primary = {"10.0.0.1", 6379};
  group.config_epoch = 9;
  group.leader_epoch = 7;
  Bench bench(config);
  EXPECT_EQ(bench.machine.state().current_epoch, 9u);
}

TEST(Hostile, ResetInTheMiddleOfAFailoverEndsNothingButIt) {
  Bench bench(Bench::Classic(1));
  bench.Send(NodeLinkUp{bench.NodeAt("10.0.0.1").id});
  bench.Info("10.0.0.1",
             "run_id:a\r\nrole:master\r\nslave0:ip=10.0.0.2,port=6379,state=online\r\n");
  bench.Send(NodeLinkUp{bench.NodeAt("10.0.0.2").id});
  const std::string replica =
      "run_id:b\r\nrole:slave\r\nmaster_host:10.0.0.1\r\nmaster_port:6379\r\n"
      "master_link_status:up\r\n";
  bench.Info("10.0.0.2", replica);
  bench.Send(NodeLinkDown{bench.NodeAt("10.0.0.1").id, DownReason::kClosed});
  bench.Send(CommandReceived{1, FailoverCommand{"mymaster"}});
  bench.Info("10.0.0.2", replica);
  bench.Pass(Millis{200});
  bench.Info("10.0.0.2", "run_id:b\r\nrole:master\r\n");
  ASSERT_TRUE(bench.Saw("+promoted-slave"));
  bench.Send(CommandReceived{1, ResetCommand{"*"}});
  EXPECT_FALSE(bench.group().failover.has_value());
}

TEST(Hostile, SetNeverShowsAPassword) {
  Bench bench(Bench::Classic());
  bench.Send(CommandReceived{1, SetCommand{"mymaster", {{"AUTH-Pass", "hush"}}}});
  EXPECT_EQ(bench.group().config.auth_password, "hush");
  for (const auto& event : bench.Of<PublishEvent>())
    EXPECT_THAT(event.payload, Not(HasSubstr("hush")));
  for (const auto& line : bench.Of<Log>()) EXPECT_THAT(line.text, Not(HasSubstr("hush")));
}

TEST(Hostile, NodesThatAreOnlyTalkedOfAreBounded) {
  Bench bench(Bench::Classic());
  bench.StockPeer(1);
  for (Epoch epoch = 1; epoch < 2 * kNodesPerGroupMax; ++epoch) {
    bench.Send(HelloReceived{
        HelloOf(1, "mymaster", epoch, epoch,
                "10.1." + std::to_string(epoch / 250) + "." + std::to_string(epoch % 250)),
        ""});
  }
  EXPECT_LE(bench.group().nodes.size(), kNodesPerGroupMax);
}

TEST(Hostile, HugeNumbersInInfoAreCutBeforeTheyAreAdded) {
  const Info info = ParseInfo(
      "db0:keys=9223372036854775807\r\ndb1:keys=9223372036854775807\r\n"
      "slave_repl_offset:9223372036854775807\r\nmaster_link_down_since_seconds:-9\r\n");
  EXPECT_EQ(info.keys, kInfoCountMax);
  EXPECT_EQ(info.replica_offset, kInfoCountMax);
  EXPECT_EQ(info.primary_link_down_seconds, -1);
}

TEST(Hostile, NothingThatIsSaidEndsTheMachine) {
  int promoted_of_members = 0;
  int promoted_of_classic = 0;
  for (uint64_t seed = 0; seed < 100; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Prng prng(seed);
    HostileEvents events([&](uint64_t n) { return prng.Below(n); });
    promoted_of_members += LiveAmongHostiles(Bench::Member(), events, 2000);
    promoted_of_classic += LiveAmongHostiles(Bench::Classic(1), events, 4000);
  }
  EXPECT_GT(promoted_of_members, 0);
  EXPECT_GT(promoted_of_classic, 0);
}

}  // namespace
}  // namespace rha::sidecar::core
