#include "node/structs/id_tree.h"

#include <gtest/gtest.h>

#include <map>

#include "common/base/prng.h"

namespace rha::node::structs {
namespace {

struct Nothing {};

template <typename Value>
void Compare(const IdTree<Value>& tree, const std::map<StreamId, uint64_t>& model) {
  tree.CheckInvariants();
  ASSERT_EQ(tree.size(), model.size());
  auto expected = model.begin();
  for (auto at = tree.First(); at; ++at, ++expected) ASSERT_EQ(at->id, expected->first);
  auto down = model.rbegin();
  for (auto at = tree.Last(); at; --at, ++down) ASSERT_EQ(at->id, down->first);
}

// Phases that mostly grow, then mostly shrink, at the ends and anywhere.
TEST(IdTree, BehavesLikeAMap) {
  for (uint64_t seed = 1; seed <= 6; ++seed) {
    Prng prng(seed);
    IdTree<uint64_t> tree;
    std::map<StreamId, uint64_t> model;
    uint64_t next = 1;
    for (int step = 0; step < 60000; ++step) {
      const bool grows = step % 30000 < 15000;
      if (prng.Chance(grows ? 0.8 : 0.1)) {
        const bool at_end = prng.Chance(seed % 2 == 0 ? 0.9 : 0.2);
        const StreamId id = at_end ? StreamId{next, next} : StreamId{prng.Below(next), 7};
        next += 3;
        const auto [value, inserted] = tree.Insert(id, step);
        ASSERT_EQ(inserted, model.emplace(id, step).second);
        ASSERT_EQ(*value, model[id]);
      } else if (!model.empty()) {
        auto at = seed % 3 == 0 ? model.begin() : model.lower_bound({prng.Below(next), 0});
        if (at == model.end()) at = model.begin();
        ASSERT_TRUE(tree.Erase(at->first));
        ASSERT_FALSE(tree.Erase(at->first));
        model.erase(at);
      }
      const StreamId probe{prng.Below(next + 5), prng.Below(10)};
      const auto from = model.lower_bound(probe);
      const auto found = tree.From(probe);
      ASSERT_EQ(static_cast<bool>(found), from != model.end());
      if (found) {
        ASSERT_EQ(found->id, from->first);
      }
      const auto up_to = tree.UpTo(probe);
      const auto behind = model.upper_bound(probe);
      ASSERT_EQ(static_cast<bool>(up_to), behind != model.begin());
      if (up_to) {
        ASSERT_EQ(up_to->id, std::prev(behind)->first);
      }
      if (step % 5000 == 0) Compare(tree, model);
    }
    Compare(tree, model);
    while (!model.empty()) {
      ASSERT_TRUE(tree.Erase(model.begin()->first));
      model.erase(model.begin());
    }
    ASSERT_EQ(tree.heap_bytes(), 0u);
    ASSERT_TRUE(tree.Insert({1, 1}, 1).second);
  }
}

TEST(IdTree, IsFreedInSlices) {
  IdTree<Nothing> tree;
  for (uint64_t i = 0; i < 10000; ++i) tree.Insert({i, 0}, {});
  size_t steps = 0, freed = 0;
  while (!tree.FreeSome(100, [&](auto&) { ++freed; })) ++steps;
  EXPECT_EQ(freed, 10000u);
  EXPECT_GE(steps, 99u);
  EXPECT_EQ(tree.heap_bytes(), 0u);
}

TEST(IdTree, IsSmallForFewAndDenseForMany) {
  IdTree<uint64_t> few;
  few.Insert({1, 0}, 1);
  EXPECT_LE(few.heap_bytes(), 64u);
  IdTree<Nothing> many;
  for (uint64_t i = 0; i < 100000; ++i) many.Insert({i, 0}, {});
  EXPECT_LT(static_cast<double>(many.heap_bytes()) / 100000, 18.0);
}

}  // namespace
}  // namespace rha::node::structs
