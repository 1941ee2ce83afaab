// Reads one RDB file (format in rdb_format.h, versions 1 to 10) item by item, so that whoever loads
// it can stop between two items to serve others.
//
//   RdbReader reader(source);
//   Status status = reader.Start();
//   for (;;) { auto item = reader.Next(); … if (std::holds_alternative<RdbEnd>(*item)) break; }
//
// Invariants
//  * No length is believed before it was compared with what the source can still hold, so memory
//    stays proportional to the bytes really present.
//  * RdbEnd is returned only after the checksum was found right.
//  * A value of a type other than string is an error that names type and key, never skipped.
//  * Every error says "<source>: at byte N: …"; after one, Next() must not be called again.
// Thread rule: one owner.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "common/base/status.h"
#include "node/persist/byte_io.h"

namespace rha::node::persist {

// Views in items are valid until the next call of Next().
struct RdbAux {
  std::string_view name, value;
};
struct RdbSelectDb {
  uint64_t index;
};
struct RdbResizeDb {
  uint64_t keys, expiring;
};
struct RdbFunction {
  std::string_view code;
};
// Data a module left beside the keys; its parts have been read and dropped.
struct RdbModuleAux {
  std::string module;
};
struct RdbKey {
  std::string_view key, value;
  int64_t expire_at_ms;  // kNoExpiry (rdb_writer.h): none
};
struct RdbEnd {};
using RdbItem =
    std::variant<RdbEnd, RdbKey, RdbAux, RdbSelectDb, RdbResizeDb, RdbFunction, RdbModuleAux>;

class RdbReader {
 public:
  explicit RdbReader(ByteSource& source, bool verify_checksum = true);

  // Reads the header.
  Status Start();
  Result<RdbItem> Next();

  int version() const { return version_; }
  uint64_t position() const { return base_ + pos_; }

 private:
  struct LengthOrEncoding {
    uint64_t length;
    uint8_t encoding;  // 0: `length` is a length; otherwise kEncoded…
  };
  struct Expiry {
    int64_t at_ms;
  };

  Status Fail(std::string_view what) const;
  uint64_t left() const { return (filled_ - pos_) + source_.remaining(); }
  // Makes `count` (≤ kReadBufferBytes) bytes lie in one piece at data().
  Status Need(size_t count, std::string_view what);
  const char* data() const { return buffer_.get() + pos_; }
  void Checksum();

  Result<uint8_t> Byte(std::string_view what);
  Result<LengthOrEncoding> LengthOrEncoded();
  Result<uint64_t> Length(std::string_view what);
  Result<std::string_view> String(std::string_view what, std::string& scratch);
  Result<std::string_view> Raw(uint64_t length, std::string_view what, std::string& scratch);
  Result<std::string_view> Integer(uint8_t encoding, std::string& scratch);
  Result<std::string_view> Compressed(std::string_view what, std::string& scratch);

  Result<RdbItem> Opcode(uint8_t opcode);
  Result<RdbItem> Key(uint8_t type);
  Result<RdbItem> ModuleAux();
  Result<RdbItem> End();
  Status UnsupportedType(uint8_t type, std::string_view key) const;

  ByteSource& source_;
  const bool verify_checksum_;
  std::unique_ptr<char[]> buffer_;
  size_t pos_ = 0, filled_ = 0;
  size_t checksummed_ = 0;  // bytes of the buffer that crc_ already covers
  uint64_t base_ = 0;       // position in the file of buffer_[0]
  uint64_t crc_ = 0;
  uint64_t item_start_ = 0;
  int version_ = 0;
  uint64_t db_index_ = 0;
  std::optional<int64_t> expire_at_ms_;  // of the key that follows
  std::string first_, second_, packed_;
};

}  // namespace rha::node::persist
