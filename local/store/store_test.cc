#include "local/store/store.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "local/store/limits.h"

namespace rha::local::store {
namespace {

using nlohmann::json;

json Named(const std::string& name) { return {{"metadata", {{"name", name}}}}; }

class StoreTest : public ::testing::Test {
 protected:
  StoreTest() : store_(std::move(Store::Open("")).value()) {}
  std::unique_ptr<Store> store_;
  Key key_{"configmaps", "default", "a"};
};

TEST_F(StoreTest, WritesCarryRisingVersions) {
  const auto first = store_->Put(key_, Named("a"), 0);
  ASSERT_TRUE(first.ok());
  const uint64_t version = VersionOf(**first);
  const auto second = store_->Put(key_, Named("a"), version);
  ASSERT_TRUE(second.ok());
  EXPECT_GT(VersionOf(**second), version);
}

TEST_F(StoreTest, AStaleWriteIsAConflict) {
  const auto first = store_->Put(key_, Named("a"), 0);
  EXPECT_EQ(store_->Put(key_, Named("a"), 0).status().code(), Code::kExists);
  EXPECT_EQ(store_->Put(key_, Named("a"), VersionOf(**first) + 7).status().code(), Code::kConflict);
}

TEST_F(StoreTest, AWatchFromAListSeesEveryLaterWrite) {
  ASSERT_TRUE(store_->Put(key_, Named("a"), 0).ok());
  const auto list = store_->List("configmaps");
  ASSERT_EQ(list.objects.size(), 1u);
  ASSERT_TRUE(store_->Erase(key_, VersionOf(*list.objects[0])).ok());
  const auto batch = store_->Wait("configmaps", list.version, Millis(0));
  ASSERT_TRUE(batch.ok());
  ASSERT_EQ(batch->events.size(), 1u);
  EXPECT_EQ(batch->events[0].change, Change::kDeleted);
  EXPECT_GT(VersionOf(*batch->events[0].object), list.version);
}

TEST_F(StoreTest, AVersionOlderThanTheHistoryIsRefused) {
  uint64_t version = 0;
  for (size_t i = 0; i < kHistoryEventsMax + 2; ++i) {
    version = VersionOf(**store_->Put(key_, Named("a"), version));
  }
  EXPECT_EQ(store_->Wait("configmaps", 1, Millis(0)).status().code(), Code::kNotFound);
}

TEST(StoreFolder, SurvivesAReopenAndACutOffLine) {
  const std::string folder =
      (std::filesystem::temp_directory_path() / "rha_store_test_XXXXXX").string();
  std::string path = folder;
  ASSERT_NE(::mkdtemp(path.data()), nullptr);
  uint64_t version = 0;
  {
    auto store = std::move(Store::Open(path)).value();
    ASSERT_TRUE(store->Put({"pods", "default", "kept"}, Named("kept"), 0).ok());
    const auto gone = store->Put({"pods", "default", "gone"}, Named("gone"), 0);
    ASSERT_TRUE(store->Erase({"pods", "default", "gone"}, VersionOf(**gone)).ok());
    version = store->Version();
  }
  std::ofstream(path + "/objects.journal", std::ios::app) << "{\"r\":\"pods\",\"n\":\"half";
  auto store = std::move(Store::Open(path)).value();
  EXPECT_EQ(store->List("pods").objects.size(), 1u);
  EXPECT_EQ(store->Version(), version);
  std::filesystem::remove_all(path);
}

}  // namespace
}  // namespace rha::local::store
