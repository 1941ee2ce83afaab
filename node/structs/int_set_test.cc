#include "node/structs/int_set.h"

#include <gtest/gtest.h>

#include <set>
#include <string>
#include <vector>

#include "common/base/prng.h"

namespace rha::node::structs {
namespace {

// As redis-server 7.0.15 dumps this set.
TEST(IntSet, WritesRedisBytes) {
  IntSet set;
  for (int64_t value : {3, -5, 70000}) set.Insert(value);
  EXPECT_EQ(set.bytes(),
            std::string("\x04\0\0\0\x03\0\0\0\xfb\xff\xff\xff\x03\0\0\0\x70\x11\x01\0", 20));
}

TEST(IntSet, BehavesLikeASet) {
  Prng prng(1);
  for (int round = 0; round < 60; ++round) {
    IntSet set;
    std::set<int64_t> model;
    for (int step = 0; step < 400; ++step) {
      const int most_bits = step < 150 ? 8 : step < 300 ? 20 : 64;
      const auto value = static_cast<int64_t>(prng.Next()) >> (64 - most_bits);
      if (prng.Chance(0.7)) {
        ASSERT_EQ(set.Insert(value), model.insert(value).second);
      } else {
        const int64_t victim =
            model.empty() || prng.Chance(0.5) ? value : set.At(prng.Below(set.size()));
        ASSERT_EQ(set.Erase(victim), model.erase(victim) == 1);
      }
      set.CheckInvariants();
      ASSERT_EQ(set.Contains(value), model.contains(value));
    }
    ASSERT_EQ(set.size(), model.size());
    size_t index = 0;
    for (int64_t value : model) ASSERT_EQ(set.At(index++), value);
    if (!set.empty()) {
      ASSERT_EQ(IntSet(set.bytes()).bytes(), set.bytes());
    }
  }
}

TEST(IntSet, ValidateStopsDamagedBytes) {
  Prng prng(2);
  IntSet set;
  for (int i = 0; i < 30; ++i) set.Insert(prng.Between(-40000, 40000));
  EXPECT_TRUE(IntSet::Validate(set.bytes()).ok());
  EXPECT_FALSE(IntSet::Validate("").ok());
  EXPECT_FALSE(IntSet::Validate(IntSet().bytes()).ok());
  size_t refused = 0;
  for (int round = 0; round < 5000; ++round) {
    std::string bytes(set.bytes());
    if (prng.Chance(0.2)) bytes.resize(prng.Below(bytes.size()));
    if (!bytes.empty()) bytes[prng.Below(bytes.size())] = static_cast<char>(prng.Next());
    const std::vector<char> exact(bytes.begin(), bytes.end());
    const std::string_view view(exact.data(), exact.size());
    if (!IntSet::Validate(view).ok()) {
      ++refused;
    } else {
      IntSet damaged(view);
      damaged.CheckInvariants();
    }
  }
  EXPECT_GT(refused, 1000u);
}

}  // namespace
}  // namespace rha::node::structs
