#include "node/persist/rdb_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <string>

#include "node/keyspace/db.h"
#include "node/keyspace/libraries.h"
#include "node/persist/limits.h"
#include "node/types/string.h"

namespace rha::node::persist {
namespace {

using codec::MemorySource;
using codec::StringSink;
using keyspace::Keyspace;
using testing::HasSubstr;

std::string Saved(const Keyspace& keyspace, const RdbInfo& info = {}) {
  StringSink sink;
  EXPECT_TRUE(WriteDataset(sink, keyspace, {.info = info}).ok());
  return sink.text();
}

struct Loaded {
  Keyspace keyspace{16};
  Status status;
  RdbInfo info;
  uint64_t expired = 0;
};
void Load(std::string_view file, Loaded& into, LoadOptions options = {}) {
  RdbLoader loader(std::make_unique<MemorySource>(file, "dump.rdb"), &into.keyspace, options,
                   into.keyspace.databases());
  into.status = loader.Finish();
  into.info = loader.info();
  into.expired = loader.keys_expired();
}

std::map<std::string, std::string> Content(const Keyspace& keyspace) {
  std::map<std::string, std::string> content;
  for (int i = 0; i < keyspace.databases(); ++i) {
    keyspace.db(i).ForEach([&](const keyspace::Item& item) {
      content[std::to_string(i) + "/" + std::string(item.key())] =
          item.As<types::StringView>().ToString() + " until " + std::to_string(item.expire_at_ms());
    });
  }
  return content;
}

TEST(RdbFile, ASaveThatIsGivenUpFails) {
  Keyspace keyspace(1);
  for (uint64_t i = 0; i < 2 * kKeysBetweenLooks; ++i) {
    keyspace.db(0).LoadString(std::to_string(i), "v", kNoExpiry);
  }
  StringSink sink;
  EXPECT_FALSE(WriteDataset(sink, keyspace, {.given_up = [] { return true; }}).ok());
  EXPECT_TRUE(WriteDataset(sink, keyspace, {.given_up = [] { return false; }}).ok());
}

TEST(RdbFile, APlaceInAHistoryThatCannotBeIsRefused) {
  const std::string id(40, 'a');
  // What is said against it, and the history that it is taken for.
  const auto load = [](const RdbInfo& info) {
    Loaded loaded;
    Load(Saved(Keyspace(1), info), loaded);
    return std::pair(loaded.status.message(), loaded.info.repl_id);
  };
  using testing::IsEmpty;
  using testing::Pair;
  EXPECT_THAT(load({.repl_id = id, .repl_offset = 1, .repl_stream_db = 15}), Pair(IsEmpty(), id));
  EXPECT_THAT(load({.repl_id = id, .repl_offset = 1, .repl_stream_db = 16}).first,
              HasSubstr("database 16"));
  EXPECT_THAT(load({.repl_id = id, .repl_offset = INT64_MAX}).first,
              HasSubstr("offset 9223372036854775807"));
  const std::string lines = std::string(20, 'a') + "\r\nrole:slave\r\n" + std::string(6, 'a');
  EXPECT_THAT(load({.repl_id = lines, .repl_offset = 1}), Pair(IsEmpty(), IsEmpty()));
}

TEST(RdbFile, IdleTimesComeBackUnderAnLruPolicy) {
  const keyspace::EvictionPolicy lru{.from = keyspace::EvictionPolicy::From::kAll};
  Keyspace keyspace(1);
  keyspace.set_eviction(lru);
  keyspace.set_now_ms(1'700'000'000'000);
  keyspace.db(0).Put("k", "v", kNoExpiry, keyspace::events::kSet);
  keyspace.set_now_ms(keyspace.now_ms() + 50'000);
  Loaded loaded;
  loaded.keyspace.set_eviction(lru);
  loaded.keyspace.set_now_ms(1'700'000'900'000);
  Load(Saved(keyspace), loaded);
  EXPECT_EQ(loaded.keyspace.db(0).IdleSeconds("k"), 50);
}

TEST(RdbFile, FrequenciesComeBackUnderAnLfuPolicy) {
  using Policy = keyspace::EvictionPolicy;
  const Policy lfu{.from = Policy::From::kAll, .first = Policy::First::kLeastFrequent};
  Keyspace keyspace(1);
  keyspace.set_eviction(lfu);
  keyspace.db(0).LoadString("k", "v", 1'000'000'000'000, keyspace::KeyUse::Frequency(77));
  Loaded loaded;
  loaded.keyspace.set_eviction(lfu);
  Load(Saved(keyspace), loaded);
  EXPECT_EQ(loaded.keyspace.db(0).UseFrequency("k"), 77);
}

TEST(RdbFile, WithoutSuchAPolicyNothingIsSaidOfUse) {
  Keyspace keyspace(1);
  keyspace.db(0).LoadString("k", "v", kNoExpiry, keyspace::KeyUse::Idle(60));
  Keyspace fresh(1);
  fresh.db(0).LoadString("k", "v", kNoExpiry);
  EXPECT_EQ(Saved(keyspace), Saved(fresh));
}

class FakeLibraries final : public keyspace::Libraries {
 public:
  std::vector<std::string> Sources() const override { return sources; }
  Status Load(std::string_view source, bool replace) override {
    if (source == "bad") return Status(Code::kInvalid, "why");
    sources.push_back(std::string(source) + (replace ? " replacing" : ""));
    return {};
  }
  void Clear() override { sources.clear(); }
  std::unique_ptr<keyspace::Libraries> Beside() override {
    return std::make_unique<FakeLibraries>();
  }
  void Adopt(keyspace::Libraries& loaded) override {
    sources.swap(static_cast<FakeLibraries&>(loaded).sources);
  }
  std::vector<std::string> sources;
};

TEST(RdbFile, LibrariesBelongToTheDataset) {
  FakeLibraries saved, found;
  saved.sources = {"one", std::string(1000, 'x')};
  Keyspace keyspace(1);
  keyspace.set_libraries(&saved);
  Loaded loaded;
  loaded.keyspace.set_libraries(&found);
  Load(Saved(keyspace), loaded);
  EXPECT_EQ(found.sources, saved.sources);
  loaded.keyspace.Reset();
  EXPECT_TRUE(found.sources.empty());
  saved.sources = {"two"};
  Load(Saved(keyspace), loaded, {.replace_libraries = true});
  EXPECT_THAT(found.sources, testing::ElementsAre("two replacing"));
  saved.sources = {"bad"};
  Load(Saved(keyspace), loaded);
  EXPECT_EQ(loaded.status.message(), "dump.rdb: a library of functions cannot be loaded: why");
  Loaded without;
  Load(Saved(keyspace), without);  // nobody keeps any
  EXPECT_TRUE(without.status.ok());
}

TEST(RdbFile, LibrariesThatAreLoadedAsideTakeThePlaceOfThoseInUse) {
  FakeLibraries mine;
  mine.sources = {"mine"};
  Keyspace keyspace(1);
  keyspace.set_libraries(&mine);
  auto given_up = keyspace.BesideThis();
  ASSERT_TRUE(given_up->libraries()->Load("half", false).ok());
  keyspace.Discard(std::move(given_up));
  EXPECT_THAT(mine.sources, testing::ElementsAre("mine"));
  auto beside = keyspace.BesideThis();
  ASSERT_TRUE(beside->libraries()->Load("theirs", false).ok());
  keyspace.Adopt(std::move(beside));
  EXPECT_THAT(mine.sources, testing::ElementsAre("theirs"));
}

TEST(RdbFile, AKeyspaceComesBackAsItWas) {
  Keyspace keyspace(16);
  for (int i = 0; i < 5000; ++i) {
    keyspace.db(i % 16).LoadString("key" + std::to_string(i), std::to_string(i * i),
                                   i % 3 == 0 ? 1'000'000'000'000 + i : kNoExpiry);
  }
  RdbInfo info;
  info.repl_id = std::string(40, 'f');
  info.repl_offset = 1234567890123;
  info.repl_stream_db = 9;
  info.created_at_s = 1'700'000'000;
  info.cluster_uid = "5f0c";
  info.data_epoch = 7;
  Loaded loaded;
  Load(Saved(keyspace, info), loaded, {.drop_expired = false});
  ASSERT_TRUE(loaded.status.ok()) << loaded.status.message();
  EXPECT_EQ(Content(loaded.keyspace), Content(keyspace));
  EXPECT_EQ(loaded.info.repl_id, info.repl_id);
  EXPECT_EQ(loaded.info.repl_offset, info.repl_offset);
  EXPECT_EQ(loaded.info.repl_stream_db, 9);
  EXPECT_EQ(loaded.info.created_at_s, info.created_at_s);
  EXPECT_EQ(loaded.info.cluster_uid, "5f0c");
  EXPECT_EQ(loaded.info.data_epoch, 7u);
}

TEST(RdbFile, APrimaryLeavesOutWhatHasExpired) {
  Keyspace keyspace(1);
  keyspace.db(0).LoadString("old", "x", 1000);
  keyspace.db(0).LoadString("new", "x", 3000);
  const std::string file = Saved(keyspace);
  Loaded primary, replica;
  Load(file, primary, {.drop_expired = true, .now_ms = 2000});
  Load(file, replica, {.drop_expired = false, .now_ms = 2000});
  EXPECT_EQ(primary.keyspace.db(0).size(), 1u);
  EXPECT_EQ(primary.expired, 1u);
  EXPECT_EQ(replica.keyspace.db(0).size(), 2u);
}

TEST(RdbFile, WhatReplicasMustHearOfIsLeftOutOnlyIfTheyWill) {
  Keyspace keyspace(2);
  keyspace.db(1).LoadString("old", "x", 1000);
  RdbInfo info;
  info.repl_id = std::string(40, 'a');
  info.repl_offset = 7;
  const std::string file = Saved(keyspace, info);
  Loaded silent, refused, told;
  Load(file, silent, {.now_ms = 2000});
  Load(file, refused, {.now_ms = 2000, .may_drop = [](auto&, int, auto) { return false; }});
  std::string dropped;
  Load(file, told, {.now_ms = 2000, .may_drop = [&](const RdbInfo& of, int db, auto key) {
                      dropped += std::to_string(of.repl_offset) + " " + std::to_string(db) + " ";
                      dropped += key;
                      return true;
                    }});
  EXPECT_EQ(silent.keyspace.db(1).size(), 1u);
  EXPECT_EQ(refused.keyspace.db(1).size(), 1u);
  EXPECT_EQ(told.keyspace.db(1).size(), 0u);
  EXPECT_EQ(told.expired, 1u);
  EXPECT_EQ(dropped, "7 1 old");
}

TEST(RdbFile, RefusesMoreDatabasesThanConfigured) {
  Keyspace keyspace(32);
  keyspace.db(20).LoadString("k", "x", kNoExpiry);
  Loaded loaded;
  Load(Saved(keyspace), loaded);
  EXPECT_THAT(loaded.status.message(), HasSubstr("uses database 20 but only 16 are configured"));
}

TEST(RdbFile, AForgedKeyCountReservesNoMemory) {
  using std::string_literals::operator""s;
  Loaded loaded;
  Load("REDIS0010\xFE\x00\xFB\x81\x7F\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x00\x00\x01k\x01v\xFF"s +
           std::string(8, '\0'),
       loaded);
  ASSERT_TRUE(loaded.status.ok()) << loaded.status.message();
  EXPECT_EQ(loaded.keyspace.db(0).size(), 1u);
}

TEST(RdbFile, LoadsInSlices) {
  Keyspace keyspace(1);
  for (int i = 0; i < 10'000; ++i) {
    keyspace.db(0).LoadString(std::to_string(i), "x", kNoExpiry);
  }
  const std::string file = Saved(keyspace);
  Keyspace target(1);
  RdbLoader loader(std::make_unique<MemorySource>(file), &target, {}, 1);
  const ManualClock clock;
  int slices = 1;
  for (; slices < 1000; ++slices) {
    const auto done = loader.Step(clock, Millis(0));
    ASSERT_TRUE(done.ok());
    if (*done) break;
  }
  EXPECT_GT(slices, 10);
  EXPECT_EQ(target.db(0).size(), 10'000u);
  EXPECT_EQ(loader.bytes_loaded(), loader.bytes_total());
}

}  // namespace
}  // namespace rha::node::persist
