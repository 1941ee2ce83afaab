#include "node/persist/command_writer.h"

#include <gtest/gtest.h>

#include <limits>
#include <string>

#include "common/resp/parser.h"
#include "node/keyspace/db.h"
#include "node/persist/limits.h"
#include "node/persist/rdb_file.h"

namespace rha::node::persist {
namespace {

using codec::StringSink;
using keyspace::Keyspace;
using keyspace::kNoExpiry;

// A request a line, its words apart by blanks.
std::string Lines(std::string_view requests) {
  std::string text;
  while (!requests.empty()) {
    if (requests[0] == '#') {
      const size_t end = requests.find("\r\n");
      text += std::string(requests.substr(0, end)) + "\n";
      requests.remove_prefix(end + 2);
      continue;
    }
    resp::RequestParser parser;
    if (parser.Parse(requests) != resp::Outcome::kDone) return text + "and what is no request";
    for (const std::string_view word : parser.args()) text += std::string(word) + " ";
    text.back() = '\n';
    requests.remove_prefix(parser.consumed());
  }
  return text;
}

std::string Written(const Keyspace& keyspace, SaveRequest request = {}) {
  StringSink sink;
  request.as_commands = true;
  EXPECT_TRUE(WriteDataset(sink, keyspace, request).ok());
  return Lines(sink.text());
}

class CommandWriterTest : public testing::Test {
 protected:
  // What `write` makes of a writer.
  template <typename Write>
  std::string Pieces(Write&& write) {
    StringSink sink;
    CommandWriter writer(sink);
    write(writer);
    EXPECT_TRUE(writer.End().ok());
    return Lines(sink.text());
  }

  Keyspace keyspace_{16, 1, {}};
};

TEST_F(CommandWriterTest, AnEmptyDatasetIsNothing) { EXPECT_EQ(Written(keyspace_), ""); }

TEST_F(CommandWriterTest, AStringBringsItsExpiry) {
  keyspace_.db(3).Put("a", "v", kNoExpiry, keyspace::events::kSet);
  EXPECT_EQ(Written(keyspace_), "SELECT 3\nSET a v\n");
  keyspace_.db(3).Put("a", "17", 5000, keyspace::events::kSet);
  EXPECT_EQ(Written(keyspace_), "SELECT 3\nSET a 17 PXAT 5000\n");
}

TEST_F(CommandWriterTest, ItBeginsWithTheTimeAndEndsWithThePlaceInTheHistory) {
  SaveRequest request;
  request.time_stamp_s = 1700000000;
  request.info.repl_id = std::string(40, 'a');
  request.info.repl_offset = 17;
  request.info.repl_stream_db = 2;
  EXPECT_EQ(Written(keyspace_, request),
            "#TS:1700000000\n#redisha-history " + std::string(40, 'a') + " 17 2 - 0\n");
}

TEST_F(CommandWriterTest, ElementsComeInCommandsOfSixtyFourAndTheExpiryBehindThem) {
  const std::string text = Pieces([](CommandWriter& writer) {
    writer.BeginSet({"s", 77}, 65);
    for (int i = 0; i < 65; ++i) writer.Member("m");
    writer.BeginHash({"h", kNoExpiry}, 2);
    writer.Field("f", "1");
    writer.Field("g", "2");
    writer.BeginZset({"z", kNoExpiry}, 2);
    writer.Scored("a", 0.1);
    writer.Scored("b", -std::numeric_limits<double>::infinity());
  });
  std::string expected = "SADD s";
  for (int i = 0; i < 64; ++i) expected += " m";
  expected += "\nSADD s m\nPEXPIREAT s 77\nHMSET h f 1 g 2\nZADD z 0.10000000000000001 a -inf b\n";
  EXPECT_EQ(text, expected);
}

TEST_F(CommandWriterTest, EachNodeOfAListIsItsOwnCommand) {
  structs::Listpack first, second;
  first.Append("a");
  first.Append("2");
  second.Append("b");
  EXPECT_EQ(Pieces([&](CommandWriter& writer) {
              writer.BeginList({"l", 5}, 2);
              writer.ListNode(first.bytes());
              writer.ListNode(second.bytes());
            }),
            "RPUSH l a 2\nRPUSH l b\nPEXPIREAT l 5\n");
}

TEST_F(CommandWriterTest, AStreamIsItsEntriesItsCountersAndItsGroups) {
  types::StreamValue stream;
  const std::string_view entry[] = {"f", "v"};
  stream.Append({1, 2}, entry, {});
  stream.set_counters({.last_id = {9, 0}, .max_deleted_id = {3, 0}, .entries_added = 4});
  types::StreamGroup* group = stream.MakeGroup("g", {1, 2}, 1);
  types::StreamConsumer* alice = group->MakeConsumer("alice", 50).first;
  group->Assign({1, 2}, {.at_ms = 60, .count = 7, .consumer = alice});
  EXPECT_EQ(Pieces([&](CommandWriter& writer) {
              writer.BeginStream({"s", 99}, stream.log().block_count());
              stream.log().ForEachBlock([&](const auto& block) { writer.StreamBlock(block); });
              writer.StreamRest(stream);
            }),
            "XADD s 1-2 f v\n"
            "XSETID s 9-0 ENTRIESADDED 4 MAXDELETEDID 3-0\n"
            "XGROUP CREATE s g 1-2 ENTRIESREAD 1\n"
            "XGROUP CREATECONSUMER s g alice\n"
            "XCLAIM s g alice 0 1-2 TIME 60 RETRYCOUNT 7 JUSTID FORCE\n"
            "PEXPIREAT s 99\n");
}

TEST_F(CommandWriterTest, AnEmptyStreamExists) {
  const types::StreamValue stream;
  EXPECT_EQ(Pieces([&](CommandWriter& writer) {
              writer.BeginStream({"s", kNoExpiry}, 0);
              writer.StreamRest(stream);
            }),
            "XADD s MAXLEN 0 0-1 x y\nXSETID s 0-0 ENTRIESADDED 0 MAXDELETEDID 0-0\n");
}

TEST_F(CommandWriterTest, LongWordsPassTheBufferBy) {
  const std::string value(3 * kWriteBufferBytes, 'v');
  keyspace_.db(0).Put("a", value, kNoExpiry, keyspace::events::kSet);
  keyspace_.db(0).Put("b", "w", kNoExpiry, keyspace::events::kSet);
  const std::string text = Written(keyspace_);
  EXPECT_NE(text.find("SET a " + value + "\n"), std::string::npos);
  EXPECT_NE(text.find("SET b w\n"), std::string::npos);
}

}  // namespace
}  // namespace rha::node::persist
