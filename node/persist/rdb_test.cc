// Writer and reader against each other and against files of Redis 7.0.15 given as bytes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "common/base/prng.h"
#include "node/codec/crc64.h"
#include "node/codec/rdb_format.h"
#include "node/persist/rdb_check.h"
#include "node/persist/rdb_reader.h"
#include "node/persist/rdb_writer.h"

namespace rha::node::persist {
namespace {

using codec::ByteSink;
using codec::Crc64;
using codec::MemorySource;
using codec::StringSink;
using testing::ElementsAre;
using testing::HasSubstr;

struct Entry {
  uint64_t db;
  std::string key, value;
  int64_t expire_at_ms;
  bool operator==(const Entry&) const = default;
};

struct Content {
  Status status;
  std::vector<Entry> entries;
  std::vector<std::string> aux;
};

Content Read(std::string_view file) {
  Content content;
  MemorySource source(file, "dump.rdb");
  RdbReader reader(source);
  content.status = reader.Start();
  uint64_t db = 0;
  while (content.status.ok()) {
    auto item = reader.Next();
    if (!item.ok()) {
      content.status = item.status();
    } else if (const auto* key = std::get_if<RdbKey>(&*item)) {
      content.entries.push_back(
          {db, std::string(key->key), std::string(key->value), key->expire_at_ms});
    } else if (const auto* select = std::get_if<RdbSelectDb>(&*item)) {
      db = select->index;
    } else if (const auto* aux = std::get_if<RdbAux>(&*item)) {
      content.aux.push_back(std::string(aux->name) + "=" + std::string(aux->value));
    } else if (const auto* module = std::get_if<RdbModuleAux>(&*item)) {
      content.aux.push_back("module " + module->module);
    } else if (std::holds_alternative<RdbEnd>(*item)) {
      break;
    }
  }
  return content;
}

std::string Write(const std::vector<Entry>& entries, RdbWriterOptions options = {}) {
  StringSink sink;
  RdbWriter writer(sink, options);
  writer.Begin();
  writer.SelectDb(0, entries.size(), 0);
  for (const Entry& entry : entries) writer.Key(entry.key, entry.value, entry.expire_at_ms);
  EXPECT_TRUE(writer.End().ok());
  return sink.text();
}

// Header and body with the checksum switched off, as `rdbchecksum no` writes it.
std::string Unchecked(std::string_view version, std::string_view body) {
  std::string file = "REDIS" + std::string(version) + std::string(body);
  file += '\xFF';
  if (version >= "0005") file.append(8, '\0');
  return file;
}

TEST(Crc64, HasTheValueRedisDocuments) {
  EXPECT_EQ(Crc64(0, "123456789", 9), 0xe9c6d914c4b8d9caULL);
  EXPECT_EQ(Crc64(Crc64(0, "1234", 4), "56789", 5), 0xe9c6d914c4b8d9caULL);
}

TEST(Rdb, EveryStringComesBackAsItWas) {
  std::vector<Entry> entries;
  for (const char* text :
       {"",      "0",     "-1",     "127",        "128",        "-128",        "-129",
        "32767", "32768", "-32769", "2147483647", "2147483648", "-2147483648", "-2147483649",
        "007",   "-0",    "+5",     " 5",         "5 ",         "1e3",         "x"}) {
    entries.push_back({0, text, text, kNoExpiry});
  }
  for (const size_t length : {63, 64, 16383, 16384, 70000, 262144, 262145, 3000000}) {
    entries.push_back({0, "same" + std::to_string(length), std::string(length, 'a'), 1});
    Prng random(length);
    std::string noise(length, '\0');
    for (char& c : noise) c = static_cast<char>(random.Next());
    entries.push_back({0, "noise" + std::to_string(length), noise, 1'700'000'000'123});
    entries.push_back({0, noise.substr(0, 300), "long key", kNoExpiry});
  }
  for (const bool compress : {true, false}) {
    const Content content = Read(Write(entries, {.compress = compress}));
    ASSERT_TRUE(content.status.ok()) << content.status.message();
    EXPECT_TRUE(content.entries == entries);
  }
}

TEST(Rdb, WritesWhatRedisWrites) {
  const std::string file = Write({{0, "k", "123", kNoExpiry}, {0, "e", "v", 0x0102030405}});
  EXPECT_EQ(file.substr(0, file.size() - 8),
            std::string("REDIS0010\xFE\x00\xFB\x02\x00"
                        "\x00\x01k\xC0{"
                        "\xFC\x05\x04\x03\x02\x01\x00\x00\x00\x00\x01"
                        "e\x01v\xFF",
                        34));
}

TEST(Rdb, CompressesWhatGainsByIt) {
  EXPECT_LT(Write({{0, "k", std::string(1000, 'a'), kNoExpiry}}).size(), 100u);
  EXPECT_GT(Write({{0, "k", std::string(1000, 'a'), kNoExpiry}}, {.compress = false}).size(),
            1000u);
}

TEST(Rdb, ReadsOldVersionsWithoutChecksum) {
  using std::string_literals::operator""s;
  const Content content = Read(Unchecked("0001", "\xFE\x03\xFD\x10\x00\x00\x00\x00\x01k\x01v"s));
  ASSERT_TRUE(content.status.ok()) << content.status.message();
  EXPECT_THAT(content.entries, ElementsAre(Entry{3, "k", "v", 16000}));
}

TEST(Rdb, SkipsWhatHasNoMeaningForUs) {
  using std::string_literals::operator""s;
  const Content content =
      Read(Unchecked("0010",
                     "\xFA\x09redis-ver\x06"
                     "7.0.15\xFA\x05"
                     "ctime\xC0\x05\xF5\x04"
                     "code"s +
                         // module id 0, when: unsigned 2; signed 3, double, string, end
                         "\xF7\x00\x02\x02\x01\x03\x04"
                         "dddddddd\x05\x02xy\x00"s +
                         "\xFE\x00\xF8\x40\x80\xF9\x07\x00\x01k\x01v"s));
  ASSERT_TRUE(content.status.ok()) << content.status.message();
  EXPECT_THAT(content.aux, ElementsAre("redis-ver=7.0.15", "ctime=5", "module AAAAAAAAA"));
  EXPECT_THAT(content.entries, ElementsAre(Entry{0, "k", "v", kNoExpiry}));
}

TEST(Rdb, RefusesOtherTypesByNameAndKey) {
  using std::string_literals::operator""s;
  const Content content = Read(Unchecked("0010", "\xFE\x02\x07\x05queue\x01"s));
  EXPECT_EQ(content.status.code(), Code::kUnsupported);
  EXPECT_EQ(
      content.status.message(),
      "dump.rdb: at byte 11: key \"queue\" of database 2 holds a module (type 7), which cannot be "
      "loaded");
  EXPECT_THAT(Read(Unchecked("0012", "\xFE\x00\x16\x01k\x01"s)).status.message(),
              HasSubstr("key \"k\" of database 0 holds a hash (lifetimes, of Valkey 9 or before "
                        "Redis 7.4.0) (type 22)"));
}

TEST(Rdb, ReadsTheHeadersAndOpcodesOfLaterReleases) {
  using std::string_literals::operator""s;
  const std::string body = "\xFE\x00\xF4\x05\x40\x80\x01\x00\x01k\x01v\xFF"s + std::string(8, '\0');
  for (const char* magic : {"REDIS0011", "REDIS0012", "VALKEY080", "REDIS0080"}) {
    const Content content = Read(magic + body);
    ASSERT_TRUE(content.status.ok()) << content.status.message();
    EXPECT_THAT(content.entries, ElementsAre(Entry{0, "k", "v", kNoExpiry}));
    RdbCheck check;
    check.Feed(magic + body);
    EXPECT_TRUE(check.Finish().ok());
  }
  EXPECT_THAT(Read("VALKEY081"s + body).status.message(), HasSubstr("RDB version 81 cannot be"));
  EXPECT_THAT(Read("VALKEY080\xF3"s).status.message(), HasSubstr("slots of a cluster"));
}

TEST(Rdb, RefusesLengthsBeyondTheFile) {
  using std::string_literals::operator""s;
  const Content content =
      Read(Unchecked("0010", "\xFE\x00\x00\x01k\x81\x00\x00\x00\x01\x00\x00\x00\x00"s));
  EXPECT_EQ(content.status.code(), Code::kCorrupt);
  EXPECT_EQ(content.status.message(),
            "dump.rdb: at byte 23: key \"k\" of database 0, a string: string length 4294967296 "
            "exceeds what is left of the file (9 bytes)");
  // Three bytes of LZF that claim to be four gigabytes.
  EXPECT_THAT(Read(Unchecked("0010",
                             "\xFE\x00\x00\x01k\xC3\x03\x80\xFF\xFF\xFF\xFF"
                             "abc"s))
                  .status.message(),
              HasSubstr("3 compressed bytes cannot hold a string of 4294967295 bytes"));
}

TEST(Rdb, RefusesWhatIsNotAnRdbFile) {
  EXPECT_THAT(Read("").status.message(), HasSubstr("ends inside the header"));
  EXPECT_THAT(Read("#!/bin/sh\nexit").status.message(), HasSubstr("not an RDB file"));
  EXPECT_THAT(Read("REDIS00x1").status.message(), HasSubstr("is not a number"));
  EXPECT_EQ(Read("REDIS0013\xFF").status.message(),
            "dump.rdb: RDB version 13 cannot be read, only 1 to 12 and 80");
  EXPECT_EQ(Read("REDIS0000\xFF").status.code(), Code::kUnsupported);
}

TEST(Rdb, EveryTruncationIsNoticed) {
  const std::string file = Write(
      {{0, "key", "value", 5}, {0, "n", "12345", kNoExpiry}, {0, "z", std::string(99, 'z'), 7}});
  for (size_t length = 0; length < file.size(); ++length) {
    EXPECT_FALSE(Read(std::string_view(file).substr(0, length)).status.ok()) << length;
  }
}

TEST(Rdb, EveryFlippedBitIsNoticed) {
  const std::string file = Write({{0, "key", "value", 5}, {0, "z", std::string(99, 'z'), 7}});
  for (size_t bit = 0; bit < file.size() * 8; ++bit) {
    std::string damaged = file;
    damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ (1 << (bit % 8)));
    // Versions below 5 carry no checksum, so those flips of the version cannot be seen.
    if (bit / 8 == 8 || bit / 8 == 7) continue;
    EXPECT_FALSE(Read(damaged).status.ok()) << "bit " << bit;
  }
}

Status Checked(std::string_view file, size_t piece) {
  RdbCheck check;
  for (; !file.empty(); file.remove_prefix(std::min(piece, file.size()))) {
    check.Feed(file.substr(0, piece));
  }
  return check.Finish();
}

TEST(RdbCheck, AcceptsWholeFilesHoweverTheyArrive) {
  const std::string file = Write({{0, "key", "value", 5}, {0, "z", std::string(99, 'z'), 7}});
  for (size_t piece = 1; piece <= file.size(); ++piece) {
    EXPECT_TRUE(Checked(file, piece).ok()) << piece;
  }
  EXPECT_TRUE(Checked(Unchecked("0010", ""), 3).ok());
}

TEST(RdbCheck, NoticesDamageAndMissingEnds) {
  const std::string file = Write({{0, "key", "value", 5}});
  for (size_t length = 0; length < file.size(); ++length) {
    EXPECT_FALSE(Checked(file.substr(0, length), 7).ok()) << length;
    std::string damaged = file;
    damaged[length] = static_cast<char>(damaged[length] ^ 0x40);
    EXPECT_FALSE(Checked(damaged, 7).ok()) << length;
  }
}

class BrokenSink final : public ByteSink {
 public:
  Status Write(std::string_view) override { return Status(Code::kExhausted, "disk full"); }
};

TEST(RdbWriter, ReportsTheFirstFailureOfTheSink) {
  BrokenSink sink;
  RdbWriter writer(sink, {});
  writer.Begin();
  for (int i = 0; i < 100; ++i) writer.Key(std::to_string(i), std::string(100'000, 'x'), 1);
  EXPECT_EQ(writer.End().message(), "disk full");
}

}  // namespace
}  // namespace rha::node::persist
