// The replication stream, compressed, between two nodes of this kind (redisha-stream-compression).
//
//   packed stream   frame*
//   frame           header body
//   header          4 bytes, little-endian:  bits 0-14   bytes of the stream in it, less one
//                                            bits 15-30  bytes of the body, less one
//                                            bit 31      the body is as it is, not compressed
//   body            an LZ4 block that may refer to the 64 KB of the stream before it
//
// Offsets count bytes of the stream, whatever they took on the way.
// Thread rule: one owner. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "common/base/status.h"

namespace rha::node::repl {

constexpr size_t kPackedPieceBytesMax = 32 * 1024;

// The last 64 KB that went through, behind which the next piece is put.
class PackedHistory {
 public:
  PackedHistory() : bytes_(std::make_unique_for_overwrite<char[]>(kBytes)) {}

  // Room for a piece.
  char* Next();
  // What is known before Next().
  const char* known() const { return bytes_.get() + size_ - known_bytes(); }
  size_t known_bytes() const { return size_ < kKnownBytes ? size_ : kKnownBytes; }
  void Add(size_t bytes) { size_ += bytes; }
  // Next() will move what is known, `Keep`.
  bool full() const { return size_ + kPackedPieceBytesMax > kBytes; }
  char* begin() { return bytes_.get(); }
  void Kept(size_t bytes) { size_ = bytes; }

  static constexpr size_t kKnownBytes = 64 * 1024;

 private:
  static constexpr size_t kBytes = 4 * kKnownBytes;
  std::unique_ptr<char[]> bytes_;
  size_t size_ = 0;
};

class StreamPacker {
 public:
  StreamPacker();
  ~StreamPacker();
  // Adds a frame with `piece` to `out`. REQUIRES: 1 to kPackedPieceBytesMax bytes.
  void Pack(std::string_view piece, std::string* out);

 private:
  struct Coder;
  std::unique_ptr<Coder> coder_;
  PackedHistory history_;
};

class StreamUnpacker {
 public:
  // Takes the whole frames from the front of `input`, and adds what is in them to `stream`.
  Status Unpack(std::string* input, std::string* stream);

 private:
  PackedHistory history_;
};

}  // namespace rha::node::repl
