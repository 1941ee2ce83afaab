#include "node/persist/image.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <map>
#include <set>
#include <span>
#include <string>
#include <thread>

#include "node/persist/file_io.h"
#include "node/persist/snapshot_service.h"
#include "node/types/hash.h"
#include "node/types/list.h"
#include "node/types/set.h"
#include "node/types/string.h"
#include "node/types/zset.h"

namespace rha::node::persist {
namespace {

using keyspace::Event;
using keyspace::Keyspace;
using keyspace::kNoExpiry;
using types::Type;
namespace events = keyspace::events;

// What a value holds, in one text that does not depend on the order of a table.
std::string Text(const keyspace::Item& item) {
  std::multiset<std::string> parts;
  std::string text = types::TypeName(item.type());
  switch (item.type()) {
    case Type::kString:
      return text + " " + item.As<types::StringView>().ToString();
    case Type::kList:
      item.As<types::ListView>().ForEach([&](std::string_view one) {
        text += " ";
        text += one;
      });
      return text;
    case Type::kSet:
      item.As<types::SetView>().ForEach([&](std::string_view one) { parts.emplace(one); });
      break;
    case Type::kHash:
      item.As<types::HashView>().ForEach([&](std::string_view field, std::string_view value) {
        const auto end = item.As<types::HashView>().EndOf(field);
        parts.insert(std::string(field) + "=" + std::string(value) + "~" + std::to_string(*end));
      });
      break;
    case Type::kZset:
      item.As<types::ZsetView>().ForEach([&](std::string_view member, double score) {
        parts.insert(std::string(member) + "@" + std::to_string(score));
      });
      break;
    case Type::kStream:
      break;
  }
  for (const std::string& part : parts) text += " " + part;
  return text;
}

using Content = std::map<std::string, std::string>;
Content ContentOf(const Keyspace& keyspace) {
  Content content;
  for (int i = 0; i < keyspace.databases(); ++i) {
    keyspace.db(i).ForEach([&](const keyspace::Item& item) {
      content[std::to_string(i) + "/" + std::string(item.key())] =
          Text(item) + " until " + std::to_string(item.expire_at_ms());
    });
  }
  return content;
}

constexpr int kDatabases = 3;

class ImageTest : public testing::Test {
 protected:
  ImageTest() : file_(::memfd_create("image", MFD_CLOEXEC)) {}

  void Start() {
    SaveRequest request;
    request.fd = file_.get();
    Start(request);
  }
  void Start(const SaveRequest& request) {
    auto job = service_.Start(request);
    ASSERT_TRUE(job.ok());
    job_ = std::move(job).value();
  }
  // One slice of the walk; false: it is over.
  bool Step() {
    const SnapshotService::Next next = service_.Step(clock_, 0);
    return next == SnapshotService::Next::kAtOnce || next == SnapshotService::Next::kSoon;
  }
  void Walk() {
    while (Step()) {
    }
  }
  void AwaitWriters() {
    while (service_.Step(clock_, 0) != SnapshotService::Next::kNothing) std::this_thread::yield();
  }
  Status Outcome() {
    Walk();
    pollfd done{job_->fd(), POLLIN, 0};
    EXPECT_EQ(::poll(&done, 1, -1), 1);
    return job_->Collect();
  }
  Content Saved() {
    EXPECT_TRUE(Outcome().ok());
    EXPECT_EQ(service_.keys().written, service_.keys().total) << "INFO shows them";
    Keyspace loaded(kDatabases, 99);
    auto source = FileSource::FromStart(file_.get(), "image");
    RdbLoader loader(std::move(source).value(), &loaded, {}, kDatabases);
    const Status status = loader.Finish();
    EXPECT_TRUE(status.ok()) << status.message();
    EXPECT_EQ(Held(), 0) << "all that was copied or kept is gone";
    return ContentOf(loaded);
  }
  int64_t Held() {
    keyspace_.held().Settle();
    return keyspace_.held().bytes();
  }
  void Reclaim() {
    while (keyspace_.reclaimer().Step(1000)) {
    }
  }
  size_t Bytes(const std::string& key) {
    return keyspace::Db::MemoryBytes(keyspace_.db(0).Peek(key));
  }

  // Fills `key` with `count` members of a type, or changes it at random.
  void Change(int db, const std::string& key, Type type, int members);
  void RandomChange();
  void Rounds(int rounds);

  ManualClock clock_;
  Prng prng_{7};
  bool with_lifetimes_ = false;  // of fields
  Keyspace keyspace_{kDatabases, 5};
  SnapshotService service_{keyspace_};
  UniqueFd file_;
  std::unique_ptr<SnapshotJob> job_;
};

void ImageTest::Change(int db, const std::string& key, Type type, int members) {
  if (keyspace_.db(db).Exists(key) && keyspace_.db(db).Peek(key).type() != type) return;
  if (type == Type::kString && prng_.Below(4) == 0) {
    const auto letter = static_cast<char>('a' + prng_.Below(26));
    const auto fill = [=](std::span<char> bytes) { std::fill(bytes.begin(), bytes.end(), letter); };
    return keyspace_.db(db).PutFilled(key, 1 + prng_.Below(2) * 4999, fill, events::kSet);
  }
  keyspace::Edit edit = keyspace_.db(db).WriteOrCreate(key, type);
  const bool erase = prng_.Below(3) == 0 && !edit.created();
  for (int i = 0; i < members; ++i) {
    const std::string member = "m" + std::to_string(prng_.Below(static_cast<uint64_t>(4000)));
    switch (type) {
      case Type::kString:
        edit.As<types::String>().Append(member);
        break;
      case Type::kHash:
        if (erase) {
          edit.As<types::Hash>().Erase(member);
        } else {
          edit.As<types::Hash>().Set(member, std::to_string(prng_.Next()));
          if (with_lifetimes_ && prng_.Below(3) == 0) {
            edit.As<types::Hash>().SetEnd(member, static_cast<int64_t>(prng_.Below(1000)) + 1);
          }
        }
        break;
      case Type::kSet:
        erase ? edit.As<types::Set>().Erase(member) : edit.As<types::Set>().Add(member);
        break;
      case Type::kZset:
        if (types::Zset zset = edit.As<types::Zset>();
            erase && zset.size() > 200 && prng_.Below(4) == 0) {
          zset.EraseRange({prng_.Below(zset.size()), prng_.Below(100) + 1});
        } else if (erase) {
          zset.Erase(member);
        } else {
          edit.As<types::Zset>().Put(member, static_cast<double>(prng_.Below(1000)) / 4);
        }
        break;
      case Type::kList: {
        types::List list = edit.As<types::List>();
        const auto place = static_cast<int64_t>(prng_.Below(list.size() + 1));
        if (erase && list.size() > 1) {
          list.EraseRange(0, 1);
        } else if (prng_.Below(4) == 0 && list.Set(place, member)) {
        } else {
          list.Push(prng_.Below(2) == 0 ? types::ListEnd::kFront : types::ListEnd::kBack, member);
        }
        break;
      }
      case Type::kStream:
        break;
    }
  }
  edit.Commit(events::kSet, static_cast<uint64_t>(members));
}

void ImageTest::RandomChange() {
  constexpr Type kTypes[] = {Type::kString, Type::kHash, Type::kSet, Type::kZset, Type::kList};
  const auto number = prng_.Below(60);
  const Type type = kTypes[number % 5];
  const std::string key = std::string(types::TypeName(type)) + std::to_string(number);
  const int db = static_cast<int>(prng_.Below(kDatabases));
  keyspace::Db& target = keyspace_.db(static_cast<int>(prng_.Below(kDatabases)));
  keyspace::Db& from = keyspace_.db(db);
  const std::string other = key + "moved";
  switch (prng_.Below(40)) {
    case 0:
      from.Erase(key);
      break;
    case 1:
      if (from.Exists(key)) from.Move(key, {target, other}, events::kRenameFrom, events::kRenameTo);
      break;
    case 2:
      if (from.Exists(other)) from.Move(other, {from, key}, events::kRenameFrom, events::kRenameTo);
      break;
    case 3:
      from.Put(key + "new", "text", 5'000'000'000'000, events::kSet);
      break;
    case 4:
      keyspace_.Swap(0, static_cast<int>(prng_.Below(kDatabases)));
      break;
    case 5:
      if (prng_.Below(20) == 0) keyspace_.Flush(db);
      if (prng_.Below(20) == 0) keyspace_.Flush(db);  // twice in one image, now and then
      break;
    default:
      Change(db, key, type, static_cast<int>(prng_.Below(8)) + 1);
  }
}

TEST_F(ImageTest, AFileThatIsMadeToFailHasFailedAndIsNotMerelyGivenUp) {
  EXPECT_FALSE(service_.Fail()) << "there is none";
  Start();
  EXPECT_TRUE(service_.Fail());
  EXPECT_EQ(Outcome().code(), Code::kIo);
  EXPECT_FALSE(service_.Fail()) << "it has ended";
  job_.reset();
  AwaitWriters();
  Start();
  EXPECT_TRUE(Outcome().ok());
}

TEST_F(ImageTest, ShowsWhatWasThereWhenItBeganWhateverChangesMeanwhile) { Rounds(12); }

TEST_F(ImageTest, ShowsLifetimesOfFieldsAsTheyWereWhenItBegan) {
  with_lifetimes_ = true;
  Rounds(4);
}

void ImageTest::Rounds(int rounds) {
  keyspace_.form_limits().list_max_listpack_size = 16;
  for (int round = 0; round < rounds; ++round) {
    for (int db = 0; db < kDatabases; ++db) {
      Change(db, "hash1", Type::kHash, 3000);
      Change(db, "set2", Type::kSet, 3000);
      Change(db, "zset3", Type::kZset, 3000);
      Change(db, "list4", Type::kList, 6000);
    }
    for (int i = 0; i < 3000; ++i) RandomChange();
    const Content before = ContentOf(keyspace_);
    Start();
    do {
      for (uint64_t i = prng_.Below(30); i > 0; --i) RandomChange();
    } while (Step());
    ASSERT_EQ(Saved(), before) << "round " << round;
    job_.reset();
    ASSERT_EQ(::ftruncate(file_.get(), 0), 0);
    ::lseek(file_.get(), 0, SEEK_SET);
  }
}

TEST_F(ImageTest, WhatGoesMeanwhileIsHeldWhateverItsSize) {
  keyspace::Db& db = keyspace_.db(0);
  db.Put("short", "text", kNoExpiry, events::kSet);
  db.Put("long", std::string(3'000'000, 'x'), kNoExpiry, events::kSet);
  Change(0, "small", Type::kHash, 20);
  Change(0, "medium", Type::kHash, 700);
  Change(0, "large", Type::kZset, 9000);
  Change(0, "list", Type::kList, 9000);
  for (int i = 0; i < 3; ++i) {  // few members, much to copy
    keyspace::Edit edit = db.WriteOrCreate("wide", Type::kHash);
    edit.As<types::Hash>().Set(std::to_string(i), std::string(500'000, 'x'));
    edit.Commit(events::kSet, 1);
  }
  const Content before = ContentOf(keyspace_);
  Start();
  for (const char* key : {"short", "long", "small", "medium", "large", "list", "wide"}) {
    const auto bytes = static_cast<double>(Bytes(key));
    const int64_t held = keyspace_.held().bytes();
    db.Erase(key);
    const auto kept = static_cast<double>(keyspace_.held().bytes() - held);
    // The records' buffers grow in steps.
    if (bytes > 20'000) {
      EXPECT_GE(kept, 0.9 * bytes) << key;
    }
    EXPECT_LE(kept, 1.5 * bytes + 2 * kImageChunkBytes) << key;
  }
  EXPECT_EQ(Saved(), before);
}

TEST_F(ImageTest, AValueThatHasGoneIsFreedWhenItsOwnWalkEnds) {
  for (int i = 0; i < 20; ++i) Change(0, "set" + std::to_string(i), Type::kSet, 3000);
  const Content before = ContentOf(keyspace_);
  Start();
  for (int i = 0; i < 20; ++i) keyspace_.db(0).Erase("set" + std::to_string(i));
  const int64_t held = Held();
  uint64_t freed_before_the_end = 0;
  while (Step()) {
    Reclaim();
    if (service_.busy()) freed_before_the_end = keyspace_.reclaimer().freed();
  }
  EXPECT_GE(freed_before_the_end, 18u);
  EXPECT_GT(held, 20 * 2000 * 20);
  EXPECT_EQ(Saved(), before);
}

TEST_F(ImageTest, AValueThatHasGoneIsFreedAtOnceWhenNobodyWantsTheImage) {
  for (int i = 0; i < 20; ++i) Change(0, "list" + std::to_string(i), Type::kList, 6000);
  Change(0, "stays", Type::kSet, 3000);
  Start();
  for (int i = 0; i < 10; ++i) keyspace_.db(0).Erase("list" + std::to_string(i));
  Step();
  job_.reset();
  Step();
  for (int i = 10; i < 20; ++i) keyspace_.db(0).Erase("list" + std::to_string(i));
  EXPECT_TRUE(service_.busy());
  EXPECT_LT(Held(), 1'000'000);
  Reclaim();
  EXPECT_EQ(keyspace_.reclaimer().freed(), 20u);
  AwaitWriters();
  EXPECT_EQ(Held(), 0);
}

TEST_F(ImageTest, AFlushedTableIsMeasuredAndFreedWhenItIsWalked) {
  for (int db = 0; db < 2; ++db) {
    for (int i = 0; i < 50; ++i) Change(db, "zset" + std::to_string(i), Type::kZset, 3000);
  }
  size_t bytes = keyspace_.db(0).table_bytes();
  for (int i = 0; i < 50; ++i) bytes += Bytes("zset" + std::to_string(i));
  const Content before = ContentOf(keyspace_);
  Start();
  keyspace_.Flush(0);
  EXPECT_TRUE(keyspace_.held().unmeasured());
  while (keyspace_.held().unmeasured()) ASSERT_TRUE(Step());
  EXPECT_NEAR(static_cast<double>(Held()), static_cast<double>(bytes),
              0.02 * static_cast<double>(bytes));
  // Also what came after the image may go.
  Change(0, "zset1", Type::kZset, 3000);
  keyspace_.Flush(0);
  while (Step() && keyspace_.reclaimer().pending() == 0) {
  }
  EXPECT_TRUE(service_.busy()) << "the second database is still to come";
  EXPECT_EQ(Saved(), before);
}

TEST_F(ImageTest, AFlushedTableIsFreedAtOnceWhenNobodyWantsTheImage) {
  for (int i = 0; i < 2000; ++i) RandomChange();
  Start();
  keyspace_.Flush(-1);
  job_.reset();
  AwaitWriters();
  EXPECT_EQ(Held(), 0);
  EXPECT_FALSE(keyspace_.held().unmeasured());
}

TEST_F(ImageTest, LargeValuesThatChangeEarlyCostLittleBesideTheirCopies) {
  for (int i = 0; i < 200; ++i) Change(0, "set" + std::to_string(i), Type::kSet, 1500);
  Start();
  for (int i = 0; i < 200; ++i) Change(0, "set" + std::to_string(i), Type::kSet, 1);
  EXPECT_LT(Held(), 200 * 2000);
  Walk();
}

TEST_F(ImageTest, NodesOfAListThatChangeEarlyAreHeldUntilTheirTurn) {
  {
    keyspace::Edit edit = keyspace_.db(0).WriteOrCreate("list", Type::kList);
    for (int i = 0; i < 9000; ++i) edit.As<types::List>().PushBack(std::string(100, 'a'));
    edit.Commit(events::kSet, 1);
  }
  const Content before = ContentOf(keyspace_);
  const auto bytes = static_cast<int64_t>(Bytes("list"));
  Start();
  {
    keyspace::Edit edit = keyspace_.db(0).WriteOrCreate("list", Type::kList);
    for (int i = 0; i < 9000; ++i) edit.As<types::List>().Set(i, std::string(100, 'b'));
    edit.Commit(events::kSet, 1);
  }
  EXPECT_GE(Held(), bytes * 9 / 10);
  EXPECT_LE(Held(), bytes * 12 / 10);
  EXPECT_EQ(Saved(), before);
}

TEST_F(ImageTest, TheWalkWaitsForTheWriterAfterSoManyBytes) {
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  const UniqueFd reader(ends[0]), writer(ends[1]);  // nobody reads: the writer stands still
  for (int i = 0; i < 40; ++i) {
    keyspace_.db(0).Put(std::to_string(i), std::string(1 << 20, 'x'), kNoExpiry, events::kSet);
  }
  SaveRequest request;
  request.fd = writer.get();
  request.options.compress = false;
  auto job = service_.Start(request);
  ASSERT_TRUE(job.ok());
  while (service_.Step(clock_, 0) == SnapshotService::Next::kAtOnce) {
  }
  EXPECT_TRUE(service_.busy());
  EXPECT_LT(Held(), 12 << 20);
  std::thread drain([&] {
    char buffer[65536];
    while (::read(reader.get(), buffer, sizeof buffer) > 0) {
    }
  });
  Walk();
  pollfd done{(*job)->fd(), POLLIN, 0};
  EXPECT_EQ(::poll(&done, 1, -1), 1);
  EXPECT_TRUE((*job)->Collect().ok());
  job->reset();
  ::close(ends[1]);
  drain.join();
}

TEST_F(ImageTest, NobodyWaitsForAWriterThatWasGivenUp) {
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  UniqueFd reader(ends[0]), writer(ends[1]);  // nobody reads: the writer stands still
  for (int i = 0; i < 20; ++i) {
    keyspace_.db(0).Put(std::to_string(i), std::string(1 << 20, 'x'), kNoExpiry, events::kSet);
  }
  SaveRequest request;
  request.fd = writer.get();
  request.options.compress = false;
  auto job = service_.Start(request);
  ASSERT_TRUE(job.ok());
  while (service_.Step(clock_, 0) == SnapshotService::Next::kAtOnce) {
  }
  job->reset();  // comes back
  writer.Reset();
  SnapshotService::Next next;
  while ((next = service_.Step(clock_, 0)) == SnapshotService::Next::kAtOnce) {
  }
  EXPECT_EQ(next, SnapshotService::Next::kLater);
  EXPECT_FALSE(service_.busy()) << "the next one may begin";

  ASSERT_EQ(::ftruncate(file_.get(), 0), 0);
  const Content before = ContentOf(keyspace_);
  Start();
  Walk();
  pollfd done{job_->fd(), POLLIN, 0};
  ASSERT_EQ(::poll(&done, 1, -1), 1);
  EXPECT_TRUE(job_->Collect().ok());

  ::signal(SIGPIPE, SIG_IGN);
  reader.Reset();
  AwaitWriters();
  EXPECT_EQ(Held(), 0);
}

TEST_F(ImageTest, OneThatIsGivenUpReplacesNoFile) {
  const std::string path = testing::TempDir() + "image_test_" + std::to_string(::getpid()) + ".rdb";
  for (int i = 0; i < 1000; ++i) RandomChange();
  SaveRequest request;
  request.path = path;
  auto job = service_.Start(request);
  ASSERT_TRUE(job.ok());
  Step();
  service_.GiveUp();
  Walk();
  pollfd done{(*job)->fd(), POLLIN, 0};
  ASSERT_EQ(::poll(&done, 1, -1), 1);
  EXPECT_EQ((*job)->Collect().code(), Code::kConflict);
  EXPECT_NE(::access(path.c_str(), F_OK), 0);
}

TEST_F(ImageTest, WhatHasGoneIsFreedBeforeOthersTakeItsPlace) {
  for (int i = 0; i < 3000; ++i) RandomChange();
  Change(0, "set2", Type::kSet, 3000);
  Start();
  Step();
  service_.GiveUp();
  keyspace_.Reset();
  while (service_.FreeGone(clock_, 0)) {
  }
  EXPECT_FALSE(service_.busy());
  EXPECT_EQ(keyspace_.reclaimer().pending(), 0u);
  pollfd done{job_->fd(), POLLIN, 0};
  ASSERT_EQ(::poll(&done, 1, -1), 1);
  EXPECT_EQ(Held(), 0);
}

TEST_F(ImageTest, OneThatIsGivenUpLeavesRoomForTheNext) {
  for (int i = 0; i < 3000; ++i) RandomChange();
  Change(0, "set2", Type::kSet, 3000);
  Start();
  Step();
  for (int i = 0; i < 100; ++i) RandomChange();
  job_.reset();
  EXPECT_TRUE(service_.busy());
  EXPECT_FALSE(service_.Start({}).ok());
  Walk();
  EXPECT_FALSE(service_.busy());
  AwaitWriters();  // what its own still has counts, too

  ASSERT_EQ(::ftruncate(file_.get(), 0), 0);
  ::lseek(file_.get(), 0, SEEK_SET);
  const Content before = ContentOf(keyspace_);
  Start();
  for (int i = 0; i < 500; ++i) RandomChange();
  EXPECT_EQ(Saved(), before);
}

TEST_F(ImageTest, AFileThatCannotBeWrittenEndsTheJobAndNotTheServer) {
  for (int i = 0; i < 3000; ++i) RandomChange();
  SaveRequest request;
  request.path = "/nonexistent/directory/dump.rdb";
  Start(request);
  EXPECT_FALSE(Outcome().ok());
  EXPECT_FALSE(service_.busy());
}

TEST_F(ImageTest, ADiskThatFillsUpEndsTheJobHoweverMuchIsStillToCome) {
  for (int i = 0; i < 64; ++i) {
    keyspace_.db(0).Put(std::to_string(i), std::string(1 << 20, 'x'), kNoExpiry, events::kSet);
  }
  const UniqueFd full(::open("/dev/full", O_WRONLY | O_CLOEXEC));
  SaveRequest request;
  request.fd = full.get();
  request.options.compress = false;
  Start(request);
  EXPECT_FALSE(Outcome().ok());
  EXPECT_FALSE(service_.busy());
  AwaitWriters();
}

}  // namespace
}  // namespace rha::node::persist
