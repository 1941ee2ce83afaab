#include "node/types/list.h"

#include <gtest/gtest.h>

#include <deque>
#include <string>
#include <vector>

#include "common/base/prng.h"
#include "node/types/value.h"

namespace rha::node::types {
namespace {

class ListTest : public testing::TestWithParam<int64_t> {
 protected:
  ListTest() {
    limits_.list_max_listpack_size = GetParam();
    Renew();
  }
  ~ListTest() override { Drop(); }

  void Renew() {
    const auto bytes = structs::EntryValue::Bytes({}, static_cast<uint8_t>(Form::kListNodes));
    entry_ = table_.Insert(structs::Entry::Make("key", bytes), table_.Hash("key"));
  }
  void Drop() {
    const structs::Entry entry = table_.Take(entry_, table_.Hash("key"));
    if (entry.kind() == structs::Entry::Kind::kPointer) delete &LargeOf<ListNodes>(entry);
    structs::Entry(entry).Free();
  }
  List list() { return List(Slot(table_, entry_, limits_, secret_)); }
  static std::vector<std::string> All(const ListView& list) {
    std::vector<std::string> all;
    list.ForEach([&](std::string_view text) { all.emplace_back(text); });
    return all;
  }

  FormLimits limits_;
  structs::HashSecret secret_;
  structs::KeyTable table_{secret_};
  structs::Entry* entry_ = nullptr;
};

std::string RandomText(Prng& prng) {
  if (prng.Chance(0.5)) return std::to_string(prng.Below(30));
  return std::string(prng.Below(prng.Chance(0.05) ? 3000 : 4), 'x');
}

TEST_P(ListTest, BehavesLikeADeque) {
  Prng prng(7);
  for (int round = 0; round < 10; ++round, Drop(), Renew()) {
    std::deque<std::string> model;
    for (int step = 0; step < 1200; ++step) {
      const std::string text = RandomText(prng), other = RandomText(prng);
      const size_t index = prng.Below(model.size() + 1);
      const auto found = std::find(model.begin(), model.end(), text);
      switch (prng.Below(9)) {
        case 0:
        case 1:
          list().PushFront(text);
          model.push_front(text);
          break;
        case 2:
        case 3:
          list().PushBack(text);
          model.push_back(text);
          break;
        case 4:
          ASSERT_EQ(list().Set(static_cast<int64_t>(index), text), index < model.size());
          if (index < model.size()) model[index] = text;
          break;
        case 5: {
          const bool after = prng.Chance(0.5);
          const bool there = found != model.end();
          ASSERT_EQ(list().Insert(after ? List::Side::kAfter : List::Side::kBefore, text, other),
                    there);
          if (there) model.insert(found + (after ? 1 : 0), other);
          break;
        }
        case 6: {
          const size_t count = std::min<size_t>(prng.Below(6), model.size() - index);
          list().EraseRange(index, count);
          const auto first = model.begin() + static_cast<ptrdiff_t>(index);
          model.erase(first, first + static_cast<ptrdiff_t>(count));
          break;
        }
        case 7: {
          const size_t count = std::min<size_t>(prng.Below(3), model.size());
          const bool front = prng.Chance(0.5);
          list().Drop(front ? ListEnd::kFront : ListEnd::kBack, count);
          for (size_t i = 0; i < count; ++i) front ? model.pop_front() : model.pop_back();
          break;
        }
        case 8: {
          const size_t max = prng.Below(4);
          const bool forward = prng.Chance(0.5);
          size_t erased = 0;
          for (; erased < max; ++erased) {
            if (forward) {
              const auto at = std::find(model.begin(), model.end(), text);
              if (at == model.end()) break;
              model.erase(at);
            } else {
              const auto at = std::find(model.rbegin(), model.rend(), text);
              if (at == model.rend()) break;
              model.erase(std::prev(at.base()));
            }
          }
          ASSERT_EQ(list().EraseEqual(text, forward ? ListEnd::kFront : ListEnd::kBack, max),
                    erased);
          break;
        }
      }
      ASSERT_EQ(list().size(), model.size());
    }
    list().nodes().CheckInvariants();
    EXPECT_EQ(All(list()), std::vector<std::string>(model.begin(), model.end()));
    const Value copy = Value::CopyOf(*entry_);
    auto* const large = static_cast<LargeValue*>(copy.view().pointer);
    EXPECT_EQ(large == nullptr ? 0 : large->size(), model.size());
  }
}

TEST_P(ListTest, FindsFromBothEnds) {
  for (const char* text : {"a", "1", "b", "1", "a", "1"}) list().PushBack(text);
  const auto find = [&](std::string_view text, ListEnd from, size_t compared_max, size_t max) {
    std::vector<size_t> found;
    list().FindAll(text, from, compared_max, [&](size_t index) {
      found.push_back(index);
      return found.size() < max;
    });
    return found;
  };
  using Places = std::vector<size_t>;
  EXPECT_EQ(find("1", ListEnd::kFront, 100, 100), (Places{1, 3, 5}));
  EXPECT_EQ(find("1", ListEnd::kBack, 100, 2), (Places{5, 3}));
  EXPECT_EQ(find("a", ListEnd::kFront, 4, 100), (Places{0}));
  EXPECT_EQ(find("01", ListEnd::kFront, 100, 100), Places{});
}

TEST_P(ListTest, WalksRangesBothWays) {
  for (int i = 0; i < 500; ++i) list().PushBack(std::to_string(i));
  std::string walked;
  const auto add = [&](std::string_view text) { walked.append(text).append(" "); };
  list().ForRange(1, 3, ListEnd::kFront, add);
  list().ForRange(499, 2, ListEnd::kBack, add);
  EXPECT_TRUE(list().At(-500, add));
  EXPECT_FALSE(list().At(500, add));
  EXPECT_EQ(walked, "1 2 3 499 498 0 ");
}

INSTANTIATE_TEST_SUITE_P(Limits, ListTest, testing::Values(-2, -1, 1, 4, 128));

}  // namespace
}  // namespace rha::node::types
