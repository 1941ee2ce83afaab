#include "node/codec/lzf.h"

#include <gtest/gtest.h>
#include <liblzf/lzf.h>

#include <string>

#include "common/base/prng.h"

namespace rha::node::codec {
namespace {

// Empty: not compressed.
std::string RoundTrip(Lzf& lzf, const std::string& text, size_t most) {
  std::string block(most, '\0');
  const size_t size = lzf.Compress(text, block.data(), most);
  if (size == 0) return {};
  std::string back(text.size(), '\0');
  const unsigned got = lzf_decompress(block.data(), static_cast<unsigned>(size), back.data(),
                                      static_cast<unsigned>(back.size()));
  EXPECT_EQ(got, text.size());
  return back;
}

TEST(Lzf, WhatItCompressesComesBack) {
  Prng random(1);
  Lzf lzf;  // one for all: it must not mind what an earlier text left behind
  int compressed = 0;
  for (int i = 0; i < 20'000; ++i) {
    std::string text;
    const uint64_t letters = 1 + random.Below(i % 3 == 0 ? 256 : 4);
    const uint64_t size = random.Below(i % 100 == 0 ? 20'000 : 300);
    while (text.size() < size) {
      if (random.Chance(0.2) && !text.empty()) {
        text += text.substr(random.Below(text.size()), random.Below(400));
      } else {
        text += static_cast<char>(random.Below(letters));
      }
    }
    const size_t most = random.Below(text.size() + 8);
    const std::string back = RoundTrip(lzf, text, most);
    if (back.empty()) continue;
    ++compressed;
    ASSERT_EQ(back, text) << i;
  }
  EXPECT_GT(compressed, 5000);
}

TEST(Lzf, RepeatsPayAndNoiseDoesNot) {
  Lzf lzf;
  char out[1000];
  EXPECT_LT(lzf.Compress(std::string(1000, 'a'), out, sizeof out), 20u);
  std::string noise(1000, '\0');
  Prng random(7);
  for (char& c : noise) c = static_cast<char>(random.Next());
  EXPECT_EQ(lzf.Compress(noise, out, noise.size() - 4), 0u);
  EXPECT_EQ(lzf.Compress("", out, sizeof out), 0u);
  EXPECT_EQ(lzf.Compress("aaa", out, sizeof out), 0u);
}

}  // namespace
}  // namespace rha::node::codec
