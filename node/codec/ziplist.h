// Reads a ziplist, the packed list of Redis before 7.0 (redis 6.2, ziplist.c), checking it on the
// way: nothing outside of the bytes is ever read, whatever they are.
//
//   ziplist    bytes:u32  tail:u32  count:u16  entry*  0xff      little-endian; tail: offset of the
//                                                                last entry; count 65535: unknown
//   entry      previous  head  body
//   previous   size of the entry before: one byte below 254, or 0xfe size:u32
//
//   head       00llllll             string of l bytes
//              01llllll llllllll    string of l bytes, high byte first
//              10------ l:4         string of l bytes, high byte first
//              11000000 i16 | 11010000 i32 | 11100000 i64 | 11110000 i24 | 11111110 i8
//              1111vvvv             integer v - 1, v in 1..13
//
// Thread rule: any thread; the bytes are somebody else's.
#pragma once

#include <cstddef>
#include <string_view>

#include "common/base/status.h"
#include "node/structs/listpack.h"

namespace rha::node::codec {

class ZiplistReader {
 public:
  ZiplistReader() = default;
  // REQUIRES: `bytes` stay while it reads.
  explicit ZiplistReader(std::string_view bytes) : bytes_(bytes) {}

  // The header; first of all.
  Status Start();
  // What the header says; may be wrong until the last was read. REQUIRES: Start() was right.
  size_t announced() const;
  // False: that was the last, and the whole was sound.
  Result<bool> Next(structs::ListpackValue* value);

 private:
  Status Broken(std::string_view what) const;
  // Everything but the end mark.
  size_t left() const { return bytes_.size() - 1 - at_; }
  Status Finish() const;
  Status SkipPrevious();

  std::string_view bytes_;
  size_t at_ = 0;
  size_t last_ = 0;  // where the entry before begins; 0: none yet
  size_t count_ = 0;
};

}  // namespace rha::node::codec
