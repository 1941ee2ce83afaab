// A Link against a scripted server on a loopback port, both on one loop in this thread.
#include "common/net/link.h"

#include <gmock/gmock.h>
#include <sys/socket.h>
#include <unistd.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace rha::net {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr char kKey[] = "0123456789abcdef0123456789abcdef";
constexpr char kOtherKey[] = "fedcba9876543210fedcba9876543210";

class LinkTest : public testing::Test {
 protected:
  void SetUp() override {
    auto listener = ListenTcp("127.0.0.1", 0);
    ASSERT_TRUE(listener.ok());
    listener_ = std::move(*listener);
    address_ = *LocalEndpoint(listener_.get());
  }

  LinkHandlers Handlers() {
    return {.on_open = [this] { events_.push_back("open"); },
            .on_close =
                [this](LinkEnd end, const std::string& why) {
                  events_.push_back(std::string("close: ") + LinkEndName(end));
                  why_ = why;
                },
            .on_message =
                [this](const resp::Value& message) {
                  events_.push_back("message: " + message.items.back().text);
                }};
  }

  LinkOptions Options() { return {.to = address_}; }

  Link::OnReply Note(const std::string& name) {
    return [this, name](const resp::Value* reply) {
      events_.push_back(name + "=" + (reply ? reply->text : "null"));
    };
  }

  bool Until(const std::function<bool()>& done) {
    for (int turn = 0; turn < 400 && !done(); ++turn) reactor_.RunOnce(Millis(5));
    return done();
  }
  bool UntilEvents(size_t count) {
    return Until([&] { return events_.size() >= count; });
  }
  void AcceptPeer() {
    ASSERT_TRUE(Until([&] {
      auto fd = Accept(listener_.get());
      if (fd.ok() && fd->valid()) peer_ = std::move(*fd);
      return peer_.valid();
    }));
  }
  void PeerSends(const std::string& bytes) {
    ASSERT_EQ(::send(peer_.get(), bytes.data(), bytes.size(), 0),
              static_cast<ssize_t>(bytes.size()));
  }
  std::string PeerReads(size_t bytes) {
    std::string all;
    Until([&] {
      char buffer[4096];
      const ssize_t got = ::recv(peer_.get(), buffer, sizeof buffer, MSG_DONTWAIT);
      if (got > 0) all.append(buffer, static_cast<size_t>(got));
      return all.size() >= bytes;
    });
    return all;
  }

  // The link's side of a proof, and everything a password or request could leak with.
  LinkOptions Proving() {
    LinkOptions options = Options();
    options.proof = LinkProof{{"uid-1", "demo-0"}, "demo-1", *trust::PeerKeys::Parse(kKey)};
    options.password = "hush";
    options.client_name = "n";
    return options;
  }
  // The next request that the link sent, as its words.
  trust::Words PeerReadsRequest() {
    trust::Words words;
    Until([&] {
      if (!words.empty()) return true;
      char buffer[4096];
      const ssize_t got = ::recv(peer_.get(), buffer, sizeof buffer, MSG_DONTWAIT);
      if (got == 0) return true;  // it hung up
      if (got > 0) from_link_.append(buffer, static_cast<size_t>(got));
      resp::RequestParser parser;
      if (parser.Parse(from_link_) != resp::Outcome::kDone) return false;
      words.assign(parser.args().begin(), parser.args().end());
      from_link_.erase(0, parser.consumed());
      return true;
    });
    return words;
  }
  void PeerSendsWords(const trust::Words& words) {
    std::string bytes = "*" + std::to_string(words.size()) + "\r\n";
    for (const auto& word : words) {
      bytes += "$" + std::to_string(word.size()) + "\r\n" + word + "\r\n";
    }
    PeerSends(bytes);
  }
  std::string reached_at() const { return LocalEndpoint(peer_.get())->ToString(); }
  // Plays the other side as `who` with `key`; true: it was proved to as well.
  bool PeerProves(const trust::Identity& who, const std::string& key) {
    AcceptPeer();
    const auto keys = *trust::PeerKeys::Parse(key);
    trust::Responder responder(who, {reached_at()}, trust::NewNonce());
    const trust::Words hello = PeerReadsRequest();
    if (hello.size() != 6 || hello[1] != "HELLO") return false;
    const auto answer = responder.OnHello(keys, std::span(hello).subspan(2));
    if (!answer.ok()) {
      PeerSends("-FOREIGN " + answer.status().message() + "\r\n");
      return false;
    }
    PeerSendsWords(*answer);
    const trust::Words prove = PeerReadsRequest();
    if (prove.size() < 3 || prove[1] != "PROVE") return false;
    const bool proved = responder.OnProve(keys, std::span(prove).subspan(2)).ok();
    PeerSends(proved ? "+OK\r\n" : "-WRONGPROOF no\r\n");
    return proved;
  }

  Reactor reactor_;
  std::string from_link_, why_;
  UniqueFd listener_, peer_;
  Endpoint address_;
  std::vector<std::string> events_;
};

TEST_F(LinkTest, IntroducesItselfBeforeRequestsSentWhileConnecting) {
  LinkOptions options = Options();
  options.username = "u";
  options.password = "p";
  options.client_name = "n";
  Link link(reactor_, options, Handlers());
  link.Open();
  EXPECT_TRUE(link.Send({"PING"}, Note("ping")));
  AcceptPeer();
  const std::string expected =
      "*3\r\n$4\r\nAUTH\r\n$1\r\nu\r\n$1\r\np\r\n"
      "*3\r\n$6\r\nCLIENT\r\n$7\r\nSETNAME\r\n$1\r\nn\r\n*1\r\n$4\r\nPING\r\n";
  EXPECT_EQ(PeerReads(expected.size()), expected);
  EXPECT_FALSE(link.open());
  PeerSends("+OK\r\n-NOPERM no\r\n+PO");
  PeerSends("NG\r\n");
  ASSERT_TRUE(UntilEvents(2));
  EXPECT_THAT(events_, ElementsAre("open", "ping=PONG"));
}

TEST_F(LinkTest, ARefusedPasswordEndsIt) {
  LinkOptions options = Options();
  options.password = "p";
  Link link(reactor_, options, Handlers());
  link.Open();
  AcceptPeer();
  PeerSends("-WRONGPASS no\r\n");
  ASSERT_TRUE(UntilEvents(1));
  EXPECT_THAT(events_, ElementsAre("close: denied"));
}

TEST_F(LinkTest, WhoseCredentialsAreRefusedIsTheDefaultUserWhereNoneAreNeeded) {
  for (const bool needed : {false, true}) {
    events_.clear();
    LinkOptions options = Options();
    options.username = "gone";
    options.password = "p";
    options.client_name = "n";
    Link link(reactor_, options, Handlers());
    link.Open();
    AcceptPeer();
    PeerSends("-WRONGPASS no\r\n");
    PeerSends(needed ? "-NOAUTH Authentication required.\r\n" : "+OK\r\n");
    ASSERT_TRUE(UntilEvents(1));
    EXPECT_THAT(events_, ElementsAre(needed ? "close: denied" : "open"));
  }
}

TEST_F(LinkTest, AServerThatWantsAPasswordWeDoNotHaveEndsIt) {
  LinkOptions options = Options();
  options.client_name = "n";
  Link link(reactor_, options, Handlers());
  link.Open();
  AcceptPeer();
  PeerSends("-NOAUTH Authentication required.\r\n");
  ASSERT_TRUE(UntilEvents(1));
  EXPECT_THAT(events_, ElementsAre("close: denied"));
}

TEST_F(LinkTest, AServerWithoutPasswordIsWelcome) {
  LinkOptions options = Options();
  options.password = "p";
  Link link(reactor_, options, Handlers());
  link.Open();
  AcceptPeer();
  PeerSends(
      "-ERR AUTH <password> called without any password configured for the default user.\r\n");
  ASSERT_TRUE(UntilEvents(1));
  EXPECT_THAT(events_, ElementsAre("open"));
}

TEST_F(LinkTest, NothingLeavesBeforeTheOtherSideHasProvedItself) {
  Link link(reactor_, Proving(), Handlers());
  link.Open();
  EXPECT_TRUE(link.Send({"SECRET"}, Note("secret")));
  EXPECT_TRUE(link.Subscribe("SUBSCRIBE", "news"));
  EXPECT_EQ(link.pending(), 2u);
  EXPECT_TRUE(PeerProves({"uid-1", "demo-1"}, kKey));
  EXPECT_FALSE(link.open());
  EXPECT_THAT(PeerReadsRequest(), ElementsAre("CLIENT", "SETNAME", "n"));
  EXPECT_THAT(PeerReadsRequest(), ElementsAre("SECRET"));
  EXPECT_THAT(PeerReadsRequest(), ElementsAre("SUBSCRIBE", "news"));
  PeerSends("+OK\r\n+1\r\n");
  ASSERT_TRUE(UntilEvents(2));
  EXPECT_THAT(events_, ElementsAre("open", "secret=1"));
}

TEST_F(LinkTest, AStrangerLearnsNothingAndIsNeverOpen) {
  struct {
    trust::Identity who;
    const char* key;
    const char* why;
  } const strangers[] = {{{"uid-2", "demo-1"}, kKey, "another cluster"},
                         {{"uid-1", "demo-2"}, kKey, "it is demo-2, not demo-1"},
                         {{"uid-1", "demo-1"}, kOtherKey, "does not have our peer key"}};
  for (const auto& stranger : strangers) {
    events_.clear();
    Link link(reactor_, Proving(), Handlers());
    link.Open();
    link.Send({"SECRET"}, Note("secret"));
    EXPECT_FALSE(PeerProves(stranger.who, stranger.key));
    ASSERT_TRUE(UntilEvents(2));
    EXPECT_THAT(events_, ElementsAre("secret=null", "close: unproven"));
    EXPECT_THAT(why_, HasSubstr(stranger.why));
    char rest[4096];
    const ssize_t got = ::recv(peer_.get(), rest, sizeof rest, MSG_DONTWAIT);
    if (got > 0) from_link_.append(rest, static_cast<size_t>(got));
    EXPECT_EQ(from_link_, "") << "after HELLO";
  }
}

TEST_F(LinkTest, AServerThatKnowsNoProofIsAStranger) {
  Link link(reactor_, Proving(), Handlers());
  link.Open();
  AcceptPeer();
  EXPECT_THAT(PeerReadsRequest()[0], "REDISHA");
  PeerSends("-ERR unknown command 'REDISHA'\r\n");
  ASSERT_TRUE(UntilEvents(1));
  EXPECT_THAT(events_, ElementsAre("close: unproven"));
}

TEST_F(LinkTest, WhoDoesNotBelieveUsIsNotOpen) {
  Link link(reactor_, Proving(), Handlers());
  link.Open();
  AcceptPeer();
  const trust::Words hello = PeerReadsRequest();
  trust::Responder responder({"uid-1", "demo-1"}, {reached_at()}, trust::NewNonce());
  PeerSendsWords(*responder.OnHello(*trust::PeerKeys::Parse(kKey), std::span(hello).subspan(2)));
  PeerReadsRequest();
  PeerSends("-WRONGPROOF no\r\n");
  ASSERT_TRUE(UntilEvents(1));
  EXPECT_THAT(events_, ElementsAre("close: unproven"));
}

TEST_F(LinkTest, AStrangersLongAnswerIsNotRead) {
  Link link(reactor_, Proving(), Handlers());
  link.Open();
  AcceptPeer();
  PeerSends("*4\r\n$1000000000\r\n");
  ASSERT_TRUE(UntilEvents(1));
  EXPECT_THAT(events_, ElementsAre("close: protocol error"));
}

TEST_F(LinkTest, ProvesItselfAgainAtEachOpening) {
  Link link(reactor_, Proving(), Handlers());
  for (int round = 0; round < 2; ++round) {
    events_.clear();
    from_link_.clear();
    link.Open();
    EXPECT_TRUE(PeerProves({"uid-1", "demo-1"}, std::string(kOtherKey) + "\n" + kKey));
    EXPECT_THAT(PeerReadsRequest(), ElementsAre("CLIENT", "SETNAME", "n"));
    PeerSends("+OK\r\n");
    ASSERT_TRUE(UntilEvents(1));
    link.Close();
    EXPECT_THAT(events_, ElementsAre("open", "close: closed"));
  }
}

TEST_F(LinkTest, APeerThatAcceptsButNeverAnswersTimesOut) {
  LinkOptions options = Options();
  options.client_name = "n";
  options.connect_timeout = Millis(20);
  Link link(reactor_, options, Handlers());
  link.Open();
  ASSERT_TRUE(UntilEvents(1));
  EXPECT_THAT(events_, ElementsAre("close: timeout"));
}

TEST_F(LinkTest, AnswersInOrderAndKeepsMessagesApart) {
  Link link(reactor_, Options(), Handlers());
  link.Open();
  link.Send({"A"}, Note("a"));
  link.Subscribe("SUBSCRIBE", "news");
  link.Send({"B"}, Note("b"));
  AcceptPeer();
  PeerSends(
      "+1\r\n*3\r\n$9\r\nsubscribe\r\n$4\r\nnews\r\n:1\r\n"
      "*3\r\n$7\r\nmessage\r\n$4\r\nnews\r\n$2\r\nhi\r\n+2\r\n");
  ASSERT_TRUE(UntilEvents(5));
  EXPECT_THAT(events_, ElementsAre("open", "a=1", "message: ", "message: hi", "b=2"));
}

TEST_F(LinkTest, SaysThatNobodyListens) {
  listener_.Reset();
  Link link(reactor_, Options(), Handlers());
  link.Open();
  link.Send({"PING"}, Note("ping"));
  EXPECT_TRUE(events_.empty());
  ASSERT_TRUE(UntilEvents(2));
  EXPECT_THAT(events_, ElementsAre("ping=null", "close: refused"));
  EXPECT_FALSE(link.Send({"PING"}, Note("late")));
}

TEST_F(LinkTest, SaysThatAUnixSocketIsNotThere) {
  Link link(reactor_, {.unix_path = "/nonexistent/node.sock"}, Handlers());
  link.Open();
  ASSERT_TRUE(UntilEvents(1));
  EXPECT_THAT(events_, ElementsAre("close: refused"));
}

TEST_F(LinkTest, PeerCloseEndsPendingRequestsFirst) {
  Link link(reactor_, Options(), Handlers());
  link.Open();
  link.Send({"A"}, Note("a"));
  link.Send({"B"}, Note("b"));
  AcceptPeer();
  PeerSends("+1\r\n");
  ASSERT_TRUE(UntilEvents(2));
  peer_.Reset();
  ASSERT_TRUE(UntilEvents(4));
  EXPECT_THAT(events_, ElementsAre("open", "a=1", "b=null", "close: closed by peer"));
}

TEST_F(LinkTest, ReplyTimeoutEndsASilentPeer) {
  LinkOptions options = Options();
  options.reply_timeout = Millis(20);
  Link link(reactor_, options, Handlers());
  link.Open();
  ASSERT_TRUE(UntilEvents(1));
  link.Send({"A"}, Note("a"));
  ASSERT_TRUE(UntilEvents(3));
  EXPECT_THAT(events_, ElementsAre("open", "a=null", "close: timeout"));
}

TEST_F(LinkTest, GarbageIsAProtocolError) {
  Link link(reactor_, Options(), Handlers());
  link.Open();
  AcceptPeer();
  PeerSends("HTTP/1.1 400 Bad Request\r\n");
  ASSERT_TRUE(UntilEvents(2));
  EXPECT_THAT(events_, ElementsAre("open", "close: protocol error"));
}

TEST_F(LinkTest, AReplyToNothingIsAProtocolError) {
  Link link(reactor_, Options(), Handlers());
  link.Open();
  AcceptPeer();
  PeerSends("+OK\r\n");
  ASSERT_TRUE(UntilEvents(2));
  EXPECT_THAT(events_, ElementsAre("open", "close: protocol error"));
}

TEST_F(LinkTest, RefusesMoreThanItsLimitOfPendingRequests) {
  LinkOptions options = Options();
  options.pending_max = 2;
  Link link(reactor_, options, Handlers());
  link.Open();
  EXPECT_TRUE(link.Send({"A"}));
  EXPECT_TRUE(link.Send({"B"}));
  EXPECT_FALSE(link.Send({"C"}));
}

TEST_F(LinkTest, ACallbackMayDestroyTheLink) {
  auto link = std::make_unique<Link>(reactor_, Options(), Handlers());
  link->Open();
  link->Send({"A"}, [&](const resp::Value*) { link.reset(); });
  link->Send({"B"}, Note("b"));
  AcceptPeer();
  PeerSends("+1\r\n+2\r\n");
  ASSERT_TRUE(Until([&] { return !link; }));
  reactor_.RunOnce(Millis(1));
  EXPECT_THAT(events_, ElementsAre("open"));
}

TEST_F(LinkTest, CanBeOpenedAgainFromItsOwnClose) {
  int closes = 0;
  std::unique_ptr<Link> link;
  link = std::make_unique<Link>(reactor_, Options(),
                                LinkHandlers{.on_open = [&] { events_.push_back("open"); },
                                             .on_close =
                                                 [&](LinkEnd, const std::string&) {
                                                   if (++closes == 1) link->Open();
                                                 }});
  link->Open();
  AcceptPeer();
  peer_.Reset();
  ASSERT_TRUE(UntilEvents(2));
  link->Send({"A"}, Note("a"));
  AcceptPeer();
  PeerSends("+again\r\n");
  ASSERT_TRUE(UntilEvents(3));
  EXPECT_EQ(events_.back(), "a=again");
}

}  // namespace
}  // namespace rha::net
