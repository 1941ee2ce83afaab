#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "node/codec/rdb_stream.h"
#include "node/codec/testing/samples.h"
#include "node/keyspace/db.h"
#include "node/persist/rdb_file.h"

namespace rha::node::persist {
namespace {

using codec::kTypeStream;
using codec::kTypeStream2;
using codec::kTypeStream3;
using codec::MemorySource;
using codec::RdbType;
using codec::StringSink;
using codec::testing::FileOf;
using codec::testing::Length;
using codec::testing::StreamParts;
using ::testing::HasSubstr;

constexpr int kDatabases = 1;

class RdbStreamTest : public ::testing::Test {
 protected:
  Status Load(RdbType type, const std::string& value) {
    const std::string file = FileOf(type, value);  // outlives the loader, which only looks at it
    RdbLoader loader(std::make_unique<MemorySource>(file), &keyspace_,
                     LoadOptions{.verify_checksum = false, .drop_expired = false}, kDatabases);
    return loader.Finish();
  }
  const types::StreamValue& stream() {
    return *keyspace_.db(0).Peek("key").As<types::StreamView>();
  }

  keyspace::Keyspace keyspace_{kDatabases};
};

TEST_F(RdbStreamTest, ReadsEveryVersion) {
  for (const RdbType type : {kTypeStream, kTypeStream2, kTypeStream3}) {
    ASSERT_TRUE(Load(type, StreamParts{}.Value(type)).ok());
    stream().CheckInvariants();
    EXPECT_EQ(stream().length(), 2u);
    EXPECT_EQ(stream().last_id(), (structs::StreamId{9, 0}));
    const types::StreamGroup& group = *stream().FindGroup("g");
    EXPECT_EQ(group.pending().size(), 1u);
    EXPECT_EQ(group.pending().First()->value.consumer->first, "alice");
    EXPECT_EQ(group.pending().First()->value.count, 3u);
  }
}

TEST_F(RdbStreamTest, ComesBackAsItWasSaved) {
  ASSERT_TRUE(Load(kTypeStream2, StreamParts{}.Value(kTypeStream2)).ok());
  StringSink first, second;
  ASSERT_TRUE(WriteDataset(first, keyspace_, {}).ok());
  keyspace::Keyspace again(kDatabases);
  RdbLoader loader(std::make_unique<MemorySource>(first.text()), &again, LoadOptions{}, kDatabases);
  ASSERT_TRUE(loader.Finish().ok());
  ASSERT_TRUE(WriteDataset(second, again, {}).ok());
  EXPECT_EQ(first.text(), second.text());
}

// CVE-2026-63639: both consumers freed it.
TEST_F(RdbStreamTest, RefusesAnIdThatIsPendingForTwo) {
  const Status status = Load(kTypeStream2, StreamParts{.claimed = {1, 1}}.Value(kTypeStream2));
  EXPECT_THAT(status.message(), HasSubstr("consumer \"bob\" has an id that is not pending"));
}

TEST_F(RdbStreamTest, RefusesAnIdThatIsPendingForNobody) {
  const Status status = Load(kTypeStream2, StreamParts{.claimed = {0, 0}}.Value(kTypeStream2));
  EXPECT_THAT(status.message(), HasSubstr("a pending id has no consumer"));
}

TEST_F(RdbStreamTest, RefusesWhatContradictsItself) {
  EXPECT_THAT(Load(kTypeStream2, StreamParts{.entries = 3}.Value(kTypeStream2)).message(),
              HasSubstr("a stream of 3 entries holds 2"));
  EXPECT_THAT(Load(kTypeStream2, StreamParts{.second_ms = "-1"}.Value(kTypeStream2)).message(),
              HasSubstr("an entry is out of order"));
  EXPECT_THAT(Load(kTypeStream2, StreamParts{.nodes = 2}.Value(kTypeStream2)).message(),
              HasSubstr("a node overlaps another one"));
}

}  // namespace
}  // namespace rha::node::persist
