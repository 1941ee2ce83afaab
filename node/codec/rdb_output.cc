#include "node/codec/rdb_output.h"

#include <algorithm>
#include <charconv>
#include <cstring>

#include "node/codec/crc64.h"
#include "node/codec/endian.h"
#include "node/codec/limits.h"
#include "node/codec/lzf.h"
#include "node/codec/rdb_format.h"

namespace rha::node::codec {

RdbOutput::RdbOutput(ByteSink* sink, size_t buffer_bytes, Options options)
    : sink_(sink),
      options_(options),
      capacity_(buffer_bytes),
      buffer_(std::make_unique_for_overwrite<char[]>(buffer_bytes)) {}

void RdbOutput::Flush() {
  if (used_ == 0) return;
  if (options_.checksum) crc_ = Crc64(crc_, buffer_.get(), used_);
  if (status_.ok()) status_ = sink_->Write({buffer_.get(), used_});
  used_ = 0;
}

void RdbOutput::MakeRoom(size_t bytes) {
  if (sink_ != nullptr) return Flush();
  capacity_ = std::max(2 * capacity_, used_ + bytes);
  auto larger = std::make_unique_for_overwrite<char[]>(capacity_);
  std::memcpy(larger.get(), buffer_.get(), used_);
  buffer_ = std::move(larger);
}

void RdbOutput::Bytes(std::string_view bytes) {
  while (!bytes.empty()) {
    Room(sink_ == nullptr ? bytes.size() : 1);
    const size_t copied = bytes.copy(buffer_.get() + used_, capacity_ - used_);
    used_ += copied;
    bytes.remove_prefix(copied);
  }
}

void RdbOutput::LittleEndian(uint64_t value, size_t bytes) {
  Room(kSmallBytesMax);
  StoreLittle(buffer_.get() + used_, value, bytes);
  used_ += bytes;
}

void RdbOutput::Length(uint64_t length) {
  Room(kSmallBytesMax);
  char* const out = buffer_.get() + used_;
  if (length < (1 << 6)) {
    out[0] = static_cast<char>(length);
    used_ += 1;
  } else if (length < (1 << 14)) {
    StoreBig(out, length | 0x4000, 2);
    used_ += 2;
  } else if (length <= UINT32_MAX) {
    out[0] = static_cast<char>(kLength32);
    StoreBig(out + 1, length, 4);
    used_ += 5;
  } else {
    out[0] = static_cast<char>(kLength64);
    StoreBig(out + 1, length, 8);
    used_ += 9;
  }
}

// Only text that is exactly how the number would be printed: "007" must come back as "007".
bool RdbOutput::TryInteger(std::string_view text) {
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
    StoreLittle(out + 1, static_cast<uint64_t>(value), 1);
    used_ += 2;
  } else if (value >= INT16_MIN && value <= INT16_MAX) {
    out[0] = static_cast<char>(kEncodedInt16);
    StoreLittle(out + 1, static_cast<uint64_t>(value), 2);
    used_ += 3;
  } else {
    out[0] = static_cast<char>(kEncodedInt32);
    StoreLittle(out + 1, static_cast<uint64_t>(value), 4);
    used_ += 5;
  }
  return true;
}

bool RdbOutput::TryCompressed(std::string_view text) {
  if (text.size() < kLzfInputBytesMin || text.size() > kLzfInputBytesMax) return false;
  // As in Redis: compression must save four bytes to be worth it.
  const size_t most = text.size() - 4;
  // Making one ready costs more than to compress a small value.
  static thread_local Lzf lzf;
  if (lzf_scratch_.size() < most) lzf_scratch_.resize(most);
  const size_t compressed = lzf.Compress(text, lzf_scratch_.data(), most);
  if (compressed == 0) return false;
  Byte(kEncodedLzf);
  Length(compressed);
  Length(text.size());
  Bytes({lzf_scratch_.data(), compressed});
  return true;
}

void RdbOutput::String(std::string_view text) {
  if (TryInteger(text)) return;
  if (options_.compress && TryCompressed(text)) return;
  Length(text.size());
  Bytes(text);
}

}  // namespace rha::node::codec
