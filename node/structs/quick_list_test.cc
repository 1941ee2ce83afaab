#include "node/structs/quick_list.h"

#include <gtest/gtest.h>

#include <deque>
#include <string>
#include <vector>

#include "common/base/prng.h"

namespace rha::node::structs {
namespace {

std::string TextAt(const QuickList& list, QuickList::Place place) {
  DecimalText scratch;
  return std::string(list.Get(place).Text(scratch));
}

void ExpectSame(const QuickList& list, const std::deque<std::string>& model) {
  ASSERT_EQ(list.size(), model.size());
  auto place = list.First();
  for (const std::string& text : model) {
    ASSERT_TRUE(static_cast<bool>(place));
    ASSERT_EQ(TextAt(list, place), text);
    place = list.Next(place);
  }
  ASSERT_FALSE(static_cast<bool>(place));
  place = list.Last();
  for (auto text = model.rbegin(); text != model.rend(); ++text, place = list.Prev(place)) {
    ASSERT_EQ(TextAt(list, place), *text);
  }
  ASSERT_FALSE(static_cast<bool>(place));
}

class QuickListTest : public ::testing::TestWithParam<QuickListLimits> {};

TEST_P(QuickListTest, BehavesLikeADeque) {
  Prng prng(1);
  for (int round = 0; round < 12; ++round) {
    QuickList list(GetParam());
    std::deque<std::string> model;
    for (int step = 0; step < 1500; ++step) {
      std::string text(prng.Below(prng.Chance(0.02) ? 400 : 20), 'x');
      if (prng.Chance(0.5)) text = std::to_string(prng.Below(1000));
      const size_t index = model.empty() ? 0 : prng.Below(model.size());
      const auto spot = model.begin() + static_cast<ptrdiff_t>(index);
      const auto place = list.Seek(static_cast<int64_t>(index));
      if (!model.empty()) {
        ASSERT_EQ(TextAt(list, place), *spot);
        ASSERT_EQ(list.Seek(static_cast<int64_t>(index) - static_cast<int64_t>(model.size())),
                  place);
      }
      switch (model.empty() ? prng.Below(2) : prng.Below(step < 900 ? 8 : 14)) {
        case 0:
          list.PushFront(text);
          model.push_front(text);
          break;
        case 1:
        case 2:
          list.PushBack(text);
          model.push_back(text);
          break;
        case 3:
          list.InsertBefore(place, text);
          model.insert(spot, text);
          break;
        case 4:
          list.InsertAfter(place, text);
          model.insert(spot + 1, text);
          break;
        case 5:
          list.Replace(place, text);
          *spot = text;
          break;
        case 6: {
          const size_t count = prng.Below(prng.Chance(0.1) ? 100 : 4);
          const size_t erased = std::min(count, model.size() - index);
          ASSERT_EQ(list.EraseRange(index, count), erased);
          model.erase(spot, spot + static_cast<ptrdiff_t>(erased));
          break;
        }
        default: {
          const auto next = list.Erase(place);
          const auto following = model.erase(spot);
          ASSERT_EQ(static_cast<bool>(next), following != model.end());
          if (next) {
            ASSERT_EQ(TextAt(list, next), *following);
          }
        }
      }
      if (step % 50 == 0) list.CheckInvariants();
    }
    list.CheckInvariants();
    ExpectSame(list, model);
  }
}

INSTANTIATE_TEST_SUITE_P(Limits, QuickListTest,
                         ::testing::Values(QuickListLimits{100, SIZE_MAX}, QuickListLimits{8192, 5},
                                           QuickListLimits{8192, 1},
                                           QuickListLimits{8192, SIZE_MAX}));

TEST(QuickList, ErasesWhileWalking) {
  QuickList list({200, SIZE_MAX});
  for (int i = 0; i < 2000; ++i) list.PushBack(std::to_string(i));
  size_t erased = 0;
  for (auto place = list.First(); place;) {
    if (list.Get(place).integer % 3 != 0) {
      place = list.Erase(place);
      ++erased;
    } else {
      place = list.Next(place);
    }
  }
  EXPECT_EQ(list.size() + erased, 2000u);
  int64_t expected = 0;
  for (auto place = list.First(); place; place = list.Next(place), expected += 3) {
    ASSERT_EQ(list.Get(place).integer, expected);
  }
  list.CheckInvariants();
}

TEST(QuickList, TakesWholeNodesAndFreesInSlices) {
  QuickList list;
  for (int n = 0; n < 50; ++n) {
    Listpack node;
    for (int i = 0; i < 100; ++i) node.Append(static_cast<int64_t>(n * 100 + i));
    list.AppendNode(std::move(node));
  }
  list.CheckInvariants();
  EXPECT_EQ(list.size(), 5000u);
  EXPECT_EQ(list.Get(list.Seek(4321)).integer, 4321);
  EXPECT_EQ(list.node_count(), 50u);
  int slices = 1;
  while (!list.FreeSome(7)) ++slices;
  EXPECT_EQ(slices, 8);
  EXPECT_TRUE(list.empty());
  list.PushBack("again");
  EXPECT_EQ(list.size(), 1u);
}

// Small nodes, so that runs of whole ones go, with parts at both ends, wherever the ring wraps.
TEST(QuickList, ErasesRangesOverManyNodes) {
  Prng prng(3);
  for (int round = 0; round < 200; ++round) {
    QuickList list({8192, 1 + prng.Below(4)});
    std::deque<std::string> model;
    for (int i = 0; i < 300; ++i) {
      const std::string text = std::to_string(i);
      if (prng.Chance(0.5)) {
        list.PushFront(text);
        model.push_front(text);
      } else {
        list.PushBack(text);
        model.push_back(text);
      }
    }
    while (!model.empty()) {
      const size_t index = prng.Below(model.size());
      const size_t count = prng.Below(model.size() - index + 2);
      const size_t erased = std::min(count, model.size() - index);
      ASSERT_EQ(list.EraseRange(index, count), erased);
      const auto from = model.begin() + static_cast<ptrdiff_t>(index);
      model.erase(from, from + static_cast<ptrdiff_t>(erased));
      list.CheckInvariants();
      ASSERT_NO_FATAL_FAILURE(ExpectSame(list, model));
    }
  }
}

}  // namespace
}  // namespace rha::node::structs
