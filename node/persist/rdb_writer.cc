#include "node/persist/rdb_writer.h"

#include <liblzf/lzf.h>

#include <charconv>
#include <cstring>

#include "node/persist/crc64.h"
#include "node/persist/limits.h"
#include "node/persist/rdb_format.h"

namespace rha::node::persist {
namespace {

// A length of at most 9 bytes, an opcode, an 8 byte number: everything but plain strings fits.
constexpr size_t kSmallBytesMax = 16;

template <typename Integer>
void StoreLittle(char* out, Integer value) {
  for (size_t i = 0; i < sizeof value; ++i) {
    out[i] = static_cast<char>(static_cast<uint64_t>(value) >> (8 * i));
  }
}

template <typename Integer>
void StoreBig(char* out, Integer value) {
  for (size_t i = 0; i < sizeof value; ++i) {
    out[i] = static_cast<char>(static_cast<uint64_t>(value) >> (8 * (sizeof value - 1 - i)));
  }
}

}  // namespace

RdbWriter::RdbWriter(ByteSink& sink, RdbWriterOptions options)
    : sink_(sink), options_(options), buffer_(std::make_unique<char[]>(kWriteBufferBytes)) {}

void RdbWriter::Flush() {
  if (used_ == 0) return;
  if (options_.checksum) crc_ = Crc64(crc_, buffer_.get(), used_);
  flushed_bytes_ += used_;
  if (status_.ok()) status_ = sink_.Write({buffer_.get(), used_});
  used_ = 0;
}

void RdbWriter::Room(size_t bytes) {
  if (kWriteBufferBytes - used_ < bytes) Flush();
}

void RdbWriter::Byte(uint8_t byte) {
  Room(1);
  buffer_[used_++] = static_cast<char>(byte);
}

void RdbWriter::Bytes(std::string_view bytes) {
  while (!bytes.empty()) {
    Room(1);
    const size_t copied = bytes.copy(buffer_.get() + used_, kWriteBufferBytes - used_);
    used_ += copied;
    bytes.remove_prefix(copied);
  }
}

void RdbWriter::Length(uint64_t length) {
  Room(kSmallBytesMax);
  char* const out = buffer_.get() + used_;
  if (length < (1 << 6)) {
    out[0] = static_cast<char>(length);
    used_ += 1;
  } else if (length < (1 << 14)) {
    StoreBig(out, static_cast<uint16_t>(length | 0x4000));
    used_ += 2;
  } else if (length <= UINT32_MAX) {
    out[0] = static_cast<char>(kLength32);
    StoreBig(out + 1, static_cast<uint32_t>(length));
    used_ += 5;
  } else {
    out[0] = static_cast<char>(kLength64);
    StoreBig(out + 1, length);
    used_ += 9;
  }
}

// Only text that is exactly how the number would be printed: "007" must come back as "007".
bool RdbWriter::TryInteger(std::string_view text) {
  if (text.empty() || text.size() > kIntegerTextBytesMax) return false;
  if (text[0] != '-' && (text[0] < '0' || text[0] > '9')) return false;
  int32_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return false;
  char printed[16];
  const auto done = std::to_chars(printed, printed + sizeof printed, value);
  if (std::string_view(printed, static_cast<size_t>(done.ptr - printed)) != text) return false;

  Room(kSmallBytesMax);
  char* const out = buffer_.get() + used_;
  if (value >= INT8_MIN && value <= INT8_MAX) {
    out[0] = static_cast<char>(kEncodedInt8);
    StoreLittle(out + 1, static_cast<int8_t>(value));
    used_ += 2;
  } else if (value >= INT16_MIN && value <= INT16_MAX) {
    out[0] = static_cast<char>(kEncodedInt16);
    StoreLittle(out + 1, static_cast<int16_t>(value));
    used_ += 3;
  } else {
    out[0] = static_cast<char>(kEncodedInt32);
    StoreLittle(out + 1, value);
    used_ += 5;
  }
  return true;
}

bool RdbWriter::TryCompressed(std::string_view text) {
  if (text.size() < kLzfInputBytesMin || text.size() > kLzfInputBytesMax) return false;
  // As in Redis: compression must save four bytes to be worth it.
  const size_t most = text.size() - 4;
  if (lzf_scratch_.size() < most) lzf_scratch_.resize(most);
  const unsigned compressed = lzf_compress(text.data(), static_cast<unsigned>(text.size()),
                                           lzf_scratch_.data(), static_cast<unsigned>(most));
  if (compressed == 0) return false;
  Byte(kEncodedLzf);
  Length(compressed);
  Length(text.size());
  Bytes({lzf_scratch_.data(), compressed});
  return true;
}

void RdbWriter::String(std::string_view text) {
  if (TryInteger(text)) return;
  if (options_.compress && TryCompressed(text)) return;
  Length(text.size());
  Bytes(text);
}

void RdbWriter::Begin() {
  char version[5];
  std::snprintf(version, sizeof version, "%04d", kRdbVersion);
  Bytes(kRdbMagic);
  Bytes({version, 4});
}

void RdbWriter::Aux(std::string_view name, std::string_view value) {
  Byte(kOpAux);
  String(name);
  String(value);
}

void RdbWriter::SelectDb(uint64_t index, uint64_t keys, uint64_t expiring) {
  Byte(kOpSelectDb);
  Length(index);
  Byte(kOpResizeDb);
  Length(keys);
  Length(expiring);
}

void RdbWriter::Key(std::string_view key, std::string_view value, int64_t expire_at_ms) {
  if (!status_.ok()) return;
  if (expire_at_ms != kNoExpiry) {
    Room(kSmallBytesMax);
    buffer_[used_] = static_cast<char>(kOpExpireMs);
    StoreLittle(buffer_.get() + used_ + 1, expire_at_ms);
    used_ += 9;
  }
  Byte(kTypeString);
  String(key);
  String(value);
}

Status RdbWriter::End() {
  Byte(kOpEof);
  Flush();
  char checksum[kRdbChecksumBytes];
  StoreLittle(checksum, options_.checksum ? crc_ : uint64_t{0});
  flushed_bytes_ += sizeof checksum;
  if (status_.ok()) status_ = sink_.Write({checksum, sizeof checksum});
  return status_;
}

}  // namespace rha::node::persist
