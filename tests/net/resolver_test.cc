// The resolver's worker thread with a lookup of the test's own.
#include "common/net/resolver.h"

#include <gmock/gmock.h>

#include <atomic>
#include <functional>
#include <future>
#include <string>
#include <vector>

#include "common/net/reactor.h"

namespace rha::net {
namespace {

using testing::ElementsAre;

class ResolverTest : public testing::Test {
 protected:
  Resolver::Callback Note() {
    return [this](const Result<Resolver::Addresses>& answer) {
      answers_.push_back(answer.ok() ? answer->front() : "error");
    };
  }
  bool UntilAnswers(size_t count) {
    for (int turn = 0; turn < 400 && answers_.size() < count; ++turn) reactor_.RunOnce(Millis(5));
    return answers_.size() >= count;
  }

  Reactor reactor_;
  std::vector<std::string> answers_;
  std::atomic<int> lookups_{0};
};

TEST_F(ResolverTest, ANumericAddressIsItsOwnAnswerLater) {
  Resolver resolver(reactor_, {}, [this](const std::string&) {
    ++lookups_;
    return Resolver::Addresses{"10.0.0.1"};
  });
  resolver.Resolve("::1", Note());
  EXPECT_TRUE(answers_.empty());
  ASSERT_TRUE(UntilAnswers(1));
  EXPECT_THAT(answers_, ElementsAre("::1"));
  EXPECT_EQ(lookups_, 0);
}

TEST_F(ResolverTest, JoinsQuestionsAndKeepsAnswers) {
  Resolver resolver(reactor_, {}, [this](const std::string&) {
    ++lookups_;
    return Resolver::Addresses{"10.0.0.1"};
  });
  resolver.Resolve("a", Note());
  resolver.Resolve("a", Note());
  ASSERT_TRUE(UntilAnswers(2));
  resolver.Resolve("a", Note());
  ASSERT_TRUE(UntilAnswers(3));
  EXPECT_EQ(lookups_, 1);
}

TEST_F(ResolverTest, GivesTheOldAnswerWhileTheResolverFails) {
  Resolver resolver(reactor_, {.ttl = Millis(0), .failure_ttl = Millis(0)},
                    [this](const std::string&) -> Result<Resolver::Addresses> {
                      if (++lookups_ == 1) return Resolver::Addresses{"10.0.0.1"};
                      return Status(Code::kUnavailable, "no DNS");
                    });
  resolver.Resolve("a", Note());
  ASSERT_TRUE(UntilAnswers(1));
  resolver.Resolve("a", Note());
  ASSERT_TRUE(UntilAnswers(2));
  EXPECT_EQ(lookups_, 2);
  EXPECT_THAT(answers_, ElementsAre("10.0.0.1", "10.0.0.1"));
}

TEST_F(ResolverTest, GivesTheOldAnswerWhileTheResolverIsSlow) {
  auto release = std::make_shared<std::promise<void>>();
  auto released = std::make_shared<std::shared_future<void>>(release->get_future().share());
  auto lookups = std::make_shared<std::atomic<int>>(0);
  Resolver resolver(reactor_, {.ttl = Millis(0), .patience = Millis(5)},
                    [lookups, released](const std::string&) {
                      if (++*lookups == 1) return Resolver::Addresses{"10.0.0.1"};
                      released->wait();
                      return Resolver::Addresses{"10.0.0.2"};
                    });
  for (size_t i = 1; i <= 3; ++i) {
    resolver.Resolve("a", Note());
    ASSERT_TRUE(UntilAnswers(i));
  }
  EXPECT_THAT(answers_, ElementsAre("10.0.0.1", "10.0.0.1", "10.0.0.1"));
  EXPECT_EQ(*lookups, 2);
  release->set_value();
  for (int turn = 0; turn < 400 && answers_.back() != "10.0.0.2"; ++turn) {
    resolver.Resolve("a", Note());
    reactor_.RunOnce(Millis(5));
  }
  EXPECT_EQ(answers_.back(), "10.0.0.2");
}

TEST_F(ResolverTest, AHangingQueryNeitherHoldsTheLoopNorItsEnd) {
  auto release = std::make_shared<std::promise<void>>();
  auto released = std::make_shared<std::shared_future<void>>(release->get_future().share());
  {
    Resolver resolver(reactor_, {.queue_max = 1}, [released](const std::string&) {
      released->wait();
      return Resolver::Addresses{"10.0.0.1"};
    });
    resolver.Resolve("slow", Note());
    for (const char* name : {"b", "c", "d"}) resolver.Resolve(name, Note());
    ASSERT_TRUE(UntilAnswers(1));  // at least the last did not fit into the queue
    EXPECT_EQ(answers_.back(), "error");
  }
  release->set_value();
}

}  // namespace
}  // namespace rha::net
