// RdbInput: the bytes of an RDB file, or of one value in memory, as the primitives of rdb_format.h
// (lengths, strings, numbers): a file's through one buffer and under one checksum.
//
// Invariants
//  * No length is believed before it was compared with what the source can still hold, so memory
//    stays proportional to the bytes really present.
//  * Every error says "<source>: at byte N: …", and while a key is set, which key.
// Thread rule: one owner.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "common/base/status.h"
#include "node/codec/byte_io.h"

namespace rha::node::codec {

// The key whose value is being read, for messages.
struct RdbKeyPlace {
  uint64_t db = 0;
  uint8_t type = 0;
  std::string_view key;
};

class RdbInput {
 public:
  // `source` must outlive it.
  RdbInput(ByteSource& source, bool verify_checksum);
  // Of bytes in memory, which stay there.
  // Longer strings in it are errors.
  RdbInput(std::string_view bytes, uint64_t string_bytes_max);

  const std::string& name() const;
  uint64_t position() const { return base_ + pos_; }
  // An upper bound of the bytes that follow.
  uint64_t left() const {
    return (filled_ - pos_) + (source_ == nullptr ? 0 : source_->remaining());
  }
  // Covers everything before position().
  uint64_t Checksum();

  Status Fail(std::string_view what) const { return FailAt(position(), what); }
  Status FailAt(uint64_t position, std::string_view what) const;
  // Null: no key. It must stay until the next call.
  void set_place(const RdbKeyPlace* place) { place_ = place; }

  // `what` names in messages what was being read.
  Result<uint8_t> Byte(std::string_view what);
  // `count` <= kReadBufferBytes if there is a source; valid until the next call.
  Result<std::string_view> Bytes(size_t count, std::string_view what);
  Result<uint64_t> LittleEndian(size_t bytes, std::string_view what);
  Result<uint64_t> Length(std::string_view what);
  // Lies in `scratch`.
  Result<std::string_view> String(std::string_view what, std::string& scratch) {
    return ReadString(what, scratch, Copy::kYes);
  }
  // Valid until the next call: may lie in the buffer.
  Result<std::string_view> PassingString(std::string_view what, std::string& scratch) {
    return ReadString(what, scratch, Copy::kNo);
  }
  Result<double> BinaryDouble(std::string_view what);
  // As RDB versions before 8 kept scores.
  Result<double> TextDouble(std::string_view what);

 private:
  enum class Copy : uint8_t { kYes, kNo };
  struct LengthOrEncoding {
    uint64_t length;
    uint8_t encoding;  // 0: `length` is a length; otherwise kEncoded…
  };

  const char* data() const { return bytes_ + pos_; }
  // Makes `count` bytes lie in one piece at data().
  Status Need(size_t count, std::string_view what) {
    return filled_ - pos_ >= count ? Status() : Refill(count, what);
  }
  Status Refill(size_t count, std::string_view what);
  Status TooLong(uint64_t length, std::string_view what) const;
  Result<LengthOrEncoding> LengthOrEncoded();
  Result<std::string_view> ReadString(std::string_view what, std::string& scratch, Copy copy);
  Result<std::string_view> Raw(uint64_t length, std::string_view what, std::string& scratch);
  Result<std::string_view> Integer(uint8_t encoding, std::string& scratch);
  Result<std::string_view> Compressed(std::string_view what, std::string& scratch);

  ByteSource* const source_;  // null: there are no more than those in memory
  const bool verify_checksum_;
  const std::unique_ptr<char[]> buffer_;
  const char* const bytes_;  // the buffer, or what is in memory
  const uint64_t string_bytes_max_;
  size_t pos_ = 0, filled_ = 0;
  size_t checksummed_ = 0;  // bytes of bytes_ that crc_ already covers
  uint64_t base_ = 0;       // position in the file of bytes_[0]
  uint64_t crc_ = 0;
  const RdbKeyPlace* place_ = nullptr;
  std::string packed_;
};

// "12", "-inf", "3.5e+100": the whole text as a number other than NaN.
bool ParseScore(std::string_view text, double* score);

}  // namespace rha::node::codec
