#include "common/resp/output_chain.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <utility>

#include "common/base/prng.h"
#include "common/resp/writer.h"

namespace rha::resp {
namespace {

struct Bound final : OutputChain::Governor {
  explicit Bound(size_t bytes) : left(bytes) {}
  bool MayHold(size_t bytes) override {
    if (bytes > left) return false;
    left -= bytes;
    return true;
  }
  size_t left;
};

std::string Letters(size_t count) {
  std::string text(count, ' ');
  for (size_t i = 0; i < count; ++i) text[i] = static_cast<char>('a' + i % 23);
  return text;
}

TEST(OutputChain, GivesBackWhatItWasGiven) {
  OutputChain chain;
  EXPECT_TRUE(chain.empty());
  EXPECT_EQ(chain.held_bytes(), 0u);
  chain.Append("abc");
  chain.Append(Letters(100'000));
  EXPECT_EQ(chain.size(), 100'003u);
  EXPECT_EQ(chain.ToString(), "abc" + Letters(100'000));
  EXPECT_GT(chain.chunks(), 6u);
}

TEST(OutputChain, WhatIsSentIsFreed) {
  OutputChain chain;
  chain.Append(Letters(1 << 20));
  const size_t held = chain.held_bytes();
  chain.Consume((1 << 20) - 100);
  EXPECT_EQ(chain.size(), 100u);
  EXPECT_LE(chain.held_bytes(), 2 * OutputChain::kChunkBytesMax);
  EXPECT_GT(held, 1u << 20);
  EXPECT_EQ(chain.ToString(), Letters(1 << 20).substr((1 << 20) - 100));
}

TEST(OutputChain, AReaderThatIsAlwaysBehindCostsWhatItIsBehind) {
  OutputChain chain;
  const std::string message = Letters(1000);
  for (int i = 0; i < 50; ++i) chain.Append(message);
  for (int i = 0; i < 10'000; ++i) {
    chain.Append(message);
    chain.Consume(1000);
  }
  EXPECT_EQ(chain.size(), 50'000u);
  EXPECT_LT(chain.held_bytes(), 100'000u);
}

TEST(OutputChain, ASmallReplyAfterAnotherTakesNoNewMemory) {
  OutputChain chain;
  for (int i = 0; i < 1000; ++i) {
    chain.Append("+OK\r\n");
    EXPECT_EQ(chain.held_bytes(), OutputChain::kChunkBytesMin);
    chain.Consume(5);
  }
  chain.Append("x");
  chain.Release();
  EXPECT_EQ(chain.ToString(), "x");
  chain.Consume(1);
  chain.Release();
  EXPECT_EQ(chain.held_bytes(), 0u);
}

TEST(OutputChain, PiecesAreWhatWaits) {
  OutputChain chain;
  std::array<std::string_view, 3> pieces;
  EXPECT_EQ(chain.Pieces(pieces), 0u);
  const std::string text = Letters(30'000);
  chain.Append(text);
  chain.Consume(10);
  ASSERT_EQ(chain.Pieces(pieces), 3u);
  std::string together;
  for (const std::string_view piece : pieces) together += piece;
  EXPECT_EQ(together, text.substr(10, together.size()));
  EXPECT_EQ(pieces[0], chain.front());
}

TEST(OutputChain, IsTheSameAsAStringWhateverHappensToIt) {
  OutputChain chain;
  std::string same;
  Prng chance(7);
  for (int i = 0; i < 20'000; ++i) {
    const size_t bytes = chance.Below(chance.Below(10) == 0 ? 40'000 : 300);
    switch (chance.Below(4)) {
      case 0:
        chain.Append(Letters(bytes));
        same += Letters(bytes);
        break;
      case 1: {
        OutputChain other;
        other.Append(Letters(bytes));
        chain.Append(std::move(other));
        EXPECT_TRUE(other.empty());
        same += Letters(bytes);
        break;
      }
      case 2: {
        const size_t sent = std::min(bytes, same.size());
        chain.Consume(sent);
        same.erase(0, sent);
        break;
      }
      default:
        Writer(&chain).Integer(i);
        same += ":" + std::to_string(i) + "\r\n";
    }
    ASSERT_EQ(chain.size(), same.size());
    if (i % 100 == 0) {
      ASSERT_EQ(chain.ToString(), same);
    }
    if (same.size() > 200'000) {
      chain.Clear();
      same.clear();
    }
  }
}

TEST(OutputChain, ABoundIsAskedBeforeEachFurtherChunk) {
  Bound bound(OutputChain::kChunkBytesMax);
  OutputChain chain(&bound);
  chain.Append(Letters(900));
  EXPECT_EQ(bound.left, OutputChain::kChunkBytesMax) << "the first chunk is free";
  chain.Append(Letters(900));
  EXPECT_LT(bound.left, OutputChain::kChunkBytesMax);
  EXPECT_FALSE(chain.overflowed());
}

TEST(OutputChain, BeyondItsBoundItDropsAndDoesNotGrow) {
  Bound bound(10'000);
  OutputChain chain(&bound);
  for (int i = 0; i < 1000; ++i) chain.Append(Letters(900));
  chain.Append(Letters(1 << 20));
  for (int i = 0; i < 1000; ++i) Writer(&chain).Bulk(Letters(250));
  OutputChain other;
  other.Append(Letters(50'000));
  chain.Append(std::move(other));
  EXPECT_TRUE(chain.overflowed());
  EXPECT_LE(chain.held_bytes(), OutputChain::kChunkBytesMax);
  chain.Clear();
  EXPECT_FALSE(chain.overflowed());
  EXPECT_TRUE(chain.empty());
}

TEST(OutputChain, WhatCannotFitIsNotBegun) {
  for (const bool written_before : {false, true}) {
    Bound bound(10'000);
    OutputChain chain(&bound);
    if (written_before) chain.Append("x");
    EXPECT_TRUE(chain.MayHold(9'000));
    EXPECT_FALSE(chain.MayHold(1'000'000'000));
    EXPECT_TRUE(chain.overflowed());
    Writer(&chain).Bulk("y");
    EXPECT_LE(chain.held_bytes(), OutputChain::kChunkBytesMin);
    EXPECT_FALSE(chain.MayHold(1));
  }
  EXPECT_TRUE(OutputChain().MayHold(SIZE_MAX));
}

TEST(Writer, RemembersTheCodeOfItsLastError) {
  OutputChain chain;
  Writer writer(&chain);
  writer.Ok();
  EXPECT_EQ(writer.error_code(), "");
  writer.Error("WRONGTYPE Operation against a key");
  EXPECT_EQ(writer.error_code(), "WRONGTYPE");
  writer.ForgetError();
  EXPECT_EQ(writer.error_code(), "");
  writer.Error(std::string(100, 'E'));
  EXPECT_EQ(writer.error_code(), std::string(Writer::kErrorCodeBytesMax, 'E'));
}

}  // namespace
}  // namespace rha::resp
