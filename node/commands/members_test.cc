#include "common/trust/peer_proof.h"
#include "node/commands/testing/run_command.h"

namespace rha::node::commands {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

const std::string kHere = "10.0.0.1:6379";

class MembersTest : public CommandTest {
 protected:
  MembersTest() {
    OursAlone();
    keys_ = *trust::PeerKeys::Parse(std::string(32, 'k'));
    engine_.options().membership = {
        .self = {"uid", "pod-0"}, .keys = keys_, .announced_address = "10.9.9.9:1"};
    engine_.permissions().users().SetDefaultPassword("secret", {});
    stranger_.local_address = kHere;
    engine_.Join(stranger_);
  }
  ~MembersTest() override { engine_.Leave(stranger_); }

  std::string Ask(const trust::Words& words) {
    const std::vector<std::string_view> views(words.begin(), words.end());
    return RunOn(stranger_, views);
  }
  // Says HELLO; what PROVE would be if the node is believed.
  Result<trust::Words> Hello(const trust::PeerKeys& keys, const std::string& dialled = kHere) {
    trust::Initiator initiator({"uid", "pod-1"}, {dialled, "pod-0"}, trust::NewNonce());
    std::string shown = Ask(initiator.Hello());
    trust::Words reply;
    for (size_t at = 1; at < shown.size(); at = shown.find(", ", at) + 2) {
      reply.push_back(shown.substr(at + 1, shown.find_first_of(",]", at) - at - 1));
      if (shown.find(", ", at) == std::string::npos) break;
    }
    return initiator.OnHelloReply(keys, reply);
  }

  trust::PeerKeys keys_;
  dispatch::Session stranger_;
};

TEST_F(MembersTest, WhoProvesToHoldTheKeyIsAPeer) {
  EXPECT_EQ(RunOn(stranger_, {"get", "k"}), "-NOAUTH Authentication required.");
  const auto proof = Hello(keys_);
  ASSERT_TRUE(proof.ok()) << proof.status().message();
  EXPECT_FALSE(stranger_.is_peer()) << "a name is no proof";
  EXPECT_EQ(RunOn(stranger_, {"get", "k"}), "-NOAUTH Authentication required.");
  EXPECT_EQ(Ask(*proof), "+OK");
  EXPECT_EQ(stranger_.peer_name(), "pod-1");
  EXPECT_EQ(RunOn(stranger_, {"get", "k"}), "(nil)");
  RunOn(stranger_, {"reset"});
  EXPECT_FALSE(stranger_.is_peer());
  EXPECT_EQ(RunOn(stranger_, {"get", "k"}), "-NOAUTH Authentication required.");
}

TEST_F(MembersTest, AWrongProofEndsTheSession) {
  ASSERT_TRUE(Hello(keys_).ok());
  EXPECT_THAT(Ask({"REDISHA", "PROVE", std::string(64, '0')}), StartsWith("-WRONGPROOF "));
  EXPECT_TRUE(stranger_.closing);
  EXPECT_EQ(engine_.stats().failed_proofs, 1u);
}

TEST_F(MembersTest, AProofOfAnotherConnectionIsWrong) {
  const auto proof = Hello(keys_);
  ASSERT_TRUE(proof.ok());
  dispatch::Session other;
  engine_.Join(other);
  const std::string nonce(64, 'a');
  other.local_address = kHere;
  RunOn(other, {"REDISHA", "HELLO", "uid", "pod-1", nonce, kHere});
  const std::vector<std::string_view> words(proof->begin(), proof->end());
  EXPECT_THAT(RunOn(other, words), StartsWith("-WRONGPROOF "));
  engine_.Leave(other);
}

TEST_F(MembersTest, AProofIsForTheAddressThatWasDialled) {
  EXPECT_FALSE(Hello(keys_, "10.0.0.66:6379").ok());
  EXPECT_TRUE(stranger_.closing);
}

TEST_F(MembersTest, AnAnnouncedAddressIsAnAddressToo) {
  const auto proof = Hello(keys_, "10.9.9.9:1");
  ASSERT_TRUE(proof.ok());
  EXPECT_EQ(Ask(*proof), "+OK");
}

TEST_F(MembersTest, OverAUnixSocketThePathDoesNotMatter) {
  stranger_.unix_socket = true;
  const auto proof = Hello(keys_, trust::kUnixSocketAddress);
  ASSERT_TRUE(proof.ok());
  EXPECT_EQ(Ask(*proof), "+OK");
}

TEST_F(MembersTest, HelloIsSaidOnce) {
  ASSERT_TRUE(Hello(keys_).ok());
  EXPECT_FALSE(Hello(keys_).ok());
  EXPECT_TRUE(stranger_.closing);
}

TEST_F(MembersTest, HugeWordsAreNoNames) {
  const std::string huge(10 << 20, 'x');
  EXPECT_THAT(Ask({"REDISHA", "HELLO", "uid", huge, std::string(64, 'a'), kHere}),
              StartsWith("-ERR "));
  EXPECT_THAT(RunOn(other_, {"redisha", "hello", huge, "pod-1", std::string(64, 'a'), kHere}),
              StartsWith("-FOREIGN "));
}

TEST_F(MembersTest, RolesAreForPeers) {
  EXPECT_THAT(RunOn(session_, {"redisha", "role", "1", "a", "primary"}), StartsWith("-NOPERM "));
  Ask(*Hello(keys_));
  EXPECT_EQ(Ask({"REDISHA", "ROLE", "3", "a", "PRIMARY"}), "+OK");
  EXPECT_EQ(Ask({"REDISHA", "ROLE", "4", "*", "replica", "10.0.0.1", "6379"}), "+OK");
  EXPECT_EQ(Ask({"REDISHA", "ROLE", "5", "b", "seal"}), "+OK");
  EXPECT_EQ(Ask({"REDISHA", "ROLE", "6", "b", "primary", "copies", "2"}), "+OK");
  EXPECT_EQ(Ask({"REDISHA", "ROLE", "7", "b", "replica", "10.0.0.1", "1", "copies", "2"}), "+OK");
  using Kind = dispatch::RoleOrder::Kind;
  ASSERT_EQ(role_orders().size(), 5u);
  EXPECT_EQ(role_orders()[0].epoch, 3u);
  EXPECT_EQ(role_orders()[0].kind, Kind::kLead);
  EXPECT_EQ(role_orders()[0].copies, 1);
  EXPECT_EQ(role_orders()[2].kind, Kind::kSeal);
  EXPECT_EQ(role_orders()[3].kind, Kind::kLead);
  EXPECT_EQ(role_orders()[3].copies, 2);
  EXPECT_EQ(role_orders()[4].copies, 2);
  EXPECT_EQ(role_orders()[1].kind, Kind::kFollow);
  EXPECT_EQ(role_orders()[1].leader, "*");
  EXPECT_EQ(role_orders()[1].host, "10.0.0.1");
  EXPECT_EQ(role_orders()[1].port, 6379);
}

TEST_F(MembersTest, RolesThatMeanNothingAreErrors) {
  Ask(*Hello(keys_));
  const trust::Words wrong[] = {
      {"redisha", "role", "0", "a", "primary"},
      {"redisha", "role", "-1", "a", "primary"},
      {"redisha", "role", "9223372036854775808", "a", "primary"},
      {"redisha", "role", "1", "", "primary"},
      {"redisha", "role", "1", "a b", "primary"},
      {"redisha", "role", "1", "a", "king"},
      {"redisha", "role", "1", "a", "seal", "now"},
      {"redisha", "role", "1", "a", "seal", "copies", "-1"},
      {"redisha", "role", "1", "a", "primary", "copies"},
      {"redisha", "role", "1", "a", "primary", "copies", "0"},
      {"redisha", "role", "1", "a", "primary", "copies", "many"},
      {"redisha", "role", "1", "a", "primary", "copies", "65"},
      {"redisha", "role", "1", "a", "primary", "pieces", "2"},
      {"redisha", "role", "1", "a", "primary", "host"},
      {"redisha", "role", "1", "a", "replica", "host"},
      {"redisha", "role", "1", "a", "replica", "", "1"},
      {"redisha", "role", "1", "a", "replica", "host", "0"},
      {"redisha", "role", "1", "a", "replica", "host", "65536"},
  };
  for (const trust::Words& words : wrong) {
    EXPECT_THAT(Ask(words), StartsWith("-ERR ")) << testing::PrintToString(words);
  }
  EXPECT_TRUE(role_orders().empty());
}

TEST_F(MembersTest, ANodeWithoutAKeyIsNobodysPeer) {
  engine_.options().membership = {};
  EXPECT_THAT(RunOn(session_, {"redisha", "hello", "uid", "pod-1", std::string(64, 'a'), kHere}),
              HasSubstr("redisha-peer-key-file"));
  EXPECT_THAT(RunOn(session_, {"redisha", "prove", "x"}), StartsWith("-ERR "));
}

TEST_F(MembersTest, AFullDiskIsNoDeathForPeers) {
  state_.last_save_failed = true;
  Ask(*Hello(keys_));
  EXPECT_EQ(Ask({"PING"}), "+PONG");
  EXPECT_THAT(Ask({"SET", "k", "v"}), StartsWith("-MISCONF "));
  EXPECT_THAT(RunOn(session_, {"ping"}), StartsWith("-MISCONF "));
}

TEST_F(MembersTest, APauseHoldsOnlyWritesOfPeers) {
  Ask(*Hello(keys_));
  engine_.SetPause(dispatch::PauseReason::kClients,
                   {dispatch::Pause::Scope::kAll, clock_.UnixMillis() + 1000});
  EXPECT_EQ(RunOn(session_, {"ping"}), "(not now)");
  EXPECT_EQ(Ask({"PING"}), "+PONG");
  EXPECT_EQ(Ask({"SET", "k", "v"}), "(not now)");
}

TEST_F(MembersTest, APauseOfWritesHoldsNoHelloBackAndSoNoOrderBehindIt) {
  Ask(*Hello(keys_));
  engine_.SetPause(dispatch::PauseReason::kClients,
                   {dispatch::Pause::Scope::kWrite, clock_.UnixMillis() + 1000});
  EXPECT_EQ(RunOn(session_, {"publish", "channel", "message"}), "(not now)");
  EXPECT_EQ(Ask({"PUBLISH", "__sentinel__:hello", "message"}), ":0");
  EXPECT_EQ(Ask({"REDISHA", "ROLE", "3", "a", "REPLICA", "10.0.0.1", "6379"}), "+OK");
}

TEST_F(MembersTest, AReplacedPasswordIsAcceptedWhileItIsKnown) {
  engine_.permissions().users().SetDefaultPassword("secret", {"older", "old"});
  EXPECT_EQ(RunOn(stranger_, {"auth", "old"}), "+OK");
  EXPECT_EQ(RunOn(stranger_, {"auth", "older"}), "+OK");
  EXPECT_EQ(RunOn(stranger_, {"auth", "secret"}), "+OK");
  engine_.permissions().users().KeepReplaced({});
  EXPECT_THAT(RunOn(stranger_, {"auth", "old"}), StartsWith("-WRONGPASS "));
  EXPECT_EQ(RunOn(stranger_, {"auth", "secret"}), "+OK");
}

}  // namespace
}  // namespace rha::node::commands
