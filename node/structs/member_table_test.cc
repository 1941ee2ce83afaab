#include "node/structs/member_table.h"

#include <gtest/gtest.h>

#include <map>
#include <set>
#include <string>

namespace rha::node::structs {
namespace {

const HashSecret kSecret = HashSecret::FromSeed(22);

TEST(MemberTable, BehavesLikeAMap) {
  MemberTable table(kSecret);
  std::map<std::string, std::string> model;
  Prng prng(1);
  for (int step = 0; step < 60000; ++step) {
    const std::string field =
        std::to_string(prng.Below(5000)) + std::string(prng.Below(2) * 70, 'f');
    if (prng.Chance(step % 20000 < 10000 ? 0.8 : 0.2)) {
      const std::string value(prng.Below(200), static_cast<char>('a' + prng.Below(26)));
      ASSERT_EQ(table.Put(field, value), !model.contains(field));
      model[field] = value;
    } else {
      ASSERT_EQ(table.Erase(field), model.erase(field) == 1);
    }
  }
  table.CheckInvariants();
  ASSERT_EQ(table.size(), model.size());
  for (const auto& [field, value] : model) {
    const Entry* found = table.Find(field);
    ASSERT_NE(found, nullptr);
    ASSERT_EQ(MemberTable::Value(found), value);
  }
  std::map<std::string, std::string> walked;
  table.ForEach(
      [&](std::string_view field, std::string_view value) { walked.emplace(field, value); });
  ASSERT_EQ(walked, model);
  walked.clear();
  uint64_t cursor = 0;
  do {
    cursor = table.Scan(cursor, [&](std::string_view field, std::string_view value) {
      walked.emplace(field, value);
    });
  } while (cursor != 0);
  ASSERT_EQ(walked, model);
}

TEST(MemberTable, KeepsMembersAndTakesLittle) {
  MemberTable table(kSecret);
  for (int i = 0; i < 10000; ++i) {
    const std::string member = "m" + std::to_string(100000000 + i);  // 10 bytes
    ASSERT_TRUE(table.Add(member));
    ASSERT_FALSE(table.Add(member));
  }
  EXPECT_LE(static_cast<double>(table.heap_bytes()) / 10000, 27.5);
  Prng prng(2);
  EXPECT_EQ(table.Random(prng)->key().size(), 10u);
  int slices = 1;
  while (!table.FreeSome(500)) ++slices;
  EXPECT_GE(slices, 20);
}

}  // namespace
}  // namespace rha::node::structs
