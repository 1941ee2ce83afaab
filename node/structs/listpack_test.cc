#include "node/structs/listpack.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "common/base/prng.h"

namespace rha::node::structs {
namespace {

std::string TextAt(const ListpackView& list, ListpackView::Place at) {
  DecimalText scratch;
  return std::string(list.Get(at).Text(scratch));
}

std::vector<std::string> Contents(const ListpackView& list) {
  std::vector<std::string> texts;
  for (auto at = list.First(); at != ListpackView::kNone; at = list.Next(at)) {
    texts.push_back(TextAt(list, at));
  }
  return texts;
}

std::string RandomText(Prng& prng) {
  switch (prng.Below(8)) {
    case 0:
      return std::to_string(static_cast<int64_t>(prng.Next()) >> prng.Below(64));
    case 1:
      return std::string(prng.Below(300), 'm');
    case 2:
      return std::string(prng.Chance(0.1) ? 4000 + prng.Below(20000) : 0, 'l');
    default:
      return std::string(prng.Below(20), static_cast<char>('a' + prng.Below(3)));
  }
}

TEST(Decimal, TakesCanonicalTextOnly) {
  int64_t value = 0;
  for (const char* text : {"0", "-1", "9223372036854775807", "-9223372036854775808", "10"}) {
    EXPECT_TRUE(ParseDecimal(text, &value)) << text;
    EXPECT_EQ(std::to_string(value), text);
  }
  for (const char* text :
       {"", "-", "-0", "00", "01", "+1", " 1", "1 ", "1a", "9223372036854775808", "--1"}) {
    EXPECT_FALSE(ParseDecimal(text, &value)) << text;
  }
}

// As redis-server 7.0.15 dumps this list.
TEST(Listpack, WritesRedisBytes) {
  Listpack list;
  for (const char* text : {"a", "1", "-1", "300", "100000", "5000000000"}) list.Append(text);
  const std::string expected(
      "\x21\0\0\0\x06\0"
      "\x81\x61\x02"
      "\x01\x01"
      "\xdf\xff\x02"
      "\xc1\x2c\x02"
      "\xf2\xa0\x86\x01\x04"
      "\xf4\x00\xf2\x05\x2a\x01\x00\x00\x00\x09"
      "\xff",
      0x21);
  EXPECT_EQ(list.bytes(), expected);
}

TEST(Listpack, BehavesLikeAVector) {
  Prng prng(1);
  for (int round = 0; round < 60; ++round) {
    Listpack list;
    std::vector<std::string> model;
    for (int step = 0; step < 250; ++step) {
      const std::string text = RandomText(prng);
      const size_t index = prng.Below(model.size() + 1);
      const auto spot = model.begin() + static_cast<ptrdiff_t>(index);
      const bool at_end = index == model.size();
      const auto place = at_end ? list.End() : list.Seek(static_cast<int64_t>(index));
      switch (prng.Below(5)) {
        case 0:
          list.Append(text);
          model.push_back(text);
          break;
        case 1:
          list.Prepend(text);
          model.insert(model.begin(), text);
          break;
        case 2:
          ASSERT_EQ(TextAt(list, list.Insert(place, text)), text);
          model.insert(spot, text);
          break;
        case 3:
          if (at_end) break;
          ASSERT_EQ(TextAt(list, list.Replace(place, text)), text);
          *spot = text;
          break;
        default: {
          const size_t count = std::min<size_t>(prng.Below(4), model.size() - index);
          list.Erase(place, count);
          model.erase(spot, spot + static_cast<ptrdiff_t>(count));
        }
      }
      list.CheckInvariants();
      ASSERT_EQ(list.size(), model.size());
    }
    ASSERT_EQ(Contents(list), model);
    std::vector<std::string> backwards;
    for (auto at = list.Last(); at != ListpackView::kNone; at = list.Prev(at)) {
      backwards.insert(backwards.begin(), TextAt(list, at));
    }
    ASSERT_EQ(backwards, model);
    for (int64_t i = 0; i < static_cast<int64_t>(model.size()); ++i) {
      ASSERT_EQ(TextAt(list, list.Seek(i)), model[static_cast<size_t>(i)]);
      const int64_t behind = i - static_cast<int64_t>(model.size());
      ASSERT_EQ(list.Seek(behind), list.Seek(i));
    }
    ASSERT_EQ(list.Seek(static_cast<int64_t>(model.size())), ListpackView::kNone);
    const Listpack copy(list.bytes());
    ASSERT_EQ(Contents(copy), model);
  }
}

TEST(Listpack, FindsEveryStepth) {
  Listpack list;
  for (const char* text : {"a", "b", "b", "7", "7", "a"}) list.Append(text);
  EXPECT_EQ(list.Find(list.First(), "b"), list.Seek(1));
  EXPECT_EQ(list.Find(list.First(), "b", 2), list.Seek(2));
  EXPECT_EQ(list.Find(list.First(), "7", 2), list.Seek(4));
  EXPECT_EQ(list.Find(list.First(), "a", 2), list.Seek(0));
  EXPECT_EQ(list.Find(list.Seek(1), "a"), list.Seek(5));
  EXPECT_EQ(list.Find(list.First(), "c"), ListpackView::kNone);
  EXPECT_EQ(Listpack().Find(ListpackView::kNone, "c"), ListpackView::kNone);
}

TEST(Listpack, SplitsAndJoins) {
  Prng prng(2);
  for (int round = 0; round < 50; ++round) {
    Listpack list;
    std::vector<std::string> model;
    for (uint64_t n = prng.Below(200); n > 0; --n) {
      model.push_back(RandomText(prng));
      list.Append(model.back());
    }
    const size_t index = prng.Below(model.size() + 1);
    Listpack rest =
        list.SplitOff(index == model.size() ? list.End() : list.Seek(static_cast<int64_t>(index)));
    list.CheckInvariants();
    rest.CheckInvariants();
    ASSERT_EQ(list.size(), index);
    list.AppendAll(rest);
    list.CheckInvariants();
    ASSERT_EQ(Contents(list), model);
  }
}

TEST(Listpack, CountsPastWhatItsHeaderHolds) {
  Listpack list;
  for (int i = 0; i < 70000; ++i) list.Append(int64_t{1});
  EXPECT_EQ(list.size(), 70000u);
  EXPECT_EQ(list.Seek(69999), list.Last());
  list.Erase(list.First(), 60000);
  EXPECT_EQ(list.size(), 10000u);
  list.CheckInvariants();
}

// Any damage is either found or harmless: a walk over what Validate accepts stays inside (ASan
// watches).
TEST(Listpack, ValidateStopsDamagedBytes) {
  Prng prng(4);
  Listpack list;
  for (int i = 0; i < 40; ++i) list.Append(RandomText(prng));
  EXPECT_TRUE(ListpackView::Validate(list.bytes()).ok());
  EXPECT_EQ(ListpackView::Validate("").code(), Code::kCorrupt);
  size_t refused = 0;
  for (int round = 0; round < 20000; ++round) {
    std::string bytes(list.bytes());
    if (prng.Chance(0.2)) {
      bytes.resize(prng.Below(bytes.size()));
      if (bytes.size() >= 4 && prng.Chance(0.8)) {
        for (int i = 0; i < 4; ++i) bytes[i] = static_cast<char>(bytes.size() >> (8 * i));
      }
    }
    for (uint64_t n = prng.Below(3); n > 0 && !bytes.empty(); --n) {
      bytes[prng.Below(bytes.size())] = static_cast<char>(prng.Next());
    }
    // An exact allocation, so that one byte too far is noticed.
    const std::vector<char> exact(bytes.begin(), bytes.end());
    const std::string_view view(exact.data(), exact.size());
    if (!ListpackView::Validate(view).ok()) {
      ++refused;
      continue;
    }
    const ListpackView damaged(reinterpret_cast<const uint8_t*>(view.data()));
    const size_t count = Contents(damaged).size();
    size_t backwards = 0;
    for (auto at = damaged.Last(); at != ListpackView::kNone; at = damaged.Prev(at)) ++backwards;
    ASSERT_EQ(count, backwards);
  }
  EXPECT_GT(refused, 2000u);
}

}  // namespace
}  // namespace rha::node::structs
