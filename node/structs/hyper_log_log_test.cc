#include "node/structs/hyper_log_log.h"

#include <gtest/gtest.h>

#include <cmath>

#include "common/base/prng.h"

namespace rha::node::structs {
namespace {

constexpr size_t kSparseMax = 3000;

uint64_t Count(std::string_view hll) {
  HllRegisters registers{};
  EXPECT_TRUE(MergeHll(hll, &registers));
  return EstimateHll(registers);
}

TEST(HyperLogLog, TheEstimateStaysWithinItsErrorInBothForms) {
  std::string hll = NewHll();
  EXPECT_EQ(Count(hll), 0u);
  constexpr double kStandardError = 1.04 / 128;
  int next = 1;
  for (int i = 1; i <= 200'000; ++i) {
    ASSERT_NE(AddToHll(&hll, std::to_string(i), kSparseMax), HllChange::kCorrupt);
    if (i != next) continue;
    next = next * 3 / 2 + 1;
    EXPECT_NEAR(static_cast<double>(Count(hll)), i, 1 + 5 * kStandardError * i) << i;
  }
  EXPECT_EQ(HllEncodingOf(hll), HllEncoding::kDense);
}

TEST(HyperLogLog, BothFormsHoldTheSameRegisters) {
  std::string sparse = NewHll(), dense = NewHll();
  ASSERT_TRUE(MakeHllDense(&dense));
  Prng random(1);
  for (int i = 0; i < 700; ++i) {
    const std::string element = std::to_string(random.Below(500));
    const HllChange change = AddToHll(&sparse, element, kSparseMax);
    EXPECT_EQ(AddToHll(&dense, element, kSparseMax), change) << "an element seen before is none";
    HllRegisters a{}, b{};
    ASSERT_TRUE(MergeHll(sparse, &a) && MergeHll(dense, &b));
    ASSERT_EQ(a, b);
  }
  EXPECT_EQ(HllEncodingOf(sparse), HllEncoding::kSparse);
  EXPECT_LT(sparse.size(), kSparseMax);
}

TEST(HyperLogLog, NeighboursOfOneValueAreOneRun) {
  std::string hll = NewHll();
  EXPECT_EQ(DescribeSparseHll(hll), "Z:16384");
  HllRegisters registers{};
  for (size_t i = 100; i < 105; ++i) registers[i] = 7;
  registers[110] = 9;
  EXPECT_TRUE(RaiseHll(&hll, registers, kSparseMax));
  EXPECT_EQ(DescribeSparseHll(hll), "Z:100 v:7,4 v:7,1 z:5 v:9,1 Z:16273");
  EXPECT_TRUE(RaiseHll(&hll, registers, kSparseMax));
  registers[3] = 33;  // more than a run can say
  EXPECT_TRUE(RaiseHll(&hll, registers, kSparseMax));
  EXPECT_EQ(HllEncodingOf(hll), HllEncoding::kDense);
}

TEST(HyperLogLog, TheCountIsKeptUntilARegisterChanges) {
  std::string hll = NewHll();
  EXPECT_EQ(CachedCount(hll), 0u);
  AddToHll(&hll, "a", kSparseMax);
  EXPECT_FALSE(CachedCount(hll));
  CacheCount(hll, 0x0123456789abcdef);
  EXPECT_EQ(CachedCount(hll), 0x0123456789abcdefu);
  AddToHll(&hll, "a", kSparseMax);
  EXPECT_TRUE(CachedCount(hll));
}

// Whatever the bytes say: no read outside them, and a register is either right or all is corrupt.
TEST(HyperLogLog, NoBytesAreTrusted) {
  EXPECT_FALSE(HllEncodingOf(""));
  EXPECT_FALSE(HllEncodingOf("HYLL"));
  EXPECT_FALSE(HllEncodingOf(std::string("HYLL\0", 5) + std::string(11, 'x')));
  Prng random(2);
  for (int i = 0; i < 20'000; ++i) {
    std::string hll = NewHll();
    const auto rounds = random.Below(40);
    for (uint64_t j = 0; j < rounds; ++j) AddToHll(&hll, std::to_string(random.Next()), kSparseMax);
    for (uint64_t j = 0; j <= random.Below(3); ++j) {
      hll[16 + random.Below(hll.size() - 16)] = static_cast<char>(random.Below(256));
    }
    hll.resize(16 + random.Below(hll.size() - 15));
    HllRegisters registers{};
    const bool sound = MergeHll(hll, &registers);
    std::string dense = hll;
    EXPECT_EQ(MakeHllDense(&dense), sound);
    if (HllEncodingOf(hll) == HllEncoding::kSparse) DescribeSparseHll(hll);
    AddToHll(&hll, "x", random.Below(2) == 0 ? 0 : kSparseMax);
  }
}

}  // namespace
}  // namespace rha::node::structs
