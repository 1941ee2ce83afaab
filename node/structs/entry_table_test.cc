#include "node/structs/entry_table.h"

#include <gtest/gtest.h>

#include <array>
#include <map>
#include <set>
#include <string>
#include <unordered_map>

namespace rha::node::structs {
namespace {

const HashSecret kSecret = HashSecret::FromSeed(7);

std::string RandomBytes(Prng& prng, size_t size) {
  std::string bytes(size, '\0');
  for (char& c : bytes) c = static_cast<char>(prng.Next());
  return bytes;
}

TEST(HeapClass, FollowsJemalloc) {
  EXPECT_EQ(HeapClass(1), 16u);
  EXPECT_EQ(HeapClass(17), 32u);
  EXPECT_EQ(HeapClass(128), 128u);
  EXPECT_EQ(HeapClass(129), 160u);
  EXPECT_EQ(HeapClass(256), 256u);
  EXPECT_EQ(HeapClass(257), 320u);
  EXPECT_EQ(HeapClass(4097), 5120u);
  EXPECT_EQ(HeapClass(100000), 114688u);
}

TEST(Entry, SmallOneTakesNoHeader) {
  Entry entry = Entry::Make(std::string(16, 'k'), EntryValue::Bytes(std::string(32, 'v')));
  EXPECT_EQ(entry.heap_bytes(), 48u);
  entry.SetExpireAt(1234567890123);
  EXPECT_EQ(entry.heap_bytes(), 64u);
  EXPECT_EQ(entry.expire_at(), 1234567890123);
  EXPECT_EQ(entry.key(), std::string(16, 'k'));
  EXPECT_EQ(entry.bytes(), std::string(32, 'v'));
  entry.Free();
}

TEST(Entry, IntegersKeepTheirValue) {
  for (int64_t value : {int64_t{0}, int64_t{-1}, int64_t{127}, int64_t{128}, int64_t{-129},
                        int64_t{1} << 40, INT64_MAX, INT64_MIN}) {
    for (size_t key_size : {0u, 1u, 10u, 12u, 16u, 62u, 63u, 70000u}) {
      Entry entry = Entry::Make(std::string(key_size, 'k'), EntryValue::Integer(value));
      EXPECT_EQ(entry.integer(), value);
      entry.SetValue(EntryValue::Integer(value / 3));
      EXPECT_EQ(entry.integer(), value / 3);
      entry.SetValue(EntryValue::Integer(INT64_MIN + 5));
      EXPECT_EQ(entry.integer(), INT64_MIN + 5);
      EXPECT_EQ(entry.key().size(), key_size);
      entry.Free();
    }
  }
}

// Every setter in every form against plain fields.
TEST(Entry, KeepsWhatItWasGivenThroughAnySequenceOfSetters) {
  Prng prng(11);
  for (int round = 0; round < 300; ++round) {
    const std::string key = RandomBytes(prng, prng.Chance(0.05) ? 66000 : prng.Below(90));
    std::string bytes = RandomBytes(prng, prng.Below(200));
    int64_t expire_at = prng.Chance(0.5) ? kEntryUntimed : prng.Between(0, 1 << 30);
    uint8_t tag = 0;
    Entry entry = Entry::Make(key, EntryValue::Bytes(bytes), expire_at);
    entry.set_mark(true);
    entry.set_hash_bits(21);
    for (int step = 0; step < 30; ++step) {
      switch (prng.Below(4)) {
        case 0:
          expire_at = prng.Chance(0.5) ? kEntryUntimed : prng.Between(0, 1 << 30);
          entry.SetExpireAt(expire_at);
          break;
        case 1:
          bytes = RandomBytes(prng, prng.Below(300));
          tag = static_cast<uint8_t>(prng.Below(3));
          entry.SetValue(EntryValue::Bytes(bytes, tag));
          break;
        case 2: {
          const size_t size = prng.Below(300);
          char* at = entry.ResizeBytes(size);
          const size_t old_size = std::min(size, bytes.size());
          bytes.resize(size, 'x');
          for (size_t i = old_size; i < size; ++i) at[i] = 'x';
          break;
        }
        default: {
          int target = 5;
          entry.SetValue(EntryValue::Pointer(&target, 9));
          ASSERT_EQ(entry.pointer(), &target);
          ASSERT_EQ(entry.tag(), 9);
          ASSERT_EQ(entry.key(), key);
          entry.SetValue(EntryValue::Bytes(bytes, tag));
        }
      }
      ASSERT_EQ(entry.key(), key);
      ASSERT_EQ(entry.bytes(), bytes);
      ASSERT_EQ(entry.tag(), tag);
      ASSERT_EQ(entry.expire_at(), expire_at);
      ASSERT_TRUE(entry.mark());
      ASSERT_EQ(entry.hash_bits(), 21u);
    }
    entry.Free();
  }
}

TEST(KeyedHash, DependsOnEveryByteAndOnTheSecret) {
  const HashSecret other = HashSecret::FromSeed(8);
  std::set<uint64_t> seen;
  for (size_t size = 0; size < 80; ++size) {
    std::string key(size, 'a');
    EXPECT_TRUE(seen.insert(KeyedHash(kSecret, key)).second) << size;
    EXPECT_NE(KeyedHash(kSecret, key), KeyedHash(other, key));
    for (size_t i = 0; i < size; ++i) {
      key[i] ^= 1;
      EXPECT_TRUE(seen.insert(KeyedHash(kSecret, key)).second) << size << " " << i;
      key[i] ^= 1;
    }
  }
}

// Each bit of the key turns over each bit of the hash in about half of all keys.
TEST(KeyedHash, SpreadsEveryBit) {
  Prng prng(14);
  constexpr int kRounds = 2000;
  for (const size_t size : {3u, 7u, 16u, 40u}) {
    std::vector<std::array<int, 64>> turned(size * 8);
    for (int round = 0; round < kRounds; ++round) {
      std::string key = RandomBytes(prng, size);
      const uint64_t hash = KeyedHash(kSecret, key);
      const size_t bit = static_cast<size_t>(round) % (size * 8);
      key[bit / 8] = static_cast<char>(key[bit / 8] ^ (1 << bit % 8));
      const uint64_t change = hash ^ KeyedHash(kSecret, key);
      for (size_t i = 0; i < 64; ++i) turned[bit][i] += static_cast<int>(change >> i & 1);
    }
    for (size_t i = 0; i < 64; ++i) {
      int total = 0;
      for (const auto& counts : turned) total += counts[i];
      EXPECT_NEAR(total, kRounds / 2, 130) << "bit " << i << ", size " << size;  // 5.8 sigma
    }
  }
}

TEST(Bucket, PortableMatchFindsTheSameSlots) {
  Prng prng(15);
  for (int round = 0; round < 2000; ++round) {
    PlainBucket plain{};
    AgedBucket aged{};
    plain.used = static_cast<uint8_t>(prng.Below(PlainBucket::kSlots + 1));
    aged.used = static_cast<uint8_t>(prng.Below(AgedBucket::kSlots + 1));
    for (uint8_t& tag : plain.tags) tag = static_cast<uint8_t>(prng.Below(4));
    for (uint8_t& tag : aged.tags) tag = static_cast<uint8_t>(prng.Below(4));
    for (uint8_t tag = 0; tag < 5; ++tag) {
      ASSERT_EQ(MatchTag(plain, tag), MatchTagPortable(plain, tag));
      ASSERT_EQ(MatchTag(aged, tag), MatchTagPortable(aged, tag));
    }
  }
}

template <class Table>
class EntryTableTest : public ::testing::Test {};
using Tables = ::testing::Types<EntryTable<PlainBucket>, EntryTable<AgedBucket>>;
TYPED_TEST_SUITE(EntryTableTest, Tables);

std::string Key(uint64_t number) { return "key:" + std::to_string(number); }

template <class Table>
void Put(Table& table, const std::string& key, std::string_view value) {
  const uint64_t hash = table.Hash(key);
  if (Entry* found = table.Find(key, hash)) {
    table.SetValue(found, EntryValue::Bytes(value));
  } else {
    table.Insert(Entry::Make(key, EntryValue::Bytes(value)), hash);
  }
}

TYPED_TEST(EntryTableTest, BehavesLikeAMapThroughGrowthAndShrinking) {
  TypeParam table(kSecret);
  std::unordered_map<std::string, std::string> model;
  Prng prng(3);
  for (int phase = 0; phase < 6; ++phase) {
    const double insert_share = phase % 2 == 0 ? 0.75 : 0.2;
    for (int step = 0; step < 12000; ++step) {
      const std::string key = Key(prng.Below(16000));
      if (prng.Chance(insert_share)) {
        const std::string value(prng.Below(40), 'v');
        Put(table, key, value);
        model[key] = value;
      } else {
        ASSERT_EQ(table.Erase(key), model.erase(key) == 1);
      }
      ASSERT_EQ(table.size(), model.size());
    }
    table.CheckInvariants();
    for (const auto& [key, value] : model) {
      Entry* found = table.Find(key);
      ASSERT_NE(found, nullptr);
      ASSERT_EQ(found->bytes(), value);
    }
    size_t visited = 0;
    table.ForEach([&](Entry& entry) { visited += model.count(std::string(entry.key())); });
    ASSERT_EQ(visited, model.size());
  }
  for (const auto& [key, value] : model) ASSERT_TRUE(table.Erase(key));
  table.CheckInvariants();
  EXPECT_EQ(table.entry_bytes(), 0u);
  EXPECT_LE(table.heap_bytes(), 512u);
}

TYPED_TEST(EntryTableTest, ScanMissesNothingThatStays) {
  Prng prng(5);
  for (int round = 0; round < 12; ++round) {
    TypeParam table(kSecret);
    std::set<std::string> stays;
    for (int i = 0; i < 3000; ++i) {
      Put(table, Key(i), "");
      stays.insert(Key(i));
    }
    const bool grow = round % 3 == 0;
    const bool shrink = round % 3 == 1;
    uint64_t extra = 100000;
    for (int i = 0; i < 6000; ++i) Put(table, Key(extra + i), "");
    uint64_t erased = extra;
    extra += 6000;
    std::set<std::string> seen;
    uint64_t cursor = 0;
    do {
      cursor = table.Scan(cursor, [&](Entry& entry) { seen.emplace(entry.key()); });
      for (uint64_t n = prng.Below(grow ? 16 : 50); n > 0; --n) {
        if (grow || (!shrink && prng.Chance(0.5))) Put(table, Key(extra++), "");
        if ((shrink || (!grow && prng.Chance(0.5))) && erased < extra) table.Erase(Key(erased++));
      }
    } while (cursor != 0);
    for (const std::string& key : stays) ASSERT_TRUE(seen.contains(key)) << key;
    table.CheckInvariants();
  }
}

TYPED_TEST(EntryTableTest, ScanTakesAnyCursorAndEnds) {
  TypeParam table(kSecret);
  Prng prng(6);
  for (int i = 0; i < 5000; ++i) Put(table, Key(i), "");
  for (int round = 0; round < 50; ++round) {
    uint64_t cursor = prng.Next();
    int calls = 0;
    do {
      cursor = table.Scan(cursor, [](Entry&) {});
      ASSERT_LT(++calls, 100000);
    } while (cursor != 0);
  }
}

// The snapshot's way: a mark tells what was dealt with, by the walk or because it changed or came
// later.
TYPED_TEST(EntryTableTest, MarkedWalkSeesTheImageOfItsBeginning) {
  TypeParam table(kSecret);
  Prng prng(9);
  std::map<std::string, std::string> image;
  for (int i = 0; i < 4000; ++i) {
    Put(table, Key(i), std::to_string(i));
    image[Key(i)] = std::to_string(i);
  }
  bool parity = false;
  for (int snapshot = 0; snapshot < 3; ++snapshot) {
    parity = !parity;
    std::map<std::string, std::string> captured;
    auto capture = [&](Entry& entry) {
      if (entry.mark() == parity) return;
      ASSERT_TRUE(captured.emplace(entry.key(), entry.bytes()).second);
      entry.set_mark(parity);
    };
    std::map<std::string, std::string> model = image;
    uint64_t cursor = 0;
    do {
      cursor = table.Scan(cursor, capture);
      for (int i = 0; i < 20; ++i) {
        const std::string key = Key(prng.Below(6000));
        Entry* found = table.Find(key);
        if (found != nullptr) capture(*found);
        if (found != nullptr && prng.Chance(0.5)) {
          table.Erase(key);
          model.erase(key);
        } else {
          model[key] = std::to_string(prng.Next());
          Put(table, key, model[key]);
          table.Find(key)->set_mark(parity);
        }
      }
    } while (cursor != 0);
    ASSERT_EQ(captured, image);
    image = model;
  }
}

TYPED_TEST(EntryTableTest, BatchFindsWhatFindFinds) {
  TypeParam table(kSecret);
  Prng prng(10);
  for (int i = 0; i < 3000; ++i) Put(table, Key(i), "");
  for (int round = 0; round < 200; ++round) {
    std::vector<std::string> names(prng.Below(kLookupBatchMax + 1));
    for (std::string& name : names) name = Key(prng.Below(6000));
    const std::vector<std::string_view> keys(names.begin(), names.end());
    std::vector<Entry*> found(keys.size());
    table.FindBatch(keys, found);
    for (size_t i = 0; i < keys.size(); ++i) ASSERT_EQ(found[i], table.Find(keys[i]));
  }
}

TYPED_TEST(EntryTableTest, RandomIsFair) {
  TypeParam table(kSecret);
  Prng prng(12);
  constexpr int kKeys = 1500;
  for (int i = 0; i < kKeys; ++i) Put(table, Key(i), "");
  std::unordered_map<std::string, int> drawn;
  for (int i = 0; i < kKeys * 100; ++i) ++drawn[std::string(table.Random(prng)->key())];
  EXPECT_EQ(drawn.size(), static_cast<size_t>(kKeys));
  for (const auto& [key, count] : drawn) {
    EXPECT_GT(count, 45) << key;  // 100 expected, 5.5 standard deviations
    EXPECT_LT(count, 160) << key;
  }
}

TYPED_TEST(EntryTableTest, LoadStaysHighWhateverTheSize) {
  TypeParam table(kSecret);
  double least = 1;
  for (int i = 0; i < 60000; ++i) {
    table.Insert(Entry::Make(Key(i), EntryValue::Bytes("")), table.Hash(Key(i)));
    if (i > 2000) least = std::min(least, table.load());
  }
  EXPECT_GT(least, 0.70);
  table.CheckInvariants();
}

TYPED_TEST(EntryTableTest, ReserveMakesRoomAtOnce) {
  TypeParam table(kSecret);
  table.Reserve(50000);
  const size_t before = table.heap_bytes();
  for (int i = 0; i < 50000; ++i) Put(table, Key(i), "");
  EXPECT_LT(table.heap_bytes() - table.entry_bytes(), before + before / 20);
  table.CheckInvariants();
}

TYPED_TEST(EntryTableTest, FreesInSlices) {
  TypeParam table(kSecret);
  for (int i = 0; i < 10000; ++i) Put(table, Key(i), "");
  size_t released = 0;
  int slices = 0;
  do {
    ++slices;
  } while (!table.FreeSome(100, [&](Entry) { ++released; }));
  EXPECT_EQ(released, 10000u);
  EXPECT_GE(slices, 100);
  table.CheckInvariants();
  Put(table, "again", "");
  EXPECT_NE(table.Find("again"), nullptr);
}

TYPED_TEST(EntryTableTest, CollidingKeysDoNotBlowUpTheDirectory) {
  TypeParam table(kSecret);
  std::vector<std::pair<std::string, uint64_t>> colliding;  // the same 9 top bits
  for (uint64_t i = 0; colliding.size() < 3000; ++i) {
    const uint64_t hash = table.Hash(Key(i));
    if (hash >> 55 == 0) colliding.emplace_back(Key(i), hash);
  }
  for (const auto& [key, hash] : colliding) {
    table.Insert(Entry::Make(key, EntryValue::Bytes("")), hash);
  }
  table.CheckInvariants();
  EXPECT_LT(table.heap_bytes() - table.entry_bytes(), 3000u * 30);
  for (const auto& [key, hash] : colliding) ASSERT_NE(table.Find(key, hash), nullptr);
}

TEST(KeyTable, AgesMoveWithTheirEntries) {
  KeyTable table(kSecret);
  Prng prng(13);
  std::unordered_map<std::string, AgeNote> model;
  for (int step = 0; step < 20000; ++step) {
    const std::string key = Key(prng.Below(4000));
    if (prng.Chance(0.6)) {
      Put(table, key, "");
      model[key] = {static_cast<uint8_t>(prng.Next()), prng.Below(2) == 0};
      KeyTable::SetAge(table.Find(key), model[key]);
    } else {
      table.Erase(key);
      model.erase(key);
    }
  }
  for (const auto& [key, age] : model) ASSERT_EQ(KeyTable::Age(table.Find(key)), age);
}

}  // namespace
}  // namespace rha::node::structs
