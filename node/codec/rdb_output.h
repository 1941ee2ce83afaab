// RdbOutput: writes the primitives of rdb_format.h (lengths, strings, numbers), through one buffer
// and under one checksum.
//
// Without a sink the buffer grows and keeps everything: for a value that stays in memory.
// The first failure of the sink is kept: what is written later is dropped.
// Thread rule: one owner. It never allocates per string.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "common/base/status.h"
#include "node/codec/byte_io.h"

namespace rha::node::codec {

class RdbOutput {
 public:
  struct Options {
    bool compress = true;  // rdbcompression
    bool checksum = true;  // rdbchecksum
  };
  // A null sink: see above. REQUIRES: buffer_bytes >= kSmallBytesMax.
  RdbOutput(ByteSink* sink, size_t buffer_bytes, Options options);

  void Byte(uint8_t byte) {
    Room(1);
    buffer_[used_++] = static_cast<char>(byte);
  }
  void Bytes(std::string_view bytes);
  void LittleEndian(uint64_t value, size_t bytes);
  void Length(uint64_t length);
  void String(std::string_view text);

  // What is in the buffer goes to the sink. REQUIRES: there is one.
  void Flush();
  // Of all that was flushed; 0 if the options want none.
  uint64_t checksum() const { return crc_; }
  // What has not been flushed; of an output without a sink, all.
  std::string_view buffered() const { return {buffer_.get(), used_}; }
  const Status& status() const { return status_; }

  // Nothing but plain strings is longer: a length of at most 9 bytes, an opcode, an 8 byte number.
  static constexpr size_t kSmallBytesMax = 16;

 private:
  bool TryInteger(std::string_view text);
  bool TryCompressed(std::string_view text);
  void Room(size_t bytes) {
    if (capacity_ - used_ < bytes) MakeRoom(bytes);
  }
  void MakeRoom(size_t bytes);

  ByteSink* const sink_;
  const Options options_;
  Status status_;
  size_t capacity_;
  std::unique_ptr<char[]> buffer_;
  size_t used_ = 0;
  uint64_t crc_ = 0;
  std::string lzf_scratch_;
};

}  // namespace rha::node::codec
