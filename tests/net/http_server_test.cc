// The pages' server over real sockets of this machine: who is slow, or many, keeps nobody out.
#include <gmock/gmock.h>
#include <poll.h>
#include <sys/socket.h>

#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "common/base/unique_fd.h"
#include "common/http/server.h"
#include "common/net/socket.h"

namespace rha::http {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

constexpr int kPatienceMs = 20'000;
constexpr char kGetHealth[] = "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n";

// A page whose handler waits until it is let go.
class Gate {
 public:
  Response Answer() {
    std::unique_lock lock(mutex_);
    ++visitors_;
    changed_.notify_all();
    changed_.wait(lock, [this] { return open_; });
    return {.body = "at last\n"};
  }
  void AwaitVisitor() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return visitors_ > 0; });
  }
  int visitors() {
    const std::lock_guard lock(mutex_);
    return visitors_;
  }
  void Open() {
    const std::lock_guard lock(mutex_);
    open_ = true;
    changed_.notify_all();
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool open_ = false;
  int visitors_ = 0;
};

class HttpServerTest : public testing::Test {
 protected:
  void SetUp() override {
    auto started = Server::Start(
        {.ips = {"127.0.0.1"}, .request_timeout_ms = timeout_ms_},
        {{"/healthz", [](const Request&) { return Response{.body = "fine\n"}; }},
         {"/slow", [this](const Request&) { return gate_.Answer(); }},
         {"/echo",
          [](const Request& r) { return Response{.body = r.query + " " + r.accept + "\n"}; }},
         {"/broken", [](const Request&) -> Response { throw std::runtime_error("no"); }}});
    ASSERT_TRUE(started.ok()) << started.status().message();
    server_ = std::move(*started);
  }
  void TearDown() override {
    gate_.Open();
    server_.reset();
  }

  UniqueFd Connect() const {
    auto fd = net::ConnectTcp({"127.0.0.1", server_->port()});
    EXPECT_TRUE(fd.ok());
    pollfd waiting{fd->get(), POLLOUT, 0};
    EXPECT_EQ(::poll(&waiting, 1, kPatienceMs), 1);
    return std::move(*fd);
  }
  static void Say(const UniqueFd& fd, const std::string& text) {
    EXPECT_EQ(::send(fd.get(), text.data(), text.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(text.size()));
  }
  // All until the other side closes.
  static std::string Hear(const UniqueFd& fd) {
    std::string heard;
    char bytes[4096];
    pollfd waiting{fd.get(), POLLIN, 0};
    while (::poll(&waiting, 1, kPatienceMs) == 1) {
      const ssize_t count = ::recv(fd.get(), bytes, sizeof bytes, 0);
      if (count <= 0) return heard;
      heard.append(bytes, static_cast<size_t>(count));
    }
    return heard + " (and then silence)";
  }
  std::string Ask(const std::string& request) const {
    const UniqueFd fd = Connect();
    Say(fd, request);
    return Hear(fd);
  }

  int timeout_ms_ = kPatienceMs * 10;  // so that nothing below ends by it
  Gate gate_;
  std::unique_ptr<Server> server_;
};

TEST_F(HttpServerTest, APageIsAnsweredWhileManyConnectionsSayNothing) {
  std::vector<UniqueFd> idle;
  for (int i = 0; i < 300; ++i) idle.push_back(Connect());
  EXPECT_THAT(Ask(kGetHealth), EndsWith("\r\n\r\nfine\n"));
}

TEST_F(HttpServerTest, APageIsAnsweredWhileManyRequestsAreHalfSaid) {
  std::vector<UniqueFd> half;
  for (int i = 0; i < 300; ++i) {
    half.push_back(Connect());
    Say(half.back(), "GET /healthz HTTP/1.1\r\nX: ");
  }
  EXPECT_THAT(Ask(kGetHealth), EndsWith("fine\n"));
}

TEST_F(HttpServerTest, NoPageWaitsForAnother) {
  std::vector<UniqueFd> slow;
  for (int i = 0; i < 300; ++i) {
    slow.push_back(Connect());
    Say(slow.back(), "GET /slow HTTP/1.1\r\nHost: x\r\n\r\n");
  }
  gate_.AwaitVisitor();
  EXPECT_THAT(Ask(kGetHealth), EndsWith("fine\n"));
  gate_.Open();
  EXPECT_THAT(Hear(slow.back()), EndsWith("at last\n"));
  EXPECT_LT(gate_.visitors(), 100) << "nothing is made for those who had to leave";
}

TEST_F(HttpServerTest, ItEndsWhileConnectionsAreOpenAndAPageIsMade) {
  const UniqueFd idle = Connect();
  const UniqueFd slow = Connect();
  Say(slow, "GET /slow HTTP/1.1\r\nHost: x\r\n\r\n");
  gate_.AwaitVisitor();
  gate_.Open();
  server_.reset();
  EXPECT_EQ(Hear(idle), "");
}

TEST_F(HttpServerTest, OnlyWhatAReaderAsksIsAnswered) {
  const std::string head = Ask("HEAD /healthz HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_THAT(head, StartsWith("HTTP/1.1 200 OK\r\n"));
  EXPECT_THAT(head, HasSubstr("Content-Length: 5\r\n"));
  EXPECT_THAT(head, EndsWith("\r\n\r\n"));
  const std::string post = Ask("POST /healthz HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc");
  EXPECT_THAT(post, StartsWith("HTTP/1.1 405 Method Not Allowed\r\n"));
  EXPECT_THAT(post, HasSubstr("Allow: GET, HEAD\r\n"));
  EXPECT_THAT(Ask("GET /other HTTP/1.0\r\n\r\n"),
              testing::AllOf(StartsWith("HTTP/1.1 404 Not Found\r\n"), HasSubstr("/healthz\n")));
  EXPECT_THAT(Ask("GET /echo?a=b HTTP/1.1\r\nAccept: text/x\r\n\r\n"), EndsWith("a=b text/x\n"));
  EXPECT_THAT(Ask("GET /broken HTTP/1.1\r\n\r\n"),
              testing::AllOf(StartsWith("HTTP/1.1 500 "), Not(HasSubstr("no\n"))));
}

TEST_F(HttpServerTest, WhatIsNoRequestIsNotAnswered) {
  EXPECT_THAT(Ask("*1\r\n$4\r\nPING\r\n\r\n"), Not(HasSubstr("fine")));
  EXPECT_THAT(Ask("GET /healthz HTTP/1.1\r\nX: " + std::string(64 << 10, 'x') + "\r\n\r\n"),
              Not(HasSubstr("fine")));
}

class ImpatientHttpServerTest : public HttpServerTest {
 protected:
  ImpatientHttpServerTest() { timeout_ms_ = 50; }
};

TEST_F(ImpatientHttpServerTest, WhoSaysNothingIsLeft) {
  EXPECT_EQ(Hear(Connect()), "");
  const UniqueFd half = Connect();
  Say(half, "GET /healthz HTTP/1.1\r\n");
  EXPECT_EQ(Hear(half), "");
}

TEST(HttpServer, AnAddressThatIsTakenIsNamed) {
  auto first = Server::Start({.ips = {"127.0.0.1"}}, {});
  ASSERT_TRUE(first.ok());
  auto second = Server::Start({.ips = {"127.0.0.1"}, .port = (*first)->port()}, {});
  ASSERT_FALSE(second.ok());
  EXPECT_THAT(second.status().message(),
              HasSubstr("127.0.0.1:" + std::to_string((*first)->port()) + " for HTTP"));
}

}  // namespace
}  // namespace rha::http
