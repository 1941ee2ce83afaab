// The pure machines: watch lines, list and watch, store, queue, backoff, lease.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <nlohmann/json.hpp>

#include "common/base/log.h"
#include "common/k8s/fake_transport.h"
#include "common/k8s/informer.h"
#include "common/k8s/leader_elector.h"
#include "common/k8s/lease.h"
#include "common/k8s/list_watch.h"
#include "common/k8s/store.h"
#include "common/k8s/watch_lines.h"
#include "common/k8s/work_queue.h"

namespace rha::k8s {
namespace {

using ::testing::ElementsAre;
using ::testing::SizeIs;

ObjectPtr Pod(const std::string& name, const std::string& version, const Json& extra = {}) {
  Json object = NewObject(kPods, {"ns", name});
  object["metadata"]["resourceVersion"] = version;
  if (extra.is_object()) object["metadata"].update(extra);
  return std::make_shared<const Json>(object);
}

TEST(WatchLines, SplitsHoweverTheBytesWereCut) {
  const std::string stream = "{\"a\":1}\r\n\n{\"b\":2}\n{\"c\"";
  for (size_t step = 1; step <= stream.size(); ++step) {
    WatchLines lines;
    std::vector<std::string> seen;
    for (size_t i = 0; i < stream.size(); i += step) {
      const Status status = lines.Feed(std::string_view(stream).substr(i, step), [&](auto line) {
        seen.emplace_back(line);
        return Status();
      });
      ASSERT_TRUE(status.ok());
    }
    EXPECT_THAT(seen, ElementsAre("{\"a\":1}", "{\"b\":2}")) << "pieces of " << step;
  }
}

TEST(WatchLines, AnEndlessLineIsAnError) {
  WatchLines lines(8);
  const auto ignore = [](std::string_view) { return Status(); };
  EXPECT_TRUE(lines.Feed("1234", ignore).ok());
  EXPECT_EQ(lines.Feed("56789", ignore).code(), Code::kExhausted);
}

TEST(WatchLine, KnowsItsTypesAndRefusesOthers) {
  auto event =
      ParseWatchLine(R"({"type":"ADDED","object":{"metadata":{"name":"a","managedFields":[1]}}})");
  ASSERT_TRUE(event.ok());
  EXPECT_FALSE(event->object->at("metadata").contains("managedFields"));
  EXPECT_FALSE(ParseWatchLine(R"({"type":"ODD","object":{}})").ok());
  EXPECT_FALSE(ParseWatchLine(R"({"type":"ADDED"})").ok());
  EXPECT_FALSE(ParseWatchLine("[]").ok());
}

class ListWatchTest : public ::testing::Test {
 protected:
  void List(std::vector<ObjectPtr> objects, const std::string& version,
            const std::string& more = {}) {
    change_ = machine_.Step(ListWatch::PageListed{{std::move(objects), version, more}});
  }
  template <typename Command>
  const Command Next() {
    const auto command = machine_.Next();
    EXPECT_TRUE(std::holds_alternative<Command>(command));
    return std::holds_alternative<Command>(command) ? std::get<Command>(command) : Command{};
  }
  void Error(int code) {
    const Json status = {{"kind", "Status"}, {"code", code}};
    machine_.Step(WatchEvent{WatchEvent::Type::kError, std::make_shared<const Json>(status)});
  }

  ListWatch machine_{1};
  ListWatch::Change change_;
};

TEST_F(ListWatchTest, HandsOutAllPagesAtOnceThenWatchesFromTheirVersion) {
  List({Pod("a", "1")}, "9", "token");
  EXPECT_TRUE(std::holds_alternative<std::monostate>(change_));
  EXPECT_FALSE(machine_.synced());
  EXPECT_EQ(Next<ListWatch::List>().continue_token, "token");
  List({Pod("b", "2")}, "9");
  EXPECT_THAT(std::get<ListWatch::Replace>(change_).objects, SizeIs(2));
  EXPECT_TRUE(machine_.synced());
  EXPECT_EQ(Next<ListWatch::Watch>().resource_version, "9");
}

TEST_F(ListWatchTest, ResumesFromTheLastEventOrBookmark) {
  List({}, "9");
  change_ = machine_.Step(WatchEvent{WatchEvent::Type::kUpsert, Pod("a", "12")});
  EXPECT_TRUE(std::holds_alternative<ListWatch::Upsert>(change_));
  machine_.Step(WatchEvent{WatchEvent::Type::kBookmark, Pod("", "15")});
  machine_.Step(ListWatch::WatchFailed{});
  Next<ListWatch::Wait>();
  machine_.Step(ListWatch::Waited{});
  EXPECT_EQ(Next<ListWatch::Watch>().resource_version, "15");
}

TEST_F(ListWatchTest, ListsAgainWhenTheVersionIsGone) {
  List({}, "9");
  Error(410);
  machine_.Step(ListWatch::WatchEnded{});
  Next<ListWatch::Wait>();
  machine_.Step(ListWatch::Waited{});
  EXPECT_EQ(Next<ListWatch::List>().continue_token, "");
  List({}, "20");
  machine_.Step(ListWatch::WatchFailed{.expired = true});
  machine_.Step(ListWatch::Waited{});
  Next<ListWatch::List>();
}

TEST_F(ListWatchTest, FailuresWaitLongerEachTimeUpToABound) {
  Millis last{0};
  for (int i = 0; i < 20; ++i) {
    machine_.Step(ListWatch::ListFailed{});
    const Millis delay = Next<ListWatch::Wait>().delay;
    EXPECT_LE(delay, kRelistBackoffMax);
    if (i > 0 && i < 6) {
      EXPECT_GE(delay * 2, last);
    }
    last = delay;
    machine_.Step(ListWatch::Waited{});
  }
  EXPECT_GE(last, kRelistBackoffMax / 2);
  machine_.Step(ListWatch::ListFailed{.retry_after_s = 60});
  EXPECT_GE(Next<ListWatch::Wait>().delay, Millis(60'000));
}

TEST(Store, IndexesFollowTheObjects) {
  Store store({"app"});
  store.Upsert(Pod("a", "1", {{"labels", {{"app", "x"}}}}));
  store.Upsert(Pod("b", "1", {{"labels", {{"app", "x"}}}}));
  EXPECT_THAT(store.ByLabel("ns", "app", "x"), SizeIs(2));
  EXPECT_THAT(store.ByLabel("other", "app", "x"), SizeIs(0));
  store.Upsert(Pod("a", "2", {{"labels", {{"app", "y"}}}}));
  EXPECT_THAT(store.ByLabel("ns", "app", "x"), SizeIs(1));
  EXPECT_THAT(store.ByLabel("ns", "app", "y"), SizeIs(1));
  const Json owner = {{{"uid", "u1"}, {"controller", true}}};
  store.Upsert(Pod("c", "1", {{"ownerReferences", owner}}));
  EXPECT_THAT(store.ByOwner("u1"), SizeIs(1));
  store.Remove({"ns", "c"});
  EXPECT_THAT(store.ByOwner("u1"), SizeIs(0));
  EXPECT_EQ(store.Remove({"ns", "c"}), nullptr);
}

TEST(Informer, FollowsListAndWatchAndSlimsObjects) {
  std::atomic<int> calls = 0;
  FakeTransport transport([&calls](const HttpRequest&) -> Result<HttpResponse> {
    switch (++calls) {
      case 1:
        return HttpResponse{200, 0, R"({"metadata":{"resourceVersion":"5"},"items":[
            {"metadata":{"namespace":"ns","name":"a","resourceVersion":"3"},"spec":{"x":1}}]})"};
      case 2:
        return HttpResponse{200, 0,
                            R"({"type":"ADDED","object":{"metadata":{"namespace":"ns","name":"b",)"
                            R"("resourceVersion":"6"}}})"
                            "\n"
                            R"({"type":"DELETED","object":{"metadata":{"namespace":"ns",)"
                            R"("name":"a","resourceVersion":"7"}}})"
                            "\n"};
      default:
        return Status(Code::kUnavailable, "enough");
    }
  });
  Api api(transport);
  std::mutex mutex;
  std::vector<std::string> seen;
  std::promise<void> done;
  Informer pods(api,
                {.type = &kPods,
                 .transform =
                     [](const Json& object) {
                       Json slim = object;
                       slim.erase("spec");
                       return slim;
                     }},
                [&](const ObjectPtr& before, const ObjectPtr& after) {
                  const std::lock_guard lock(mutex);
                  seen.push_back((after ? "+" : "-") + KeyOf(after ? *after : *before).name);
                  EXPECT_FALSE((after ? after : before)->contains("spec"));
                  if (seen.size() == 3) done.set_value();
                });
  pods.Start();
  EXPECT_TRUE(pods.WaitSynced({}, Millis(10'000)));
  done.get_future().wait();
  pods.Stop();
  EXPECT_THAT(seen, ElementsAre("+a", "+b", "-a"));
  EXPECT_EQ(pods.size(), 1u);
}

TEST(LeaderElector, LeadsByALeaseAndGivesItBackWhenItStops) {
  log::SetLevel(log::Level::kError);
  std::optional<Json> lease;
  FakeTransport transport([&lease](const HttpRequest& request) -> Result<HttpResponse> {
    if (request.method == HttpMethod::kGet && !lease) {
      return HttpResponse{404, 0, R"({"kind":"Status","reason":"NotFound"})"};
    }
    if (request.method != HttpMethod::kGet) {
      const int version = lease ? std::stoi(ResourceVersionOf(*lease)) : 0;
      lease = *ParseJson(request.body);
      (*lease)["metadata"]["resourceVersion"] = std::to_string(version + 1);
    }
    return HttpResponse{200, 0, lease->dump()};
  });
  Api api(transport);
  const ManualClock clock;
  LeaderElector elector(api, clock, {.lease = {"ns", "l"}, .identity = "me"});
  std::stop_source stop;
  int started = 0;
  elector.Run(stop.get_token(), [&] {
    ++started;
    EXPECT_TRUE(elector.is_leader());
    EXPECT_EQ(StringAt(*lease, "spec.holderIdentity"), "me");
    stop.request_stop();
  });
  EXPECT_EQ(started, 1);
  EXPECT_FALSE(elector.is_leader());
  EXPECT_EQ(StringAt(*lease, "spec.holderIdentity"), "") << "the next need not wait";
}

class WorkQueueTest : public ::testing::Test {
 protected:
  std::string Take() {
    auto taken = queue_.Take(now_);
    return taken ? taken->key.name : "";
  }
  MonoTime now_{std::chrono::hours(1)};
  WorkQueue queue_;
  const ObjectKey a_{"", "a"}, b_{"", "b"};
};

TEST_F(WorkQueueTest, AKeyIsQueuedOnceAndInOrder) {
  queue_.Add(a_, now_);
  queue_.Add(b_, now_);
  queue_.Add(a_, now_);
  EXPECT_EQ(Take(), "a");
  EXPECT_EQ(Take(), "b");
  EXPECT_EQ(Take(), "");
}

TEST_F(WorkQueueTest, AKeyIsNeverGivenToTwoWorkersAndComesBackIfItChanged) {
  queue_.Add(a_, now_);
  EXPECT_EQ(Take(), "a");
  queue_.Add(a_, now_);
  EXPECT_EQ(Take(), "");
  queue_.Done(a_, now_);
  EXPECT_EQ(Take(), "a");
  queue_.Done(a_, now_);
  EXPECT_EQ(Take(), "");
}

TEST_F(WorkQueueTest, WorkInProgressIsTimedUntilItIsDone) {
  for (const ObjectKey& key : {a_, b_}) queue_.Add(key, now_);
  Take();
  now_ += Millis(30);
  Take();
  now_ += Millis(10);
  EXPECT_EQ(queue_.unfinished(now_).sum, Millis(50));
  EXPECT_EQ(queue_.unfinished(now_).longest, Millis(40));
  queue_.Done(a_, now_);
  EXPECT_EQ(queue_.unfinished(now_).longest, Millis(10));
}

TEST_F(WorkQueueTest, TheEarliestDelayWins) {
  queue_.AddAt(a_, now_ + Millis(100));
  queue_.AddAt(a_, now_ + Millis(500));
  queue_.AddAt(b_, now_ + Millis(50));
  EXPECT_EQ(Take(), "");
  EXPECT_EQ(*queue_.NextDue(), now_ + Millis(50));
  now_ += Millis(100);
  EXPECT_EQ(Take(), "b");
  EXPECT_EQ(Take(), "a");
  now_ += Millis(1000);
  EXPECT_EQ(Take(), "");
}

TEST(RetryBackoff, DoublesUpToABoundAndForgets) {
  RetryBackoff backoff;
  const ObjectKey key{"", "a"};
  EXPECT_EQ(backoff.Next(key), kRetryBackoffMin);
  EXPECT_EQ(backoff.Next(key), kRetryBackoffMin * 2);
  for (int i = 0; i < 40; ++i) EXPECT_LE(backoff.Next(key), kRetryBackoffMax);
  EXPECT_EQ(backoff.Next(key), kRetryBackoffMax);
  backoff.Forget(key);
  EXPECT_EQ(backoff.Next(key), kRetryBackoffMin);
}

class LeaseTest : public ::testing::Test {
 protected:
  void Write(const LeaseRecord& record) { mine_.Written(record, now_); }
  LeaseElection::Decision Decide() { return mine_.Decide(now_, 0); }
  LeaseRecord Other(const std::string& renew) {
    return {.holder = "other",
            .duration_s = 15,
            .renew_time = renew,
            .transitions = 4,
            .resource_version = renew};
  }

  MonoTime now_{std::chrono::hours(1)};
  LeaseElection mine_{"me", {}};
};

TEST_F(LeaseTest, CreatesWhatIsMissingAndRenewsWhatIsOurs) {
  mine_.Observe(std::nullopt, now_);
  const auto create = std::get<LeaseElection::Create>(Decide());
  EXPECT_EQ(create.record.holder, "me");
  EXPECT_FALSE(mine_.IsLeader(now_));
  Write(create.record);
  EXPECT_TRUE(mine_.IsLeader(now_));
  EXPECT_TRUE(std::holds_alternative<LeaseElection::Wait>(Decide()));
  now_ += Millis(2'000);
  EXPECT_TRUE(std::holds_alternative<LeaseElection::Update>(Decide()));
}

TEST_F(LeaseTest, ALeaderThatCannotRenewStopsBeforeOthersMayTakeOver) {
  mine_.Observe(std::nullopt, now_);
  Write(std::get<LeaseElection::Create>(Decide()).record);
  now_ += Millis(9'999);
  EXPECT_TRUE(mine_.IsLeader(now_));
  now_ += Millis(1);
  EXPECT_FALSE(mine_.IsLeader(now_));
}

TEST_F(LeaseTest, TakesOverOnlyWhatHasNotChangedForItsDuration) {
  mine_.Observe(Other("1"), now_);
  now_ += Millis(14'000);
  EXPECT_TRUE(std::holds_alternative<LeaseElection::Wait>(Decide()));
  mine_.Observe(Other("2"), now_);  // renewed
  now_ += Millis(14'999);
  EXPECT_TRUE(std::holds_alternative<LeaseElection::Wait>(Decide()));
  now_ += Millis(1);
  const auto update = std::get<LeaseElection::Update>(Decide());
  EXPECT_EQ(update.record.transitions, 5);
  EXPECT_EQ(update.record.resource_version, "2") << "the write must be conditional";
}

TEST_F(LeaseTest, AReleasedLeaseIsFreeAtOnce) {
  mine_.Observe(std::nullopt, now_);
  EXPECT_FALSE(mine_.Released(0));
  Write(std::get<LeaseElection::Create>(Decide()).record);
  const auto released = mine_.Released(0);
  ASSERT_TRUE(released);
  LeaseElection other("other", {});
  other.Observe(released, now_);
  EXPECT_TRUE(std::holds_alternative<LeaseElection::Update>(other.Decide(now_, 0)));
}

TEST_F(LeaseTest, JsonRoundTrips) {
  const LeaseRecord record = Other("2026-01-01T00:00:00.000000Z");
  EXPECT_EQ(ParseLease(LeaseToJson({"ns", "l"}, record)), record);
}

}  // namespace
}  // namespace rha::k8s
