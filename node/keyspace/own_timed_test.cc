#include "node/keyspace/own_timed.h"

#include <gtest/gtest.h>

#include "node/keyspace/db.h"

namespace rha::node::keyspace {
namespace {

// A writable replica: its primary's stream comes with kIgnore, its clients with kHide.
class OwnTimedTest : public testing::Test {
 protected:
  OwnTimedTest() {
    keyspace_.set_now_ms(1000);
    keyspace_.set_expiry_mode(ExpiryMode::kIgnore);
    db().Put("primarys", "v", 1010, events::kSet);
    keyspace_.set_expiry_mode(ExpiryMode::kHide);
  }
  Db& db() { return keyspace_.db(0); }
  void SweepAt(int64_t now_ms) {
    keyspace_.set_now_ms(now_ms);
    keyspace_.SweepOwn(true);
  }

  Keyspace keyspace_{2};
};

TEST_F(OwnTimedTest, WhatOwnClientsGaveAnExpiryGoesAndThePrimarysKeysStay) {
  db().Put("string", "v", 1010, events::kSet);
  db().Put("later", "v", 2000, events::kSet);
  db().Put("kept", "v", 1010, events::kSet);
  db().Write("kept").ClearExpiry(events::kPersist);
  db().Put("given", "v", kNoExpiry, events::kSet);
  db().Write("given").SetExpiry(1010, events::kExpire);
  db().Move("given", {keyspace_.db(1), "moved"}, events::kRenameFrom, events::kRenameTo);
  SweepAt(1011);
  EXPECT_EQ(db().size(), 3u) << "primarys, later and kept";
  EXPECT_EQ(keyspace_.db(1).size(), 0u);
  EXPECT_EQ(keyspace_.stats().expired_keys, 2u);
  SweepAt(2001);
  EXPECT_EQ(db().size(), 2u);
}

TEST_F(OwnTimedTest, WhatIsLoadedIsThePrimarys) {
  db().LoadString("loaded", "v", 1010);
  SweepAt(1011);
  EXPECT_EQ(db().size(), 2u);
}

TEST_F(OwnTimedTest, AsAPrimaryNothingIsOnesOwn) {
  db().Put("string", "v", 1010, events::kSet);
  keyspace_.SweepOwn(false);
  SweepAt(1011);
  EXPECT_EQ(db().size(), 2u);
}

TEST(OwnTimedKeys, LooksAtAllOfThemInTurn) {
  OwnTimedKeys keys;
  for (int i = 0; i < 100; ++i) keys.Note(i % 3, "key" + std::to_string(i));
  keys.Note(0, "key0");
  EXPECT_EQ(keys.size(), 100u);
  std::set<std::string> seen;
  for (int slice = 0; slice < 10; ++slice) {
    keys.LookAtSome(10, [&](int, const std::string& key) {
      seen.insert(key);
      return OwnTimedKeys::Fate::kStays;
    });
  }
  EXPECT_EQ(seen.size(), 100u);
  keys.LookAtSome(1000, [](int, const std::string&) { return OwnTimedKeys::Fate::kGoes; });
  EXPECT_TRUE(keys.empty());
}

}  // namespace
}  // namespace rha::node::keyspace
