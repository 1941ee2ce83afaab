#include "node/codec/rdb_input.h"

#include <fmt/format.h>
#include <liblzf/lzf.h>

#include <algorithm>
#include <bit>
#include <charconv>
#include <cmath>
#include <cstring>
#include <limits>

#include "node/codec/crc64.h"
#include "node/codec/endian.h"
#include "node/codec/limits.h"
#include "node/codec/printable.h"
#include "node/codec/rdb_format.h"

namespace rha::node::codec {
bool ParseScore(std::string_view text, double* score) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), *score);
  return error == std::errc() && end == text.data() + text.size() && !std::isnan(*score);
}

RdbInput::RdbInput(ByteSource& source, bool verify_checksum)
    : source_(&source),
      verify_checksum_(verify_checksum),
      buffer_(std::make_unique_for_overwrite<char[]>(kReadBufferBytes)),
      bytes_(buffer_.get()),
      string_bytes_max_(kStringBytesMax) {}

RdbInput::RdbInput(std::string_view bytes, uint64_t string_bytes_max)
    : source_(nullptr),
      verify_checksum_(false),
      bytes_(bytes.data()),
      string_bytes_max_(std::min(string_bytes_max, kStringBytesMax)),
      filled_(bytes.size()) {}

const std::string& RdbInput::name() const {
  static const std::string kInMemory = "a value";
  return source_ == nullptr ? kInMemory : source_->name();
}

Status RdbInput::FailAt(uint64_t position, std::string_view what) const {
  std::string message = fmt::format("{}: at byte {}: ", name(), position);
  if (place_ != nullptr) {
    message += fmt::format("key {} of database {}, a {}: ", Printable(place_->key), place_->db,
                           RdbTypeName(place_->type));
  }
  message += what;
  return Status(Code::kCorrupt, std::move(message));
}

uint64_t RdbInput::Checksum() {
  if (verify_checksum_) crc_ = Crc64(crc_, bytes_ + checksummed_, pos_ - checksummed_);
  checksummed_ = pos_;
  return crc_;
}

Status RdbInput::Refill(size_t count, std::string_view what) {
  if (source_ == nullptr) return Fail(fmt::format("it ends inside {}", what));
  Checksum();
  std::memmove(buffer_.get(), data(), filled_ - pos_);
  base_ += pos_;
  filled_ -= pos_;
  pos_ = checksummed_ = 0;
  while (filled_ < count) {
    RHA_ASSIGN_OR_RETURN(const size_t got,
                         source_->Read(buffer_.get() + filled_, kReadBufferBytes - filled_));
    if (got == 0) return Fail(fmt::format("the file ends inside {}", what));
    filled_ += got;
  }
  return {};
}

Result<uint8_t> RdbInput::Byte(std::string_view what) {
  RHA_RETURN_IF_ERROR(Need(1, what));
  return static_cast<uint8_t>(bytes_[pos_++]);
}

Result<std::string_view> RdbInput::Bytes(size_t count, std::string_view what) {
  RHA_RETURN_IF_ERROR(Need(count, what));
  pos_ += count;
  return std::string_view(data() - count, count);
}

Result<uint64_t> RdbInput::LittleEndian(size_t bytes, std::string_view what) {
  RHA_RETURN_IF_ERROR(Need(bytes, what));
  pos_ += bytes;
  return LoadLittle(data() - bytes, bytes);
}

Result<RdbInput::LengthOrEncoding> RdbInput::LengthOrEncoded() {
  RHA_ASSIGN_OR_RETURN(const uint8_t first, Byte("a length"));
  switch (first >> 6) {
    case 0:
      return LengthOrEncoding{first, 0};
    case 1: {
      RHA_ASSIGN_OR_RETURN(const uint8_t second, Byte("a length"));
      return LengthOrEncoding{static_cast<uint64_t>(first & 0x3F) << 8 | second, 0};
    }
    case 3:
      if (first > kEncodedLzf) return Fail(fmt::format("unknown string encoding 0x{:02x}", first));
      return LengthOrEncoding{0, first};
    default:
      break;
  }
  if (first != kLength32 && first != kLength64) {
    return Fail(fmt::format("unknown length encoding 0x{:02x}", first));
  }
  const size_t bytes = first == kLength32 ? 4 : 8;
  RHA_RETURN_IF_ERROR(Need(bytes, "a length"));
  const uint64_t length = LoadBig(data(), bytes);
  pos_ += bytes;
  return LengthOrEncoding{length, 0};
}

Result<uint64_t> RdbInput::Length(std::string_view what) {
  RHA_ASSIGN_OR_RETURN(const LengthOrEncoding read, LengthOrEncoded());
  if (read.encoding != 0) return Fail(fmt::format("an encoded string where {} belongs", what));
  return read.length;
}

// ---------------------------------------------------------------- strings

Status RdbInput::TooLong(uint64_t length, std::string_view what) const {
  if (length > left()) {
    return Fail(fmt::format("{} length {} exceeds what is left of the file ({} bytes)", what,
                            length, left()));
  }
  if (length <= string_bytes_max_) return {};
  return Fail(fmt::format("{} length {} is beyond {}, the longest there can be", what, length,
                          string_bytes_max_));
}

Result<std::string_view> RdbInput::ReadString(std::string_view what, std::string& scratch,
                                              Copy copy) {
  // Most are short and lie in the buffer as a whole.
  const size_t ready = filled_ - pos_;
  if (ready > 0) {
    const auto first = static_cast<uint8_t>(bytes_[pos_]);
    const size_t head = first < 0x40 ? 1 : first < 0x80 && ready > 1 ? 2 : 0;
    if (head > 0) {
      const size_t length =
          head == 1 ? first : (first & 0x3fu) << 8 | static_cast<uint8_t>(bytes_[pos_ + 1]);
      if (ready - head >= length) {
        const std::string_view text(data() + head, length);
        pos_ += head + length;
        if (copy == Copy::kNo) return text;
        scratch.assign(text);
        return std::string_view(scratch);
      }
    }
  }
  RHA_ASSIGN_OR_RETURN(const LengthOrEncoding read, LengthOrEncoded());
  if (read.encoding == kEncodedLzf) return Compressed(what, scratch);
  if (read.encoding != 0) return Integer(read.encoding, scratch);
  if (copy == Copy::kYes || read.length > kReadBufferBytes || read.length > left()) {
    return Raw(read.length, what, scratch);
  }
  return Bytes(read.length, what);
}

Result<std::string_view> RdbInput::Raw(uint64_t length, std::string_view what,
                                       std::string& scratch) {
  RHA_RETURN_IF_ERROR(TooLong(length, what));
  scratch.clear();
  while (scratch.size() < length) {
    if (pos_ == filled_) RHA_RETURN_IF_ERROR(Need(1, what));
    const size_t step = std::min<uint64_t>(filled_ - pos_, length - scratch.size());
    if (scratch.capacity() < scratch.size() + step) {
      scratch.reserve(std::min<uint64_t>(
          length, scratch.size() + std::max(kStringGrowthBytes, scratch.size() / 2)));
    }
    scratch.append(data(), step);
    pos_ += step;
  }
  return std::string_view(scratch);
}

Result<std::string_view> RdbInput::Integer(uint8_t encoding, std::string& scratch) {
  const size_t bytes = encoding == kEncodedInt8 ? 1 : encoding == kEncodedInt16 ? 2 : 4;
  RHA_ASSIGN_OR_RETURN(const std::string_view raw, Bytes(bytes, "an integer"));
  const int64_t value = LoadLittleSigned(raw.data(), bytes);
  char text[24];
  const auto done = std::to_chars(text, text + sizeof text, value);
  scratch.assign(text, done.ptr);
  return std::string_view(scratch);
}

Result<std::string_view> RdbInput::Compressed(std::string_view what, std::string& scratch) {
  RHA_ASSIGN_OR_RETURN(const uint64_t compressed, Length("a compressed length"));
  RHA_ASSIGN_OR_RETURN(const uint64_t plain, Length("a decompressed length"));
  if (compressed > left()) {
    return Fail(fmt::format("compressed {} length {} exceeds what is left of the file ({} bytes)",
                            what, compressed, left()));
  }
  if (plain == 0 || plain > compressed * kLzfExpansionMax || plain > string_bytes_max_) {
    return Fail(
        fmt::format("{} compressed bytes cannot hold a {} of {} bytes", compressed, what, plain));
  }
  RHA_ASSIGN_OR_RETURN(const std::string_view packed, compressed <= kReadBufferBytes
                                                          ? Bytes(compressed, what)
                                                          : Raw(compressed, what, packed_));
  scratch.resize(plain);
  const unsigned got = lzf_decompress(packed.data(), static_cast<unsigned>(packed.size()),
                                      scratch.data(), static_cast<unsigned>(plain));
  if (got != plain) return Fail(fmt::format("the compressed {} does not decompress", what));
  return std::string_view(scratch);
}

// ---------------------------------------------------------------- scores

Result<double> RdbInput::BinaryDouble(std::string_view what) {
  RHA_ASSIGN_OR_RETURN(const uint64_t raw, LittleEndian(sizeof(double), what));
  const auto value = std::bit_cast<double>(raw);
  if (std::isnan(value)) return Fail(fmt::format("{} is not a number", what));
  return value;
}

Result<double> RdbInput::TextDouble(std::string_view what) {
  RHA_ASSIGN_OR_RETURN(const uint8_t length, Byte(what));
  switch (length) {
    case kScoreNan:
      return Fail(fmt::format("{} is not a number", what));
    case kScoreInfinite:
      return std::numeric_limits<double>::infinity();
    case kScoreMinusInfinite:
      return -std::numeric_limits<double>::infinity();
    default:
      break;
  }
  RHA_ASSIGN_OR_RETURN(const std::string_view text, Bytes(length, what));
  double score = 0;
  if (!ParseScore(text, &score)) {
    return Fail(fmt::format("{} {} is not a number", what, Printable(text)));
  }
  return score;
}

}  // namespace rha::node::codec
