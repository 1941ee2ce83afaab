// Values in every encoding of Redis 2.x to 7.0, whole and damaged.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "common/base/prng.h"
#include "node/codec/rdb_collection.h"
#include "node/codec/testing/samples.h"
#include "node/keyspace/db.h"
#include "node/persist/rdb_file.h"
#include "node/types/hash.h"
#include "node/types/list.h"
#include "node/types/set.h"
#include "node/types/zset.h"

namespace rha::node::persist {
namespace {

using codec::kNodePacked;
using codec::kNodePlain;
using codec::MemorySource;
using codec::RdbCollection;
using codec::RdbType;
using codec::RdbTypeName;
using codec::StringSink;
using enum codec::RdbType;
using codec::testing::FileOf;
using codec::testing::Length;
using codec::testing::Listpack;
using codec::testing::Little;
using codec::testing::Sample;
using codec::testing::Samples;
using codec::testing::String;
using codec::testing::Texts;
using codec::testing::Ziplist;
using codec::testing::Zipmap;
using ::testing::HasSubstr;
using ::testing::MatchesRegex;

struct Loaded {
  keyspace::Keyspace keyspace{1};
  Status status;
  uint64_t keys = 0, empty = 0;
};

void Load(std::string_view file, Loaded& into) {
  RdbLoader loader(std::make_unique<MemorySource>(file, "dump.rdb"), &into.keyspace, {}, 1);
  into.status = loader.Finish();
  into.keys = loader.keys_loaded();
  into.empty = loader.empty_keys_skipped();
}

std::string ErrorOf(RdbType type, std::string_view value) {
  Loaded loaded;
  Load(FileOf(type, value), loaded);
  return loaded.status.message();
}

// As Sample::content, fields by name where the form has no order.
Texts ContentOf(const keyspace::Item& item) {
  Texts texts;
  std::vector<Texts> sorted;
  const auto pair = [&](std::string_view first, std::string_view second) {
    sorted.push_back({std::string(first), std::string(second)});
  };
  switch (item.type()) {
    case types::Type::kList:
      item.As<types::ListView>().ForEach([&](std::string_view text) { texts.emplace_back(text); });
      break;
    case types::Type::kSet:
      item.As<types::SetView>().ForEach([&](std::string_view text) { texts.emplace_back(text); });
      std::sort(texts.begin(), texts.end());
      break;
    case types::Type::kHash:
      item.As<types::HashView>().ForEach(pair);
      break;
    default:
      item.As<types::ZsetView>().ForEach([&](std::string_view member, double score) {
        texts.insert(texts.end(), {std::string(member), fmt::format("{}", score)});
      });
  }
  std::sort(sorted.begin(), sorted.end());
  for (const Texts& one : sorted) texts.insert(texts.end(), one.begin(), one.end());
  return texts;
}

Texts Expected(const Sample& sample) {
  if (RdbCollection::TypeOf(sample.type) != types::Type::kHash) return sample.content;
  std::vector<Texts> sorted;
  for (size_t i = 0; i < sample.content.size(); i += 2) {
    sorted.push_back({sample.content[i], sample.content[i + 1]});
  }
  std::sort(sorted.begin(), sorted.end());
  Texts texts;
  for (const Texts& one : sorted) texts.insert(texts.end(), one.begin(), one.end());
  return texts;
}

std::string Saved(const keyspace::Keyspace& keyspace, const RdbWriterOptions& options = {}) {
  StringSink sink;
  EXPECT_TRUE(WriteDataset(sink, keyspace, {.options = options}).ok());
  return sink.text();
}

constexpr types::FormLimits kNothingPacked = {.hash_max_listpack_entries = 0,
                                              .set_max_intset_entries = 0,
                                              .zset_max_listpack_entries = 0,
                                              .list_max_listpack_size = 1};
constexpr types::FormLimits kAllPacked = {.hash_max_listpack_value = 100'000,
                                          .zset_max_listpack_value = 100'000,
                                          .list_max_listpack_size = -5};

TEST(RdbCollection, EveryEncodingLoadsAndComesBack) {
  for (const types::FormLimits& limits : {types::FormLimits{}, kNothingPacked, kAllPacked}) {
    for (const Sample& sample : Samples()) {
      SCOPED_TRACE(RdbTypeName(sample.type));
      Loaded loaded;
      loaded.keyspace.form_limits() = limits;
      Load(FileOf(sample.type, sample.value), loaded);
      ASSERT_TRUE(loaded.status.ok()) << loaded.status.message();
      EXPECT_EQ(loaded.keys, 1u);
      ASSERT_TRUE(loaded.keyspace.db(0).Exists("key"));
      EXPECT_EQ(ContentOf(loaded.keyspace.db(0).Peek("key")), Expected(sample));

      Loaded again;
      Load(Saved(loaded.keyspace), again);
      ASSERT_TRUE(again.status.ok()) << again.status.message();
      EXPECT_EQ(ContentOf(again.keyspace.db(0).Peek("key")), Expected(sample));
    }
  }
}

TEST(RdbCollection, EveryDamageEndsInAnErrorOrAValue) {
  Prng random(1);
  for (const Sample& sample : Samples()) {
    const std::string file = FileOf(sample.type, sample.value);
    for (size_t i = 0; i < std::min<size_t>(file.size(), 400); ++i) {
      for (const char byte : {'\x00', '\xff', '\xfe', '\x80', static_cast<char>(random.Next())}) {
        std::string damaged = file;
        damaged[i] = byte;
        Loaded loaded;
        Load(damaged, loaded);
        if (loaded.status.ok()) continue;
        EXPECT_THAT(loaded.status.message(), HasSubstr("dump.rdb: "));
      }
      Loaded cut;
      Load(std::string_view(file).substr(0, i), cut);
      EXPECT_FALSE(cut.status.ok());
    }
  }
}

TEST(RdbCollection, SaysWhereWhichKeyIsDamaged) {
  EXPECT_EQ(ErrorOf(kTypeHashListpack, String(Listpack({"f", "v", "g"}))),
            "dump.rdb: at byte 16: key \"key\" of database 0, a hash (listpack): Hash listpack "
            "integrity check failed: an odd number of texts where pairs belong");
  EXPECT_EQ(ErrorOf(kTypeZsetZiplist, String(Ziplist({"a", "1", "b", "many"}))),
            "dump.rdb: at byte 16: key \"key\" of database 0, a sorted set (ziplist): Zset ziplist "
            "integrity check failed: the score \"many\" is not a number");
  EXPECT_THAT(ErrorOf(kTypeSet, Length(9) + String("a")),
              HasSubstr("key \"key\" of database 0, a set: unknown string encoding 0xff"));
}

TEST(RdbCollection, RefusesWhatIsThereTwice) {
  const std::string twice = "\"a\" occurs twice";
  EXPECT_THAT(ErrorOf(kTypeSet, Length(2) + String("a") + String("a")), HasSubstr(twice));
  EXPECT_THAT(ErrorOf(kTypeSet, Length(2) + String("5") + String("5")), HasSubstr("occurs twice"));
  EXPECT_THAT(ErrorOf(kTypeHash, Length(2) + String("a") + String("1") + String("a") + String("2")),
              HasSubstr(twice));
  EXPECT_THAT(ErrorOf(kTypeHashListpack, String(Listpack({"a", "1", "a", "1"}))), HasSubstr(twice));
  EXPECT_THAT(ErrorOf(kTypeHashZipmap, String(Zipmap({"a", "1", "a", "1"}))), HasSubstr(twice));
  EXPECT_THAT(ErrorOf(kTypeZsetListpack, String(Listpack({"a", "1", "a", "2"}))), HasSubstr(twice));
  EXPECT_THAT(
      ErrorOf(kTypeZset2, Length(2) + String("a") + Little(0, 8) + String("a") + Little(0, 8)),
      HasSubstr(twice));
}

TEST(RdbCollection, RefusesScoresThatAreNoNumbers) {
  EXPECT_THAT(ErrorOf(kTypeZset, Length(1) + String("a") + '\xfd'), HasSubstr("not a number"));
  EXPECT_THAT(ErrorOf(kTypeZset, Length(1) + String("a") + "\x03" + "1x2"),
              HasSubstr("\"1x2\" is not a number"));
  EXPECT_THAT(ErrorOf(kTypeZset2, Length(1) + String("a") + Little(0x7ff8ull << 48, 8)),
              HasSubstr("a score is not a number"));
  EXPECT_THAT(ErrorOf(kTypeZsetListpack, String(Listpack({"a", "nan"}))),
              HasSubstr("\"nan\" is not a number"));
}

TEST(RdbCollection, RefusesAZipmapWithoutFieldsAsRedisDoes) {
  EXPECT_THAT(ErrorOf(kTypeHashZipmap, String(Zipmap({}))),
              HasSubstr("Zipmap integrity check failed: no fields"));
}

TEST(RdbCollection, RefusesWhatIsOutOfOrder) {
  EXPECT_THAT(ErrorOf(kTypeSetIntset, String(codec::testing::Intset({5, 4}, 2))),
              HasSubstr("integer 1 is out of order"));
  EXPECT_THAT(ErrorOf(kTypeZsetListpack, String(Listpack({"a", "2", "b", "1"}))),
              HasSubstr("member \"b\" is out of order"));
  EXPECT_THAT(ErrorOf(kTypeZsetListpack, String(Listpack({"b", "1", "a", "1"}))),
              HasSubstr("member \"a\" is out of order"));
}

TEST(RdbCollection, RefusesNodesThatCannotBe) {
  EXPECT_THAT(ErrorOf(kTypeListQuicklist2, Length(1) + Length(3) + String(Listpack({"a"}))),
              HasSubstr("unknown kind 3"));
  EXPECT_THAT(ErrorOf(kTypeListQuicklist2, Length(1) + Length(kNodePlain) + String("")),
              HasSubstr("empty"));
}

TEST(RdbCollection, LeavesOutWhatIsEmpty) {
  const std::string none = Length(0);
  const std::vector<std::pair<RdbType, std::string>> empty = {
      {kTypeList, none},
      {kTypeSet, none},
      {kTypeZset, none},
      {kTypeZset2, none},
      {kTypeHash, none},
      {kTypeListQuicklist, none},
      {kTypeListQuicklist2, none},
      {kTypeListQuicklist, Length(1) + String(Ziplist({}))},
      {kTypeListQuicklist2, Length(1) + Length(kNodePacked) + String(Listpack({}))},
      {kTypeListZiplist, String(Ziplist({}))},
      {kTypeHashZiplist, String(Ziplist({}))},
      {kTypeZsetZiplist, String(Ziplist({}))},
      {kTypeHashListpack, String(Listpack({}))},
      {kTypeZsetListpack, String(Listpack({}))},
  };
  for (const auto& [type, value] : empty) {
    SCOPED_TRACE(RdbTypeName(type));
    Loaded loaded;
    Load(FileOf(type, value), loaded);
    ASSERT_TRUE(loaded.status.ok()) << loaded.status.message();
    EXPECT_EQ(loaded.keyspace.db(0).size(), 0u);
    EXPECT_EQ(loaded.empty, 1u);
    EXPECT_EQ(loaded.keys, 0u);
  }
}

TEST(RdbCollection, AForgedCountReservesLittle) {
  for (const RdbType type : {kTypeSet, kTypeHash, kTypeZset2, kTypeList, kTypeListQuicklist2}) {
    std::string value = "\x81" + std::string(8, '\x7f') + String("a");
    EXPECT_THAT(ErrorOf(type, value), HasSubstr("dump.rdb: at byte"));
  }
}

TEST(RdbWriter, AValueInPiecesIsTheSameValue) {
  StringSink sink;
  RdbWriter writer(sink, {});
  writer.Begin();
  writer.SelectDb(0, 4, 1);
  writer.BeginHash({"hash", 77}, 2);
  writer.Field("f", "1");
  writer.Field("g", "2");
  writer.BeginSet({"set", kNoExpiry}, 1);
  writer.Member("m");
  writer.BeginZset({"zset", kNoExpiry}, 2);
  writer.Scored("z", 2.5);
  writer.Scored("y", -1);
  writer.BeginList({"list", kNoExpiry}, 2);
  writer.ListNode(Listpack({"a", "b"}));
  writer.ListNode(Listpack({"3"}));
  ASSERT_TRUE(writer.End().ok());
  Loaded loaded;
  RdbLoader loader(std::make_unique<MemorySource>(sink.text()), &loaded.keyspace,
                   {.drop_expired = false}, 1);
  ASSERT_TRUE(loader.Finish().ok());
  keyspace::Db& db = loaded.keyspace.db(0);
  loaded.keyspace.set_expiry_mode(keyspace::ExpiryMode::kIgnore);
  EXPECT_EQ(ContentOf(db.Peek("hash")), (Texts{"f", "1", "g", "2"}));
  EXPECT_EQ(db.Peek("hash").expire_at_ms(), 77);
  EXPECT_EQ(ContentOf(db.Peek("set")), Texts{"m"});
  EXPECT_EQ(ContentOf(db.Peek("zset")), (Texts{"y", "-1", "z", "2.5"}));
  EXPECT_EQ(ContentOf(db.Peek("list")), (Texts{"a", "b", "3"}));
}

TEST(RdbLoader, ALargeValueLoadsInSlicesBetweenWhichTheKeyspaceIsFree) {
  for (const types::Type type :
       {types::Type::kSet, types::Type::kHash, types::Type::kZset, types::Type::kList}) {
    constexpr int kMembers = 20'000;
    std::string value = Length(kMembers);
    for (int i = 0; i < kMembers; ++i) {
      value += String("member" + std::to_string(i));
      if (type == types::Type::kHash) value += String("v");
      if (type == types::Type::kZset) value += Little(0, 8);
    }
    const RdbType rdb_type = type == types::Type::kSet    ? kTypeSet
                             : type == types::Type::kHash ? kTypeHash
                             : type == types::Type::kZset ? kTypeZset2
                                                          : kTypeList;
    const std::string file = FileOf(rdb_type, value);
    keyspace::Keyspace keyspace(1);
    RdbLoader loader(std::make_unique<MemorySource>(file), &keyspace, {}, 1);
    const ManualClock clock;
    int slices = 0;
    for (bool done = false; !done; ++slices) {
      const Result<bool> step = loader.Step(clock, Millis(0));
      ASSERT_TRUE(step.ok()) << step.status().message();
      done = *step;
      keyspace.db(0).LoadString("between " + std::to_string(slices), "x", kNoExpiry);
    }
    EXPECT_GT(slices, 50);
    const bool pairs = type == types::Type::kHash || type == types::Type::kZset;
    EXPECT_EQ(ContentOf(keyspace.db(0).Peek("key")).size(), (pairs ? 2u : 1u) * kMembers);
    EXPECT_EQ(loader.keys_loaded(), 1u);
  }
}

}  // namespace
}  // namespace rha::node::persist
