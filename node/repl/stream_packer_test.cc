#include "node/repl/stream_packer.h"

#include <gtest/gtest.h>

#include <string>

#include "common/base/prng.h"

namespace rha::node::repl {
namespace {

// Requests as a stream has them: alike, but for numbers.
std::string Stream(Prng& chance, size_t bytes) {
  std::string stream;
  while (stream.size() < bytes) {
    stream +=
        "*3\r\n$3\r\nSET\r\n$8\r\nkey:" + std::to_string(1000 + chance.Below(9000)) + "\r\n$5\r\n";
    for (int i = 0; i < 5; ++i) stream += static_cast<char>(chance.Below(256));
    stream += "\r\n";
  }
  return stream;
}

TEST(StreamPacker, WhatWasPackedComesBackHoweverItIsCut) {
  for (uint64_t seed = 1; seed <= 50; ++seed) {
    Prng chance(seed);
    const std::string stream = Stream(chance, 400'000);
    StreamPacker packer;
    StreamUnpacker unpacker;
    std::string packed, arrived, back;
    for (size_t at = 0; at < stream.size();) {
      const size_t most = chance.Below(2) == 0 ? 100 : kPackedPieceBytesMax;
      const size_t size = std::min(1 + chance.Below(most), stream.size() - at);
      packer.Pack(std::string_view(stream).substr(at, size), &packed);
      at += size;
    }
    EXPECT_LT(packed.size(), stream.size() * 3 / 4);
    for (size_t at = 0; at < packed.size();) {
      const size_t size = 1 + chance.Below(60'000);
      arrived += packed.substr(at, size);
      at += size;
      ASSERT_TRUE(unpacker.Unpack(&arrived, &back).ok());
    }
    EXPECT_TRUE(arrived.empty());
    EXPECT_EQ(back, stream);
  }
}

TEST(StreamPacker, NoiseTakesFourBytesMoreAPieceAndIsKnownLater) {
  Prng chance(1);
  std::string noise;
  for (int i = 0; i < 20'000; ++i) noise += static_cast<char>(chance.Below(256));
  StreamPacker packer;
  std::string packed;
  packer.Pack(noise, &packed);
  EXPECT_EQ(packed.size(), noise.size() + 4);
  packer.Pack(noise, &packed);
  EXPECT_LT(packed.size(), noise.size() + 200) << "the second time it is a reference";
  StreamUnpacker unpacker;
  std::string back;
  ASSERT_TRUE(unpacker.Unpack(&packed, &back).ok());
  EXPECT_EQ(back, noise + noise);
}

TEST(StreamPacker, ASingleByteIsAPiece) {
  StreamPacker packer;
  std::string packed, back;
  packer.Pack("x", &packed);
  StreamUnpacker unpacker;
  std::string half = packed.substr(0, 4);
  ASSERT_TRUE(unpacker.Unpack(&half, &back).ok());
  EXPECT_EQ(half.size(), 4u) << "the body is not there yet";
  half += packed.substr(4);
  ASSERT_TRUE(unpacker.Unpack(&half, &back).ok());
  EXPECT_EQ(back, "x");
}

TEST(StreamUnpacker, DamageIsNoticedOrHarmless) {
  Prng chance(7);
  const std::string stream = Stream(chance, 20'000);
  std::string packed;
  StreamPacker packer;
  packer.Pack(stream.substr(0, 10'000), &packed);
  packer.Pack(stream.substr(10'000, 10'000), &packed);
  for (int i = 0; i < 2'000; ++i) {
    std::string damaged = packed;
    damaged[chance.Below(damaged.size())] ^= static_cast<char>(1 + chance.Below(255));
    StreamUnpacker unpacker;
    std::string back;
    (void)unpacker.Unpack(&damaged, &back).ok();
    EXPECT_LE(back.size(), 4 * kPackedPieceBytesMax);
  }
  std::string two_sizes = {'\x01', '\x00', '\x00', '\x80', 'x'};  // two bytes in a body of one
  std::string back;
  EXPECT_FALSE(StreamUnpacker().Unpack(&two_sizes, &back).ok());
}

}  // namespace
}  // namespace rha::node::repl
