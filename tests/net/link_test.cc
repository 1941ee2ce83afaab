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
                [this](LinkEnd end, const std::string&) {
                  events_.push_back(std::string("close: ") + LinkEndName(end));
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

  Reactor reactor_;
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
