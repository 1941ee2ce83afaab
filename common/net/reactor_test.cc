// The loop itself needs descriptors and the clock, so these tests use pipes and timers of a
// millisecond.
#include "common/net/reactor.h"

#include <gtest/gtest.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <string>
#include <thread>

namespace rha::net {
namespace {

struct Pipe {
  Pipe() {
    int fds[2];
    RHA_CHECK(pipe(fds) == 0);
    read.Reset(fds[0]);
    write.Reset(fds[1]);
  }
  UniqueFd read, write;
};

TEST(ReactorTest, AWatchRemovedByAnotherInTheSameTurnIsNotCalled) {
  Reactor reactor;
  Pipe a, b;
  struct Both {
    Reactor& reactor;
    IoWatch first{[](void* self, uint32_t) { static_cast<Both*>(self)->Fire(); }, this};
    IoWatch second{[](void* self, uint32_t) { static_cast<Both*>(self)->Fire(); }, this};
    int calls = 0;
    void Fire() {
      ++calls;
      reactor.Detach(first);
      reactor.Detach(second);
    }
  } both{reactor};
  ASSERT_TRUE(reactor.Attach(both.first, a.read.get(), EPOLLIN).ok());
  ASSERT_TRUE(reactor.Attach(both.second, b.read.get(), EPOLLIN).ok());
  ASSERT_EQ(::write(a.write.get(), "x", 1), 1);
  ASSERT_EQ(::write(b.write.get(), "x", 1), 1);
  reactor.RunOnce(Millis(100));
  reactor.RunOnce(Millis(0));
  EXPECT_EQ(both.calls, 1);
}

TEST(ReactorTest, TimersFireInOrderAndCancelledOnesNever) {
  Reactor reactor;
  std::string trace;
  reactor.After(Millis(2), [&] { trace += 'b'; });
  reactor.After(Millis(1), [&] { trace += 'a'; });
  const TimerId cancelled = reactor.After(Millis(1), [&] { trace += 'x'; });
  reactor.Cancel(cancelled);
  reactor.After(Millis(3), [&] { reactor.Stop(); });
  reactor.Run();
  EXPECT_EQ(trace, "ab");
}

TEST(ReactorTest, ATimerOfLessThanAMillisecondIsNotEarlyAndIsWaitedFor) {
  Reactor reactor;
  const MonoTime begin = std::chrono::steady_clock::now();
  bool fired = false;
  reactor.After(std::chrono::microseconds(300), [&] { fired = true; });
  reactor.RunOnce(Millis(1000));
  EXPECT_TRUE(fired);
  EXPECT_GE(reactor.Now() - begin, std::chrono::microseconds(300));
}

// As the sandboxes of some container runtimes answer calls that are younger than they are.
void RefuseExactWaits() {
  sock_filter rules[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_epoll_pwait2, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  const sock_fprog program{std::size(rules), rules};
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) ::_exit(2);
  if (::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0) ::_exit(2);
}

TEST(ReactorTest, ATimerOfLessThanAMillisecondFiresWhereTheSandboxForbidsExactWaits) {
  const auto wait = [] {
    RefuseExactWaits();
    Reactor reactor;
    reactor.After(std::chrono::microseconds(300), [] { ::_exit(0); });
    for (;;) reactor.RunOnce(Millis(1000));
  };
  EXPECT_EXIT(wait(), testing::ExitedWithCode(0), "");
}

TEST(ReactorTest, ARepeatingTimerMayCancelItself) {
  Reactor reactor;
  int calls = 0;
  TimerId id = 0;
  id = reactor.Every(Millis(1), [&] {
    if (++calls == 3) {
      reactor.Cancel(id);
      reactor.After(Millis(5), [&] { reactor.Stop(); });
    }
  });
  reactor.Run();
  EXPECT_EQ(calls, 3);
}

TEST(ReactorTest, WorkPostedFromAnotherThreadRunsInOrder) {
  Reactor reactor;
  std::string trace;
  std::thread other([&] {
    reactor.Post([&] { trace += '1'; });
    reactor.Post([&] { trace += '2'; });
    reactor.Post([&] { reactor.Stop(); });
  });
  reactor.Run();
  other.join();
  EXPECT_EQ(trace, "12");
}

TEST(ReactorTest, ATurnTakesInWhatBecomesReadyMeanwhileAsOftenAsItMay) {
  for (const int looks : {1, 3}) {
    Reactor reactor;
    reactor.set_looks_per_turn(looks);
    UniqueFd always_ready(::eventfd(1, EFD_CLOEXEC));
    int calls = 0, turns = 0;
    IoWatch watch([](void* counter, uint32_t) { ++*static_cast<int*>(counter); }, &calls);
    ASSERT_TRUE(reactor.Attach(watch, always_ready.get(), EPOLLIN).ok());
    reactor.AddTurnHook([&] { ++turns; });
    reactor.RunOnce(Millis(0));
    EXPECT_EQ(turns, 1);
    EXPECT_GE(calls, 1);
    EXPECT_LE(calls, looks);
  }
}

TEST(ReactorTest, ATurnLooksNoFurtherOnceNothingIsReadyOrItIsOver) {
  Reactor reactor;
  reactor.set_looks_per_turn(1'000'000'000);
  UniqueFd always_ready(::eventfd(1, EFD_CLOEXEC));
  IoWatch watch([](void*, uint32_t) {}, nullptr);
  ASSERT_TRUE(reactor.Attach(watch, always_ready.get(), EPOLLIN).ok());
  reactor.RunOnce(Millis(0));  // ends with kLooksTimeMax
  reactor.Detach(watch);
  reactor.RunOnce(Millis(0));  // and at once
}

TEST(ReactorTest, HooksRunEveryTurnAndCanRemoveThemselves) {
  Reactor reactor;
  int calls = 0;
  uint64_t id = 0;
  id = reactor.AddTurnHook([&] {
    ++calls;
    reactor.RemoveTurnHook(id);
  });
  reactor.RunOnce(Millis(0));
  reactor.RunOnce(Millis(0));
  EXPECT_EQ(calls, 1);
}

}  // namespace
}  // namespace rha::net
