#include "node/structs/bits.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "common/base/prng.h"

namespace rha::node::structs {
namespace {

std::string RandomBytes(Prng& random, size_t size) {
  std::string bytes(size, '\0');
  for (char& c : bytes) c = static_cast<char>(random.Below(256));
  return bytes;
}

bool BitAt(std::string_view bytes, uint64_t at) {
  return at / 8 < bytes.size() && ((static_cast<uint8_t>(bytes[at / 8]) >> (7 - at % 8)) & 1) != 0;
}

TEST(Bits, CountOfAnyLengthIsTheSumOfItsBits) {
  Prng random(1);
  for (size_t size = 0; size < 200; ++size) {
    const std::string bytes = RandomBytes(random, size);
    uint64_t expected = 0;
    for (uint64_t i = 0; i < size * 8; ++i) expected += BitAt(bytes, i);
    EXPECT_EQ(CountOnes(bytes), expected) << size;
  }
}

TEST(Bits, TheFirstBitIsFoundWhereverItStands) {
  for (const bool bit : {false, true}) {
    for (uint64_t at = 0; at < 300 * 8; ++at) {
      std::string bytes(300, bit ? '\0' : '\xff');
      EXPECT_EQ(FindBit(bytes, bit), 300u * 8);
      WriteBits(bytes, at, 1, bit);
      EXPECT_EQ(FindBit(bytes, bit), at);
    }
    EXPECT_EQ(FindBit("", bit), 0u);
  }
}

TEST(Bits, ShorterInputsAreFollowedByZeros) {
  Prng random(2);
  for (const size_t size : {1u, 63u, 64u, 65u, 20'000u}) {
    const std::vector<std::string> texts{RandomBytes(random, size / 2), RandomBytes(random, size),
                                         RandomBytes(random, size / 3)};
    const std::vector<std::string_view> inputs(texts.begin(), texts.end());
    const auto expect = [&](BitOperation operation, auto combine) {
      std::string out(size, 'x');
      CombineBits(operation, inputs, out);
      for (size_t i = 0; i < size; ++i) {
        const auto byte = [&](size_t of) {
          return i < texts[of].size() ? static_cast<uint8_t>(texts[of][i]) : 0;
        };
        ASSERT_EQ(static_cast<uint8_t>(out[i]), combine(combine(byte(0), byte(1)), byte(2))) << i;
      }
    };
    expect(BitOperation::kAnd, [](int a, int b) { return a & b; });
    expect(BitOperation::kOr, [](int a, int b) { return a | b; });
    expect(BitOperation::kXor, [](int a, int b) { return a ^ b; });
    std::string inverted(size, 'x');
    CombineBits(BitOperation::kNot, std::span(inputs).subspan(1, 1), inverted);
    for (size_t i = 0; i < size; ++i) ASSERT_EQ(inverted[i], static_cast<char>(~texts[1][i]));
  }
}

TEST(Bits, ANumberOfAnyWidthStandsAtAnyOffset) {
  Prng random(3);
  for (int width = 1; width <= 64; ++width) {
    for (uint64_t offset = 0; offset < 20; ++offset) {
      const std::string before = RandomBytes(random, 16);
      std::string bytes = before;
      const uint64_t mask = width == 64 ? ~uint64_t{0} : (uint64_t{1} << width) - 1;
      const uint64_t value = random.Next() & mask;
      WriteBits(bytes, offset, width, value);
      EXPECT_EQ(ReadBits(bytes, offset, width), value);
      for (uint64_t i = 0; i < 128; ++i) {
        if (i < offset || i >= offset + static_cast<uint64_t>(width)) {
          ASSERT_EQ(BitAt(bytes, i), BitAt(before, i)) << i;
        }
      }
    }
  }
  EXPECT_EQ(ReadBits("\xff", 4, 8), 0xf0u) << "zeros beyond the end";
}

}  // namespace
}  // namespace rha::node::structs
