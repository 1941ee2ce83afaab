#include "common/acl/denial_log.h"

#include <gtest/gtest.h>

#include <string>

#include "common/acl/limits.h"

namespace rha::acl {
namespace {

Denial OfKey(std::string_view key) {
  return {.reason = Denied::kKey, .object = key, .user = "alice", .client = "id=1"};
}

TEST(DenialLog, TheSameWithinAMinuteIsOneEntry) {
  DenialLog log;
  log.Add(OfKey("a"), 1000);
  log.Add(OfKey("b"), 1500);
  log.Add(OfKey("a"), 61000);
  ASSERT_EQ(log.entries().size(), 2u);
  EXPECT_EQ(log.entries()[0].object, "a");
  EXPECT_EQ(log.entries()[0].count, 2u);
  EXPECT_EQ(log.entries()[0].unix_ms, 61000);
  EXPECT_EQ(log.entries()[0].created_unix_ms, 1000);
  EXPECT_EQ(log.entries()[0].id, 0u);
  EXPECT_EQ(log.entries()[1].id, 1u);
  log.Add(OfKey("a"), 121001);
  EXPECT_EQ(log.entries().size(), 3u);
  EXPECT_EQ(log.entries()[0].count, 1u);
  EXPECT_EQ(log.entries()[0].id, 2u);
}

TEST(DenialLog, CountsOfReasonsOutliveTheEntries) {
  DenialLog log;
  log.Add(OfKey("a"), 0);
  log.Add(OfKey("a"), 1);
  log.Clear();
  EXPECT_EQ(log.count(Denied::kKey), 2u);
  EXPECT_EQ(log.count(Denied::kAuth), 0u);
}

TEST(DenialLog, AnotherReasonPlaceOrUserIsAnotherEntry) {
  DenialLog log;
  Denial denial = OfKey("a");
  log.Add(denial, 0);
  denial.where = Where::kMulti;
  log.Add(denial, 0);
  denial.reason = Denied::kChannel;
  log.Add(denial, 0);
  denial.user = "bob";
  log.Add(denial, 0);
  EXPECT_EQ(log.entries().size(), 4u);
  EXPECT_EQ(log.entries()[0].reason_name(), "channel");
  EXPECT_EQ(log.entries()[0].where_name(), "multi");
  EXPECT_EQ(log.entries()[3].where_name(), "toplevel");
}

TEST(DenialLog, TheOldestGo) {
  DenialLog log;
  log.set_entries_max(2);
  for (const char* key : {"a", "b", "c"}) log.Add(OfKey(key), 0);
  ASSERT_EQ(log.entries().size(), 2u);
  EXPECT_EQ(log.entries()[1].object, "b");
  log.set_entries_max(0);
  log.Add(OfKey("d"), 0);
  EXPECT_TRUE(log.entries().empty());
}

TEST(DenialLog, AnEntryIsBounded) {
  DenialLog log;
  log.Add(OfKey(std::string(1 << 20, 'k')), 0);
  EXPECT_EQ(log.entries()[0].object.size(), kLogTextBytesMax);
}

}  // namespace
}  // namespace rha::acl
