#include "node/types/hash.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <string>

#include "node/types/draft.h"

namespace rha::node::types {
namespace {

using Model = std::map<std::string, std::string>;

Model All(const HashView& hash) {
  Model all;
  hash.ForEach([&](std::string_view field, std::string_view value) {
    EXPECT_TRUE(all.emplace(field, value).second) << field;
  });
  return all;
}

class HashTest : public testing::Test {
 protected:
  Hash hash() { return draft_.As<Hash>(); }
  Form form() const { return FormOf(draft_.entry()); }
  void Fill(size_t fields) {
    for (size_t i = 0; i < fields; ++i) hash().Set("f" + std::to_string(i), "v");
  }

  FormLimits limits_;
  structs::HashSecret secret_ = structs::HashSecret::FromSeed(1);
  Draft draft_{Form::kHashPacked, limits_, secret_};
  Prng prng_{7};
};

TEST_F(HashTest, BehavesLikeAMap) {
  for (const int64_t entries_max : {0, 40, 100000}) {
    limits_.hash_max_listpack_entries = entries_max;
    Draft draft(Form::kHashPacked, limits_, secret_);
    Model model;
    for (int step = 0; step < 20000; ++step) {
      const std::string field = std::to_string(prng_.Below(60)) + std::string(prng_.Below(2), 'f');
      Hash hash = draft.As<Hash>();
      if (prng_.Chance(0.6)) {
        const std::string value(prng_.Below(64), static_cast<char>('a' + prng_.Below(26)));
        ASSERT_EQ(hash.Set(field, value), !model.contains(field));
        model[field] = value;
      } else {
        ASSERT_EQ(hash.Erase(field), model.erase(field) == 1);
      }
      const auto found = hash.Find(field);
      ASSERT_EQ(found.has_value(), model.contains(field));
      if (found) {
        ASSERT_EQ(*found, model[field]);
      }
      ASSERT_EQ(hash.size(), model.size());
      ASSERT_EQ(draft.empty(), model.empty());
      if (step % 100 == 0) {
        ASSERT_EQ(All(hash), model);
      }
    }
    EXPECT_EQ(FormOf(draft.entry()), entries_max == 100000 ? Form::kHashPacked : Form::kHashTable);
  }
}

TEST_F(HashTest, BecomesATableByCountAndStaysOne) {
  limits_.hash_max_listpack_entries = 5;
  Fill(5);
  hash().Set("f0", "w");
  EXPECT_EQ(form(), Form::kHashPacked);
  Fill(6);
  EXPECT_EQ(form(), Form::kHashTable);
  EXPECT_EQ(All(hash()).size(), 6u);
  for (int i = 1; i < 6; ++i) hash().Erase("f" + std::to_string(i));
  EXPECT_EQ(form(), Form::kHashTable);
}

TEST_F(HashTest, BecomesATableByLength) {
  hash().Set(std::string(64, 'f'), std::string(64, 'v'));
  EXPECT_EQ(form(), Form::kHashPacked);
  hash().Set("f", std::string(65, 'v'));
  EXPECT_EQ(form(), Form::kHashTable);
  EXPECT_EQ(hash().Find(std::string(64, 'f')), std::string(64, 'v'));
}

TEST_F(HashTest, AppendsWithoutASearch) {
  for (const size_t fields : {100u, 1000u}) {
    Draft draft(Form::kHashPacked, limits_, secret_);
    Hash hash = draft.As<Hash>();
    hash.Reserve(fields);
    for (size_t i = 0; i < fields; ++i) hash.Append(std::to_string(i), std::to_string(i * i));
    EXPECT_EQ(hash.size(), fields);
    EXPECT_EQ(hash.Find("99"), "9801");
  }
}

TEST_F(HashTest, ScanSeesEveryField) {
  for (const size_t fields : {3u, 2000u}) {
    Fill(fields);
    Model seen;
    uint64_t cursor = 0;
    do {
      cursor = hash().Scan(cursor, [&](std::string_view field, std::string_view value) {
        seen.emplace(field, value);
      });
    } while (cursor != 0);
    EXPECT_EQ(seen, All(hash()));
  }
}

TEST_F(HashTest, RandomFieldsAreFair) {
  constexpr int kRounds = 20000;
  for (const int64_t entries_max : {512, 0}) {
    limits_.hash_max_listpack_entries = entries_max;
    Draft draft(Form::kHashPacked, limits_, secret_);
    for (int i = 0; i < 12; ++i) draft.As<Hash>().Set(std::to_string(i), "v");
    for (const size_t count : {1u, 3u, 9u}) {  // drawn one by one, or selected in a walk
      std::map<std::string, int> sampled, drawn;
      const auto note = [](std::map<std::string, int>& hits) {
        return [&hits](std::string_view field, std::string_view) { ++hits[std::string(field)]; };
      };
      for (int round = 0; round < kRounds; ++round) {
        draft.As<Hash>().Sample(count, prng_, note(sampled));
        draft.As<Hash>().Draw(count, prng_, note(drawn));
      }
      const double expected = kRounds * static_cast<double>(count) / 12;
      for (const auto& hits : {sampled, drawn}) {
        ASSERT_EQ(hits.size(), 12u);
        for (const auto& [field, times] : hits) EXPECT_NEAR(times, expected, expected / 8) << field;
      }
    }
  }
}

TEST_F(HashTest, SampleGivesNoFieldTwice) {
  for (const size_t fields : {10u, 1000u}) {
    Fill(fields);
    for (const size_t count : {size_t{1}, fields / 10, fields / 2, fields, fields + 1}) {
      Model seen;
      hash().Sample(count, prng_, [&](std::string_view field, std::string_view value) {
        EXPECT_TRUE(seen.emplace(field, value).second);
      });
      EXPECT_EQ(seen.size(), std::min(count, fields));
    }
  }
}

TEST_F(HashTest, CopiesAreDeep) {
  Fill(1000);
  Value copy = Value::CopyOf(draft_.entry());
  hash().Set("f1", "changed");
  const auto& table = *static_cast<HashTable*>(static_cast<LargeValue*>(copy.view().pointer));
  EXPECT_EQ(table.size(), 1000u);
  EXPECT_EQ(structs::MemberTable::Value(table.fields().Find("f1")), "v");
}

TEST_F(HashTest, TakesLittle) {
  for (int i = 0; i < 1000; ++i) {
    hash().Set("f" + std::to_string(100000000 + i), std::string(16, 'v'));  // 10 + 16 bytes
  }
  EXPECT_LE(static_cast<double>(LargeBytes(draft_.entry())) / 1000, 45);
}

TEST_F(HashTest, LifetimesBehaveLikeAMap) {
  std::map<std::string, std::pair<std::string, int64_t>> model;
  int64_t now_ms = 0;
  for (int step = 0; step < 20000; ++step) {
    const std::string field = std::to_string(prng_.Below(80));
    const auto found = model.find(field);
    const bool there = found != model.end();
    switch (prng_.Below(6)) {
      case 0:
        ASSERT_EQ(hash().Erase(field), there);
        model.erase(field);
        break;
      case 1:
        ASSERT_EQ(hash().SetKeepingEnd(field, std::to_string(step)), !there);
        model[field] = {std::to_string(step), there ? found->second.second : kEndless};
        break;
      case 2:
      case 3: {
        if (!there) break;
        const auto end_ms =
            static_cast<int64_t>(now_ms + 1 + static_cast<int64_t>(prng_.Below(50)));
        hash().SetEnd(field, end_ms);
        found->second.second = end_ms;
        break;
      }
      case 4:
        if (there && prng_.Below(3) == 0) {
          hash().SetEnd(field, kEndless);
          found->second.second = kEndless;
        }
        break;
      default:
        ASSERT_EQ(hash().Set(field, std::to_string(step)), !there);
        model[field] = {std::to_string(step), kEndless};
    }
    if (const HashTable* timed = hash().timed()) timed->lives()->horizon = &now_ms;
    if (step % 50 != 0) continue;
    now_ms += 10;
    std::erase_if(model, [&](const auto& each) {
      return each.second.second != kEndless && each.second.second < now_ms;
    });
    const HashTable* timed = hash().timed();
    ASSERT_EQ(hash().size(), model.size());
    ASSERT_EQ(All(hash()).size(), model.size());
    for (const auto& [name, expected] : model) {
      ASSERT_EQ(hash().Find(name), expected.first);
      ASSERT_EQ(hash().EndOf(name), expected.second);
    }
    if (timed == nullptr) continue;
    LargeOf<HashTable>(draft_.entry()).TakeEnded(prng_.Below(2) == 0 ? 2 : SIZE_MAX);
    LargeOf<HashTable>(draft_.entry()).TakeEnded(SIZE_MAX);
    ASSERT_EQ(timed->size(), model.size());
    const auto ends = static_cast<size_t>(std::count_if(
        model.begin(), model.end(), [](const auto& one) { return one.second.second != kEndless; }));
    ASSERT_EQ(timed->lives()->ends.size(), ends);
    const auto copy = timed->Clone();
    ASSERT_EQ(static_cast<const HashTable&>(*copy).lives() == nullptr, ends == 0);
  }
}

TEST_F(HashTest, AHashWithoutLifetimesTakesNoMoreMemory) {
  limits_.hash_max_listpack_entries = 0;
  Fill(100);
  const auto& table = LargeOf<HashTable>(draft_.entry());
  const size_t before = table.heap_bytes();
  hash().SetEnd("f1", 7);
  EXPECT_GT(table.heap_bytes(), before);
  hash().SetEnd("f1", kEndless);
  EXPECT_EQ(structs::HeapClass(sizeof(HashTable)), structs::HeapClass(sizeof(HashTable) - 8));
}

}  // namespace
}  // namespace rha::node::types
