// Reads a zipmap, the small hash of Redis 2.4 and older (redis 2.4, zipmap.c), checking it on the
// way: nothing outside of the bytes is ever read, whatever they are.
//
//   zipmap   count:u8  ( length field  length free:u8 value unused* )*  0xff
//            count 254 or 255: unknown;  `free` bytes behind a value are not used
//   length   one byte below 254, or 0xfe length:u32 (little-endian)
//
// Thread rule: any thread; the bytes are somebody else's.
#pragma once

#include <cstddef>
#include <string_view>

#include "common/base/status.h"

namespace rha::node::codec {

class ZipmapReader {
 public:
  ZipmapReader() = default;
  // REQUIRES: `bytes` stay while it reads.
  explicit ZipmapReader(std::string_view bytes) : bytes_(bytes) {}

  // First of all.
  Status Start();
  // Fields and values in turn. False: that was the last, and the whole was sound.
  Result<bool> Next(std::string_view* text);

 private:
  Status Broken(std::string_view what) const;
  // Everything but the end mark.
  size_t left() const { return bytes_.size() - 1 - at_; }

  std::string_view bytes_;
  size_t at_ = 0;
  size_t texts_ = 0;
};

}  // namespace rha::node::codec
