// A dataset that was loaded beside the one in use.
#include <gtest/gtest.h>

#include <memory>

#include "node/keyspace/db.h"
#include "node/types/string.h"

namespace rha::node::keyspace {
namespace {

class BesideTest : public testing::Test {
 protected:
  BesideTest() {
    keyspace_.set_now_ms(1000);
    keyspace_.db(0).Put("old", "1", kNoExpiry, events::kSet);
    keyspace_.db(0).Put("both", "1", kNoExpiry, events::kSet);
    beside_ = keyspace_.BesideThis();
    beside_->db(0).LoadString("both", "2", 5000);
    beside_->db(1).LoadString("new", "2", kNoExpiry);
  }
  std::string Value(int db, std::string_view key) {
    const Item item = keyspace_.db(db).Peek(key);
    return item ? item.As<types::StringView>().ToString() : "(none)";
  }

  Keyspace keyspace_{2};
  std::unique_ptr<Keyspace> beside_;
};

TEST_F(BesideTest, IsNotSeenUntilItIsAdopted) {
  EXPECT_EQ(Value(0, "both"), "1");
  EXPECT_EQ(Value(1, "new"), "(none)");
  keyspace_.Adopt(std::move(beside_));
  EXPECT_EQ(Value(0, "old"), "(none)");
  EXPECT_EQ(Value(0, "both"), "2");
  EXPECT_EQ(keyspace_.db(0).expiring(), 1u);
  EXPECT_EQ(Value(1, "new"), "2");
  keyspace_.db(1).Put("new", "3", kNoExpiry, events::kSet);
  EXPECT_EQ(Value(1, "new"), "3");
}

TEST_F(BesideTest, DiscardedItLeavesTheDataAndIsFreedInSlices) {
  keyspace_.Discard(std::move(beside_));
  EXPECT_EQ(Value(0, "both"), "1");
  EXPECT_EQ(keyspace_.reclaimer().pending(), 2u);
  while (keyspace_.reclaimer().Step(1)) {
  }
  EXPECT_EQ(keyspace_.reclaimer().freed(), 2u);
}

TEST_F(BesideTest, WhoWatchesAKeyOfEitherIsTold) {
  Watcher old, next, neither;
  keyspace_.watches().Watch(old, 0, "old", false);
  keyspace_.watches().Watch(next, 1, "new", false);
  keyspace_.watches().Watch(neither, 1, "none", false);
  keyspace_.Adopt(std::move(beside_));
  EXPECT_TRUE(old.dirty());
  EXPECT_TRUE(next.dirty());
  EXPECT_FALSE(neither.dirty());
}

}  // namespace
}  // namespace rha::node::keyspace
