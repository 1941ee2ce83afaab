#include "node/structs/hash_table.h"

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <set>
#include <string>

#include "common/base/prng.h"

namespace rha::node::structs {
namespace {

struct Node {
  explicit Node(std::string key) : key(std::move(key)) {}
  std::string_view HashKey() const { return key; }
  std::string key;
  Node* next_ = nullptr;
};

class HashTableTest : public testing::Test {
 protected:
  void Insert(const std::string& key) {
    nodes_[key] = std::make_unique<Node>(key);
    table_.Insert(nodes_[key].get());
  }
  void Remove(const std::string& key) {
    ASSERT_NE(table_.Remove(key), nullptr);
    nodes_.erase(key);
  }

  HashTable<Node> table_;
  std::map<std::string, std::unique_ptr<Node>> nodes_;
};

TEST_F(HashTableTest, AgreesWithAMapThroughRandomWork) {
  Prng random(1);
  for (int step = 0; step < 50'000; ++step) {
    // Phases of growth and of shrinking, so that every kind of rehash happens.
    const bool grow = random.Chance(step / 10'000 % 2 == 0 ? 0.7 : 0.3);
    const std::string key = std::to_string(random.Below(4000));
    const bool known = nodes_.contains(key);
    ASSERT_EQ(table_.Find(key) != nullptr, known) << step;
    if (grow && !known) Insert(key);
    if (!grow && known) Remove(key);
    ASSERT_EQ(table_.size(), nodes_.size());
  }
  size_t visited = 0;
  auto count = [&](Node&) { ++visited; };
  table_.ForEach(count);
  EXPECT_EQ(visited, nodes_.size());
}

TEST_F(HashTableTest, ShrinksAfterMassDeletion) {
  for (int i = 0; i < 10'000; ++i) Insert(std::to_string(i));
  for (int i = 10; i < 10'000; ++i) Remove(std::to_string(i));
  while (table_.Rehash(100)) {
  }
  EXPECT_LE(table_.buckets(), 128u);
  for (int i = 0; i < 10; ++i) EXPECT_NE(table_.Find(std::to_string(i)), nullptr);
}

TEST_F(HashTableTest, ScanMissesNothingWhileTheTableChangesSize) {
  for (uint64_t seed = 1; seed <= 5; ++seed) {
    Prng random(seed);
    for (int i = 0; i < 200; ++i) Insert("stay" + std::to_string(i));
    std::set<std::string> seen;
    uint64_t cursor = 0;
    do {
      auto visit = [&](Node& node) { seen.insert(node.key); };
      cursor = table_.Scan(cursor, visit);
      const int burst = static_cast<int>(random.Below(60));
      for (int i = 0; i < burst; ++i) {
        // Bounded, or the table would grow faster than the scan gets on.
        const std::string key = "extra" + std::to_string(random.Below(600));
        nodes_.contains(key) ? Remove(key) : Insert(key);
      }
    } while (cursor != 0);
    for (int i = 0; i < 200; ++i) EXPECT_TRUE(seen.contains("stay" + std::to_string(i))) << seed;
    table_.Clear();
    nodes_.clear();
  }
}

TEST_F(HashTableTest, AnyFindsTheOnlyOne) {
  Prng random(1);
  EXPECT_EQ(table_.Any(random), nullptr);
  for (int i = 0; i < 1000; ++i) Insert(std::to_string(i));
  for (int i = 1; i < 1000; ++i) Remove(std::to_string(i));
  EXPECT_EQ(table_.Any(random)->key, "0");
}

// The authors' test vector for SipHash-1-3 does not exist; this one guards against change by
// accident.
TEST(SipHash, DependsOnEveryByteAndTheKey) {
  std::set<uint64_t> hashes;
  std::string text(40, 'a');
  for (size_t length = 0; length <= text.size(); ++length) {
    hashes.insert(SipHashKeyed(std::string_view(text).substr(0, length), 1, 2));
  }
  for (size_t i = 0; i < text.size(); ++i) {
    std::string changed = text;
    changed[i] = 'b';
    hashes.insert(SipHashKeyed(changed, 1, 2));
  }
  hashes.insert(SipHashKeyed(text, 3, 2));
  EXPECT_EQ(hashes.size(), 41u + 40u + 1u);
}

}  // namespace
}  // namespace rha::node::structs
