#include "common/trust/peer_proof.h"

#include <gtest/gtest.h>

namespace rha::trust {
namespace {

const std::string kOld(64, 'a');
const std::string kNew(64, 'b');
const std::string kNonce1(kNonceDigits, '1');
const std::string kNonce2(kNonceDigits, '2');

PeerKeys Keys(const std::string& text) { return PeerKeys::Parse(text).value(); }
std::span<const std::string> Arguments(const Words& words) {
  return std::span(words).subspan(2);  // after REDISHA HELLO or REDISHA PROVE
}

const std::string kHere = "10.0.0.1:6379", kElsewhere = "10.0.0.66:6379";

Responder Demo1(std::vector<std::string> addresses = {kHere}) {
  return {{"uid-1", "demo-1"}, std::move(addresses), kNonce2};
}

struct Pair {
  Initiator initiator{{"uid-1", "demo-0"}, {kHere, "demo-1"}, kNonce1};
  Responder responder = Demo1();
};

constexpr char kNoKey[] = "reply: it does not have our peer key, or passes on the words of who has";

// What comes of it.
std::string Meet(Pair& pair, const PeerKeys& initiators, const PeerKeys& responders) {
  auto reply = pair.responder.OnHello(responders, Arguments(pair.initiator.Hello()));
  if (!reply.ok()) return "hello: " + reply.status().message();
  auto prove = pair.initiator.OnHelloReply(initiators, *reply);
  if (!prove.ok()) return "reply: " + prove.status().message();
  const Status proved = pair.responder.OnProve(responders, Arguments(*prove));
  if (!proved.ok()) return "prove: " + proved.message();
  return "believes " + pair.responder.peer();
}

TEST(PeerProofTest, TwoMembersRecogniseEachOther) {
  Pair pair;
  EXPECT_EQ(Meet(pair, Keys(kOld), Keys(kOld)), "believes demo-0");
}

TEST(PeerProofTest, AKeyIsRotatedOneSideAtATime) {
  for (const auto& [a, b] :
       {std::pair(kOld + "\n" + kNew, kOld), std::pair(kNew, kOld + "\n" + kNew),
        std::pair(kNew + "\n" + kOld + "\n", kOld + "\r\n\n" + kNew)}) {
    Pair pair;
    EXPECT_EQ(Meet(pair, Keys(a), Keys(b)), "believes demo-0");
  }
}

TEST(PeerProofTest, AStrangerIsToldNoProof) {
  Pair pair;
  EXPECT_EQ(Meet(pair, Keys(kOld), Keys(kNew)), kNoKey);
  EXPECT_EQ(pair.responder.peer(), "");
}

TEST(PeerProofTest, AnInitiatorWithoutTheKeyIsNotBelieved) {
  Pair pair;
  ASSERT_TRUE(pair.responder.OnHello(Keys(kOld), Arguments(pair.initiator.Hello())).ok());
  EXPECT_FALSE(pair.responder.OnProve(Keys(kOld), Words{std::string(64, '0')}).ok());
  EXPECT_FALSE(pair.responder.OnProve(Keys(kOld), Words{}).ok());
  EXPECT_EQ(pair.responder.peer(), "");
}

TEST(PeerProofTest, AnotherClusterAndAnotherMemberAreNamed) {
  Responder foreign({"uid-2", "demo-1"}, {kHere}, kNonce2);
  Pair pair;
  EXPECT_EQ(foreign.OnHello(Keys(kOld), Arguments(pair.initiator.Hello())).status().code(),
            Code::kConflict);
  pair.responder = Responder({"uid-1", "demo-2"}, {kHere}, kNonce2);
  EXPECT_EQ(Meet(pair, Keys(kOld), Keys(kOld)), "reply: it is demo-2, not demo-1");
}

TEST(PeerProofTest, AProofSentBackProvesNothing) {
  Pair pair;
  const auto reply = pair.responder.OnHello(Keys(kOld), Arguments(pair.initiator.Hello()));
  ASSERT_TRUE(reply.ok());
  EXPECT_FALSE(pair.responder.OnProve(Keys(kOld), Words{(*reply)[3]}).ok());
}

TEST(PeerProofTest, AProofOfAnotherConnectionProvesNothing) {
  Pair first;
  auto reply = first.responder.OnHello(Keys(kOld), Arguments(first.initiator.Hello()));
  const auto prove = first.initiator.OnHelloReply(Keys(kOld), *reply);
  ASSERT_TRUE(prove.ok());
  Responder second({"uid-1", "demo-1"}, {kHere}, std::string(kNonceDigits, '3'));
  ASSERT_TRUE(second.OnHello(Keys(kOld), Arguments(first.initiator.Hello())).ok());
  EXPECT_FALSE(second.OnProve(Keys(kOld), Arguments(*prove)).ok());
}

// Who is dialled in demo-1's place and passes all words on to it.
TEST(PeerProofTest, AProofThatIsPassedOnIsRefusedByTheMember) {
  Pair pair;
  pair.initiator = Initiator({"uid-1", "demo-0"}, {kElsewhere, "demo-1"}, kNonce1);
  const auto reply = pair.responder.OnHello(Keys(kOld), Arguments(pair.initiator.Hello()));
  ASSERT_EQ(reply.status().code(), Code::kDenied);
  EXPECT_STREQ(RefusalWord(reply.status()), "ELSEWHERE");
  EXPECT_NE(reply.status().message().find("announce-ip"), std::string::npos);
}

TEST(PeerProofTest, AProofForAnotherAddressIsRefusedByWhoDialled) {
  Pair pair;
  pair.initiator = Initiator({"uid-1", "demo-0"}, {kElsewhere, "demo-1"}, kNonce1);
  Words hello = pair.initiator.Hello();
  hello.back() = kHere;  // so that the member answers
  const auto reply = pair.responder.OnHello(Keys(kOld), Arguments(hello));
  ASSERT_TRUE(reply.ok());
  EXPECT_FALSE(pair.initiator.OnHelloReply(Keys(kOld), *reply).ok());
}

TEST(PeerProofTest, AMemberIsKnownByWhatItAnnouncesToo) {
  for (const std::string& dialled : {kHere, kElsewhere}) {
    Pair pair;
    pair.initiator = Initiator({"uid-1", "demo-0"}, {dialled, "demo-1"}, kNonce1);
    pair.responder = Demo1({kHere, kElsewhere});
    EXPECT_EQ(Meet(pair, Keys(kOld), Keys(kOld)), "believes demo-0");
  }
}

TEST(PeerProofTest, WhoKnowsNoAddressOfItsOwnAnswersNobody) {
  Words hello = Pair().initiator.Hello();
  EXPECT_FALSE(Demo1({"", ""}).OnHello(Keys(kOld), Arguments(hello)).ok());
  hello.back() = "";
  EXPECT_FALSE(Demo1({"", ""}).OnHello(Keys(kOld), Arguments(hello)).ok());
}

TEST(PeerProofTest, EachStepHappensOnce) {
  Pair pair;
  EXPECT_FALSE(pair.responder.OnProve(Keys(kOld), Words{kNonce1}).ok());
  ASSERT_EQ(Meet(pair, Keys(kOld), Keys(kOld)), "believes demo-0");
  EXPECT_FALSE(pair.responder.OnHello(Keys(kOld), Arguments(pair.initiator.Hello())).ok());
  EXPECT_FALSE(pair.responder.OnProve(Keys(kOld), Words{kNonce1}).ok());
}

TEST(PeerProofTest, GarbageIsAnError) {
  const PeerKeys keys = Keys(kOld);
  for (const Words& words :
       {Words{}, Words{"uid-1"}, Words{"uid-1", "a b", kNonce1, kHere},
        Words{"uid-1", "demo-0", "12", kHere}, Words{"uid-1", "", kNonce1, kHere},
        Words{"uid-1", std::string(300, 'x'), kNonce1, kHere}, Words{"uid-1", "demo-0", kNonce1},
        Words{"uid-1", "demo-0", kNonce1, ""},
        Words{"uid-1", "demo-0", std::string(64, 'G'), kHere}}) {
    EXPECT_FALSE(Demo1().OnHello(keys, words).ok());
  }
  for (const Words& words : {Words{}, Words{"uid-1", "demo-1", kNonce2}, Words{"", "", "", ""},
                             Words{"uid-1", "demo-1", kNonce2, "", "", "", "", "", ""}}) {
    EXPECT_FALSE(
        Initiator({"uid-1", "demo-0"}, {kHere, ""}, kNonce1).OnHelloReply(keys, words).ok());
  }
}

TEST(PeerKeysTest, KeysOfSeveralTextsAreJoinedAsFarAsThereIsRoom) {
  const std::string third(64, 'c'), fourth(64, 'd'), fifth(64, 'e');
  const std::vector<std::string> texts = {kNew + "\n" + third, "short", kOld + "\n" + kNew,
                                          fourth + "\n" + fifth};
  EXPECT_EQ(PeerKeys::Join(texts).all(), (std::vector{kNew, third, kOld, fourth}));
  EXPECT_TRUE(PeerKeys::Join({}).all().empty());
}

TEST(PeerKeysTest, RefusesWhatIsNoKey) {
  EXPECT_FALSE(PeerKeys::Parse("").ok());
  EXPECT_FALSE(PeerKeys::Parse("\n\n").ok());
  EXPECT_FALSE(PeerKeys::Parse("short").ok());
  const std::string line = kOld + "\n";
  EXPECT_TRUE(PeerKeys::Parse(line + line + line + line).ok());
  EXPECT_FALSE(PeerKeys::Parse(line + line + line + line + line).ok());
}

}  // namespace
}  // namespace rha::trust
