// Lifetimes of fields in files: our own both ways, and what Redis 7.4 writes, given as bytes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "node/codec/testing/samples.h"
#include "node/persist/rdb_file.h"
#include "node/types/hash.h"
#include "node/types/set.h"

namespace rha::node::persist {
namespace {

using codec::StringSink;
using codec::testing::Length;
using codec::testing::Little;
using codec::testing::String;
using keyspace::Keyspace;
using keyspace::kNoExpiry;
using testing::HasSubstr;
using testing::StartsWith;
using types::Type;
namespace events = keyspace::events;

std::string Written(const Keyspace& keyspace, const SaveRequest& request = {}) {
  StringSink sink;
  EXPECT_TRUE(WriteDataset(sink, keyspace, request).ok());
  return sink.text();
}

Status Load(const std::string& file, Keyspace* keyspace) {
  RdbLoader loader(std::make_unique<codec::MemorySource>(file, "dump.rdb"), keyspace, {}, 1);
  return loader.Finish();
}

// "a=1 b=2~700": fields in alphabetical order, with their ends.
std::string Fields(Keyspace& keyspace, const char* key = "h") {
  std::string text;
  const keyspace::Item item = keyspace.db(0).Peek(key);
  if (!item) return "none";
  for (const char* field : {"a", "b", "c"}) {
    const auto value = item.As<types::HashView>().Find(field);
    if (!value) continue;
    text += (text.empty() ? "" : " ") + std::string(field) + "=" + std::string(*value);
    const int64_t end_ms = *item.As<types::HashView>().EndOf(field);
    if (end_ms != types::kEndless) text += "~" + std::to_string(end_ms);
  }
  return text;
}

void Fill(Keyspace& keyspace, int64_t first_end_ms) {
  keyspace::Edit edit = keyspace.db(0).WriteOrCreate("h", Type::kHash);
  auto hash = edit.As<types::Hash>();
  for (const auto& [field, value] : {std::pair("a", "1"), {"b", "2"}, {"c", "3"}}) {
    hash.Set(field, value);
  }
  hash.SetEnd("b", first_end_ms);
  hash.SetEnd("c", first_end_ms + 300);
  edit.Commit(events::kHSet);
}

// A file of Redis 7.4 with one key.
std::string FileOf(uint8_t type, const std::string& value) {
  return "REDIS0012" + std::string(1, static_cast<char>(type)) + String("h") + value + "\xFF" +
         std::string(8, '\0');
}

std::string Triplets(std::initializer_list<std::string_view> texts) {
  structs::ListpackWriter writer;
  writer.Begin();
  for (const std::string_view text : texts) writer.Append(text);
  return String(writer.Finish());
}

TEST(FieldEndsTest, ComeBackFromAFile) {
  Keyspace keyspace(1), loaded(1);
  Fill(keyspace, 5'000'000'000'000);
  const std::string file = Written(keyspace);
  EXPECT_THAT(file, StartsWith("REDIS0012"));
  ASSERT_TRUE(Load(file, &loaded).ok());
  EXPECT_EQ(Fields(loaded), "a=1 b=2~5000000000000 c=3~5000000000300");
  EXPECT_EQ(loaded.db(0).with_field_ends(), 1u);
}

TEST(FieldEndsTest, ANewerVersionIsWrittenOnlyWhereThereAreSome) {
  Keyspace keyspace(1);
  Fill(keyspace, 700);
  {
    keyspace::Edit edit = keyspace.db(0).Write("h");
    edit.As<types::Hash>().SetEnd("b", types::kEndless);
    edit.As<types::Hash>().Erase("c");
    edit.Commit(events::kHSet);
  }
  EXPECT_THAT(Written(keyspace), StartsWith("REDIS0010"));
}

TEST(FieldEndsTest, AreCommandsInABaseOfCommands) {
  Keyspace keyspace(1);
  Fill(keyspace, 700);
  SaveRequest request;
  request.as_commands = true;
  const std::string file = Written(keyspace, request);
  EXPECT_THAT(file, HasSubstr("HPEXPIREAT\r\n$1\r\nh\r\n$3\r\n700\r\n$6\r\nFIELDS\r\n$1\r\n1"
                              "\r\n$1\r\nb\r\n"));
  EXPECT_THAT(file, HasSubstr("HSET\r\n$1\r\nh\r\n$1\r\na\r\n$1\r\n1\r\n"));
}

TEST(FieldEndsTest, AreReadFromATableOfRedis) {
  Keyspace loaded(1);
  const std::string table = Little(700, 8) + Length(3) + Length(0) + String("a") + String("1") +
                            Length(1) + String("b") + String("2") + Length(301) + String("c") +
                            String("3");
  ASSERT_TRUE(Load(FileOf(codec::kTypeHashTimed, table), &loaded).ok());
  EXPECT_EQ(Fields(loaded), "a=1 b=2~700 c=3~1000");
}

TEST(FieldEndsTest, AreReadFromAListpackOfRedis) {
  Keyspace loaded(1);
  const std::string listpack =
      Little(700, 8) + Triplets({"b", "2", "700", "c", "3", "1000", "a", "1", "0"});
  ASSERT_TRUE(Load(FileOf(codec::kTypeHashTimedListpack, listpack), &loaded).ok());
  EXPECT_EQ(Fields(loaded), "a=1 b=2~700 c=3~1000");
}

TEST(FieldEndsTest, ASetOfRedis72IsRead) {
  Keyspace loaded(1);
  ASSERT_TRUE(Load(FileOf(codec::kTypeSetListpack, Triplets({"x", "y", "7"})), &loaded).ok());
  const auto set = loaded.db(0).Peek("h").As<types::SetView>();
  EXPECT_EQ(set.size(), 3u);
  EXPECT_TRUE(set.Contains("7"));
}

TEST(FieldEndsTest, DamageIsNamed) {
  const auto error = [](uint8_t type, const std::string& value) {
    Keyspace loaded(1);
    return std::string(Load(FileOf(type, value), &loaded).message());
  };
  EXPECT_THAT(error(codec::kTypeHashTimed, Little(UINT64_MAX, 8) + Length(1)),
              HasSubstr("a lifetime that never ends"));
  EXPECT_THAT(error(codec::kTypeHashTimed, Little(types::kFieldEndMaxMs, 8) + Length(1) +
                                               Length(2) + String("a") + String("1")),
              HasSubstr("a lifetime that never ends"));
  for (const char* end : {"x", "-1", "9223372036854775807"}) {
    EXPECT_THAT(error(codec::kTypeHashTimedListpack, Little(0, 8) + Triplets({"a", "1", end})),
                HasSubstr("a field without the end of its lifetime"));
  }
  EXPECT_THAT(error(codec::kTypeHashTimedListpack, Little(0, 8) + Triplets({"a", "1"})),
              HasSubstr("a field without the end of its lifetime"));
  EXPECT_THAT(
      error(codec::kTypeHashTimedListpack, Little(0, 8) + Triplets({"a", "1", "5", "a", "2", "6"})),
      HasSubstr("occurs twice"));
}

}  // namespace
}  // namespace rha::node::persist
