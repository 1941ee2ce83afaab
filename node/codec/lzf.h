// Lzf: compresses strings into the LZF blocks of RDB files, for speed first; liblzf and Redis
// decompress them.
//
//   block      ( literals | repeat )*
//   literals   000lllll  bytes                     l + 1 of them
//   repeat     lllooooo oooooooo                   l in 1..6: l + 2 bytes from o + 1 bytes back
//            | 111ooooo llllllll oooooooo          l + 9 bytes
//
// Where three bytes stood last is remembered by their hash, one place a slot. Each string's places
// begin far behind those of the string before, so that short strings cost no clearing of the table.
// The longer nothing repeats, the more is skipped: noise costs little.
// Thread rule: one owner.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace rha::node::codec {

class Lzf {
 public:
  // The size of the block written to `out`; 0: it would have more than `out_max` bytes.
  // REQUIRES: text.size() <= kLzfInputBytesMax.
  size_t Compress(std::string_view text, char* out, size_t out_max);

 private:
  static constexpr int kHashBits = 12;
  // The place of a string's first byte.
  uint32_t Origin(size_t size);

  std::array<uint32_t, size_t{1} << kHashBits> places_{};
  uint64_t next_origin_ = 0;  // beyond kDistanceMax from any place in the table
};

}  // namespace rha::node::codec
