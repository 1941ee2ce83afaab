#include "node/repl/replica_fsm.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace rha::node::repl {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::StartsWith;

const std::string kId(40, 'a');
const std::string kOther(40, 'b');

HandshakeOptions Options() { return {.listening_port = 7000, .id = kId, .offset = 101}; }

// A machine that has said its greeting and PSYNC.
ReplicaFsm Asking(HandshakeOptions options = Options()) {
  ReplicaFsm fsm(std::move(options));
  fsm.OnConnected();
  for (const char* line : {"+PONG", "+OK", "+OK"}) EXPECT_THAT(fsm.OnLine(line), IsEmpty());
  EXPECT_THAT(fsm.OnLine("+OK"), HasSubstr("PSYNC"));
  return fsm;
}

const Failed* Failure(const ReplicaFsm& fsm) { return std::get_if<Failed>(&fsm.state()); }

TEST(ReplicaFsm, SaysItsGreetingInOneBreath) {
  HandshakeOptions options = Options();
  options.user = "repl";
  options.password = "secret";
  options.announced_ip = "10.0.0.9";
  ReplicaFsm fsm(options);
  const std::string greeting = fsm.OnConnected();
  EXPECT_THAT(greeting, StartsWith("*1\r\n$4\r\nPING\r\n*3\r\n$4\r\nAUTH\r\n$4\r\nrepl\r\n"));
  EXPECT_THAT(greeting, HasSubstr("listening-port\r\n$4\r\n7000\r\n"));
  EXPECT_THAT(greeting, HasSubstr("ip-address\r\n$8\r\n10.0.0.9\r\n"));
  EXPECT_THAT(greeting, Not(HasSubstr("PSYNC")));
  for (const char* line : {"-NOAUTH Authentication required.", "+OK", "+OK", "+OK", "+OK"}) {
    EXPECT_THAT(fsm.OnLine(line), IsEmpty());
  }
  EXPECT_THAT(fsm.OnLine("+OK"), EndsWith("$3\r\n101\r\n"));
  EXPECT_FALSE(fsm.primary_is_redisha());
}

TEST(ReplicaFsm, AHandoverIsPartOfPsyncAndARefusalIsFinal) {
  HandshakeOptions options = Options();
  options.take_over = true;
  ReplicaFsm fsm(options);
  fsm.OnConnected();
  for (const char* line : {"+PONG", "+OK", "+OK"}) fsm.OnLine(line);
  EXPECT_THAT(fsm.OnLine("+OK"), EndsWith("$3\r\n101\r\n$8\r\nFAILOVER\r\n"));
  fsm.OnLine("-ERR PSYNC FAILOVER replid must match my replid.");
  ASSERT_NE(Failure(fsm), nullptr);
  EXPECT_TRUE(Failure(fsm)->sync_refused);
  for (const char* line : {"-NOMASTERLINK Can't SYNC", "-LOADING"}) {
    ReplicaFsm patient = Asking(options);
    patient.OnLine(line);
    EXPECT_FALSE(Failure(patient)->sync_refused) << line;
  }
}

constexpr char kDialled[] = "10.0.0.1:6379";

class MemberHandshake : public testing::Test {
 protected:
  MemberHandshake() {
    keys_ = *trust::PeerKeys::Parse(std::string(32, 'k'));
    HandshakeOptions options = Options();
    options.password = "secret";
    options.introduction = Introduction{
        trust::Initiator({"uid", "pod-1"}, {kDialled, ""}, std::string(64, '1')), keys_};
    fsm_.emplace(std::move(options));
    hello_ = fsm_->OnConnected();
  }

  // Line by line, as the answer to HELLO comes; returns what the last one was answered with.
  std::string Answer(const trust::Words& words) {
    EXPECT_THAT(fsm_->OnLine("*" + std::to_string(words.size())), IsEmpty());
    std::string said;
    for (const std::string& word : words) {
      EXPECT_THAT(fsm_->OnLine("$" + std::to_string(word.size())), IsEmpty());
      said = fsm_->OnLine(word);
    }
    return said;
  }
  trust::Words AnswerOf(trust::Identity primary, const trust::PeerKeys& keys) {
    trust::Responder responder(std::move(primary), {kDialled}, std::string(64, '2'));
    const std::vector<std::string> hello = {"uid", "pod-1", std::string(64, '1'), kDialled};
    auto answer = responder.OnHello(keys, hello);
    responder_.emplace(std::move(responder));
    return answer.ok() ? *answer : trust::Words{};
  }

  trust::PeerKeys keys_;
  std::optional<ReplicaFsm> fsm_;
  std::optional<trust::Responder> responder_;
  std::string hello_;
};

TEST_F(MemberHandshake, ProvesItselfInsteadOfSayingAPassword) {
  EXPECT_THAT(hello_, StartsWith("*6\r\n$7\r\nREDISHA\r\n$5\r\nHELLO\r\n$3\r\nuid\r\n"));
  const std::string greeting = Answer(AnswerOf({"uid", "pod-0"}, keys_));
  EXPECT_THAT(greeting, StartsWith("*3\r\n$7\r\nREDISHA\r\n$5\r\nPROVE\r\n$64\r\n"));
  EXPECT_THAT(greeting, HasSubstr("\r\n*1\r\n$4\r\nPING\r\n"));
  EXPECT_THAT(hello_ + greeting, Not(HasSubstr("secret")));
  EXPECT_THAT(hello_ + greeting, Not(HasSubstr("AUTH")));
  const std::vector<std::string> proof = {greeting.substr(greeting.find("$64") + 5, 64)};
  EXPECT_TRUE(responder_->OnProve(keys_, proof).ok());
  for (const char* line : {"+OK", "+PONG", "+OK", "+OK"})
    EXPECT_THAT(fsm_->OnLine(line), IsEmpty());
  EXPECT_THAT(fsm_->OnLine("+REDISHA 0 0 0"), HasSubstr("PSYNC"));
}

TEST_F(MemberHandshake, AStrangerIsNotFollowed) {
  const trust::PeerKeys others = *trust::PeerKeys::Parse(std::string(32, 'x'));
  EXPECT_THAT(Answer(AnswerOf({"uid", "pod-0"}, others)), IsEmpty());
  ASSERT_NE(Failure(*fsm_), nullptr);
  EXPECT_THAT(Failure(*fsm_)->reason, HasSubstr("does not have our peer key"));
}

TEST_F(MemberHandshake, AnotherClusterIsNotFollowed) {
  EXPECT_THAT(Answer({"other", "pod-0", std::string(64, '2'), std::string(64, '3')}), IsEmpty());
  ASSERT_NE(Failure(*fsm_), nullptr);
  EXPECT_THAT(Failure(*fsm_)->reason, HasSubstr("another cluster"));
}

TEST_F(MemberHandshake, WhoDoesNotKnowTheQuestionIsNotFollowed) {
  EXPECT_THAT(fsm_->OnLine("-ERR unknown command 'REDISHA', with args beginning with: "),
              IsEmpty());
  ASSERT_NE(Failure(*fsm_), nullptr);
  EXPECT_THAT(Failure(*fsm_)->reason, HasSubstr("does not prove to be a member"));
}

TEST_F(MemberHandshake, NonsenseForAnAnswerIsAnError) {
  for (const char* line : {"*0", "*8", "*-1", "+OK", "$5", "*", "*99999999999999999999"}) {
    HandshakeOptions options = Options();
    options.introduction = Introduction{
        trust::Initiator({"uid", "pod-1"}, {kDialled, ""}, std::string(64, '1')), keys_};
    ReplicaFsm fsm(std::move(options));
    fsm.OnConnected();
    fsm.OnLine(line);
    EXPECT_NE(Failure(fsm), nullptr) << line;
  }
  EXPECT_THAT(Answer({"uid"}), IsEmpty());
  EXPECT_NE(Failure(*fsm_), nullptr);
}

TEST_F(MemberHandshake, APrimaryThatRefusesTheProofIsLeft) {
  Answer(AnswerOf({"uid", "pod-0"}, keys_));
  fsm_->OnLine("-WRONGPROOF pod-1 does not have our peer key");
  ASSERT_NE(Failure(*fsm_), nullptr);
  EXPECT_THAT(Failure(*fsm_)->reason, HasSubstr("does not believe us"));
}

TEST(ReplicaFsm, KnowsItsOwnKind) {
  ReplicaFsm fsm(Options());
  fsm.OnConnected();
  for (const char* line : {"+PONG", "+OK", "+OK", "+REDISHA 7 1200 1300"}) fsm.OnLine(line);
  EXPECT_TRUE(fsm.primary_is_redisha());
  EXPECT_EQ(fsm.primary_data_epoch(), 7u);
  EXPECT_EQ(fsm.primary_epoch_start(), 1200);
  EXPECT_EQ(fsm.primary_offset(), 1300);
}

TEST(ReplicaFsm, AsksForACompressedStreamOnlyIfThatIsWantedAndTakesNoForAnAnswer) {
  for (const bool wanted : {false, true}) {
    for (const char* answer : {"+REDISHA-LZ4", "+OK", "-ERR what"}) {
      HandshakeOptions options = Options();
      options.packed = wanted;
      ReplicaFsm fsm(options);
      EXPECT_EQ(fsm.OnConnected().find("redisha-lz4") != std::string::npos, wanted);
      for (const char* line : {"+PONG", "+OK", "+OK"}) fsm.OnLine(line);
      if (wanted) fsm.OnLine(answer);
      EXPECT_THAT(fsm.OnLine("+REDISHA 7 1 2"), EndsWith("$3\r\n101\r\n"));
      EXPECT_EQ(fsm.packed(), wanted && std::string_view(answer) == "+REDISHA-LZ4");
    }
  }
}

TEST(ReplicaFsm, AnEpochThatDoesNotSayWhereItBeganIsNone) {
  for (const char* said : {"+REDISHA 7", "+REDISHA 7 1", "+REDISHA 7 1 -1", "+REDISHA 7 1 x",
                           "+REDISHA 7 -1", "+REDISHA 7 x", "+REDISHA  7", "+REDISHA "}) {
    ReplicaFsm fsm(Options());
    fsm.OnConnected();
    for (const char* line : {"+PONG", "+OK", "+OK", said}) fsm.OnLine(line);
    EXPECT_EQ(fsm.primary_data_epoch(), 0u) << said;
  }
}

TEST(ReplicaFsm, FullResyncWithLength) {
  ReplicaFsm fsm = Asking();
  fsm.OnLine("");  // sign of life
  fsm.OnLine("+FULLRESYNC " + kOther + " 42");
  fsm.OnLine("");
  fsm.OnLine("$1000");
  const auto* receiving = std::get_if<ReceivingSnapshot>(&fsm.state());
  ASSERT_NE(receiving, nullptr);
  EXPECT_EQ(receiving->id, kOther);
  EXPECT_EQ(receiving->offset, 42);
  EXPECT_EQ(receiving->length, 1000);
}

TEST(ReplicaFsm, FullResyncWithEndMark) {
  ReplicaFsm fsm = Asking();
  fsm.OnLine("+FULLRESYNC " + kOther + " 0");
  fsm.OnLine("$EOF:" + std::string(40, 'm'));
  const auto* receiving = std::get_if<ReceivingSnapshot>(&fsm.state());
  ASSERT_NE(receiving, nullptr);
  EXPECT_EQ(receiving->length, -1);
  EXPECT_EQ(receiving->end_mark, std::string(40, 'm'));
}

TEST(ReplicaFsm, ContinuesWithTheSameOrANewId) {
  ReplicaFsm fsm = Asking();
  fsm.OnLine("+CONTINUE");
  EXPECT_EQ(std::get<ContinuedStream>(fsm.state()).new_id, "");
  fsm = Asking();
  fsm.OnLine("+CONTINUE " + kId);
  EXPECT_EQ(std::get<ContinuedStream>(fsm.state()).new_id, "");
  fsm = Asking();
  fsm.OnLine("+CONTINUE " + kOther);
  EXPECT_EQ(std::get<ContinuedStream>(fsm.state()).new_id, kOther);
}

TEST(ReplicaFsm, TellsPatienceFromRefusal) {
  for (const char* line :
       {"-LOADING Redis is loading", "-NOMASTERLINK Can't SYNC while not connected"}) {
    ReplicaFsm fsm = Asking();
    fsm.OnLine(line);
    ASSERT_NE(Failure(fsm), nullptr);
    EXPECT_TRUE(Failure(fsm)->temporary) << line;
  }
  ReplicaFsm fsm = Asking();
  fsm.OnLine("-ERR unknown command");
  ASSERT_NE(Failure(fsm), nullptr);
  EXPECT_FALSE(Failure(fsm)->temporary);
}

TEST(ReplicaFsm, NamesWhatIsWrongWithThePassword) {
  HandshakeOptions options = Options();
  options.password = "wrong";
  ReplicaFsm refused(options);
  refused.OnConnected();
  refused.OnLine("-NOAUTH Authentication required.");
  refused.OnLine("-WRONGPASS invalid username-password pair or user is disabled.");
  ASSERT_NE(Failure(refused), nullptr);
  EXPECT_THAT(Failure(refused)->reason, HasSubstr("masterauth"));

  ReplicaFsm missing(Options());
  missing.OnConnected();
  missing.OnLine("-NOAUTH Authentication required.");
  missing.OnLine("-NOAUTH Authentication required.");
  ASSERT_NE(Failure(missing), nullptr);
  EXPECT_THAT(Failure(missing)->reason, HasSubstr("masterauth"));
}

TEST(ReplicaFsm, RefusesNonsense) {
  for (const char* line : {"HTTP/1.1 400 Bad Request", ":1", "$5"}) {
    ReplicaFsm fsm(Options());
    fsm.OnConnected();
    fsm.OnLine(line);
    EXPECT_NE(Failure(fsm), nullptr) << line;
  }
  for (const std::string& line :
       {std::string("+FULLRESYNC x 1"), "+FULLRESYNC " + kId, "+FULLRESYNC " + kId + " -5",
        "+FULLRESYNC " + kId + " 9223372036854775807", "+CONTINUE " + std::string(40, '\n'),
        std::string("+CONTINUE short")}) {
    ReplicaFsm fsm = Asking();
    fsm.OnLine(line);
    EXPECT_NE(Failure(fsm), nullptr) << line;
  }
  for (const std::string& line :
       {std::string("$-1"), std::string("$EOF:short"), std::string("+OK")}) {
    ReplicaFsm fsm = Asking();
    fsm.OnLine("+FULLRESYNC " + kId + " 1");
    fsm.OnLine(line);
    EXPECT_NE(Failure(fsm), nullptr) << line;
  }
}

TEST(ReplicaFsm, CannotContinueWhatItNeverBegan) {
  ReplicaFsm fsm = Asking({.listening_port = 1});
  fsm.OnLine("+CONTINUE " + kId);
  EXPECT_NE(Failure(fsm), nullptr);
}

}  // namespace
}  // namespace rha::node::repl
