#include "node/persist/rdb_reader.h"

#include <liblzf/lzf.h>
#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <charconv>
#include <cstring>

#include "node/persist/crc64.h"
#include "node/persist/limits.h"
#include "node/persist/printable.h"
#include "node/persist/rdb_format.h"
#include "node/persist/rdb_writer.h"

namespace rha::node::persist {
namespace {

uint64_t LoadLittle(const char* bytes, size_t count) {
  uint64_t value = 0;
  for (size_t i = count; i-- > 0;) value = value << 8 | static_cast<uint8_t>(bytes[i]);
  return value;
}

uint64_t LoadBig(const char* bytes, size_t count) {
  uint64_t value = 0;
  for (size_t i = 0; i < count; ++i) value = value << 8 | static_cast<uint8_t>(bytes[i]);
  return value;
}

}  // namespace

RdbReader::RdbReader(ByteSource& source, bool verify_checksum)
    : source_(source),
      verify_checksum_(verify_checksum),
      buffer_(std::make_unique<char[]>(kReadBufferBytes)) {}

Status RdbReader::Fail(std::string_view what) const {
  return Status(Code::kCorrupt,
                fmt::format("{}: at byte {}: {}", source_.name(), position(), what));
}

void RdbReader::Checksum() {
  if (verify_checksum_) crc_ = Crc64(crc_, buffer_.get() + checksummed_, pos_ - checksummed_);
  checksummed_ = pos_;
}

Status RdbReader::Need(size_t count, std::string_view what) {
  if (filled_ - pos_ >= count) return {};
  Checksum();
  std::memmove(buffer_.get(), data(), filled_ - pos_);
  base_ += pos_;
  filled_ -= pos_;
  pos_ = checksummed_ = 0;
  while (filled_ < count) {
    RHA_ASSIGN_OR_RETURN(const size_t got,
                         source_.Read(buffer_.get() + filled_, kReadBufferBytes - filled_));
    if (got == 0) return Fail(fmt::format("the file ends inside {}", what));
    filled_ += got;
  }
  return {};
}

Status RdbReader::Start() {
  RHA_RETURN_IF_ERROR(Need(kRdbHeaderBytes, "the header"));
  const std::string_view header(data(), kRdbHeaderBytes);
  if (!header.starts_with(kRdbMagic)) return Fail("not an RDB file: it does not begin with REDIS");
  const std::string_view digits = header.substr(kRdbMagic.size());
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), version_);
  if (error != std::errc() || end != digits.data() + digits.size()) {
    return Fail(fmt::format("the version {} is not a number", Printable(digits)));
  }
  if (version_ < kRdbVersionMin || version_ > kRdbVersionMax) {
    return Status(Code::kUnsupported,
                  fmt::format("{}: RDB version {} cannot be read, only {} to {}", source_.name(),
                              version_, kRdbVersionMin, kRdbVersionMax));
  }
  pos_ += kRdbHeaderBytes;
  return {};
}

Result<uint8_t> RdbReader::Byte(std::string_view what) {
  RHA_RETURN_IF_ERROR(Need(1, what));
  return static_cast<uint8_t>(buffer_[pos_++]);
}

Result<RdbReader::LengthOrEncoding> RdbReader::LengthOrEncoded() {
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

Result<uint64_t> RdbReader::Length(std::string_view what) {
  RHA_ASSIGN_OR_RETURN(const LengthOrEncoding read, LengthOrEncoded());
  if (read.encoding != 0) return Fail(fmt::format("an encoded string where {} belongs", what));
  return read.length;
}

Result<std::string_view> RdbReader::Raw(uint64_t length, std::string_view what,
                                        std::string& scratch) {
  if (length > left()) {
    return Fail(fmt::format("{} length {} exceeds what is left of the file ({} bytes)", what,
                            length, left()));
  }
  if (length <= kReadBufferBytes) {
    RHA_RETURN_IF_ERROR(Need(length, what));
    // Not a view into the buffer: the next string of the same item may move it.
    scratch.assign(data(), length);
    pos_ += length;
    return std::string_view(scratch);
  }
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

Result<std::string_view> RdbReader::Integer(uint8_t encoding, std::string& scratch) {
  const size_t bytes = encoding == kEncodedInt8 ? 1 : encoding == kEncodedInt16 ? 2 : 4;
  RHA_RETURN_IF_ERROR(Need(bytes, "an integer"));
  const uint64_t raw = LoadLittle(data(), bytes);
  pos_ += bytes;
  const int shift = 64 - static_cast<int>(bytes) * 8;
  const int64_t value = static_cast<int64_t>(raw << shift) >> shift;
  char text[24];
  const auto done = std::to_chars(text, text + sizeof text, value);
  scratch.assign(text, done.ptr);
  return std::string_view(scratch);
}

Result<std::string_view> RdbReader::Compressed(std::string_view what, std::string& scratch) {
  RHA_ASSIGN_OR_RETURN(const uint64_t compressed, Length("a compressed length"));
  RHA_ASSIGN_OR_RETURN(const uint64_t plain, Length("a decompressed length"));
  if (compressed > left()) {
    return Fail(fmt::format("compressed {} length {} exceeds what is left of the file ({} bytes)",
                            what, compressed, left()));
  }
  if (plain == 0 || plain > compressed * kLzfExpansionMax || plain > UINT32_MAX) {
    return Fail(
        fmt::format("{} compressed bytes cannot hold a {} of {} bytes", compressed, what, plain));
  }
  RHA_ASSIGN_OR_RETURN(const std::string_view packed, Raw(compressed, what, packed_));
  scratch.resize(plain);
  const unsigned got = lzf_decompress(packed.data(), static_cast<unsigned>(packed.size()),
                                      scratch.data(), static_cast<unsigned>(plain));
  if (got != plain) return Fail(fmt::format("the compressed {} does not decompress", what));
  return std::string_view(scratch);
}

Result<std::string_view> RdbReader::String(std::string_view what, std::string& scratch) {
  RHA_ASSIGN_OR_RETURN(const LengthOrEncoding read, LengthOrEncoded());
  if (read.encoding == 0) return Raw(read.length, what, scratch);
  if (read.encoding == kEncodedLzf) return Compressed(what, scratch);
  return Integer(read.encoding, scratch);
}

Result<RdbItem> RdbReader::Next() {
  for (;;) {
    item_start_ = position();
    RHA_ASSIGN_OR_RETURN(const uint8_t opcode, Byte("the list of keys (no end mark)"));
    // Expiry, idle time and frequency are attributes of the key that follows.
    switch (opcode) {
      case kOpExpireMs:
      case kOpExpireSeconds: {
        const size_t bytes = opcode == kOpExpireMs ? 8 : 4;
        RHA_RETURN_IF_ERROR(Need(bytes, "an expiry"));
        const uint64_t raw = LoadLittle(data(), bytes);
        pos_ += bytes;
        expire_at_ms_ = opcode == kOpExpireMs
                            ? static_cast<int64_t>(raw)
                            : int64_t{static_cast<int32_t>(static_cast<uint32_t>(raw))} * 1000;
        continue;
      }
      case kOpIdle: {
        RHA_ASSIGN_OR_RETURN([[maybe_unused]] const uint64_t seconds, Length("an idle time"));
        continue;
      }
      case kOpFreq: {
        RHA_ASSIGN_OR_RETURN([[maybe_unused]] const uint8_t counter, Byte("a frequency"));
        continue;
      }
      default:
        break;
    }
    if (opcode < kOpSlotInfo) return Key(opcode);
    if (expire_at_ms_) return Fail("an expiry that no key follows");
    return Opcode(opcode);
  }
}

Result<RdbItem> RdbReader::Opcode(uint8_t opcode) {
  switch (opcode) {
    case kOpAux: {
      RHA_ASSIGN_OR_RETURN(const auto name, String("field name", first_));
      RHA_ASSIGN_OR_RETURN(const auto value, String("field value", second_));
      return RdbItem(RdbAux{name, value});
    }
    case kOpSelectDb: {
      RHA_ASSIGN_OR_RETURN(db_index_, Length("a database number"));
      if (db_index_ > kDatabaseIndexMax) {
        return Fail(fmt::format("database number {} is out of range", db_index_));
      }
      return RdbItem(RdbSelectDb{db_index_});
    }
    case kOpResizeDb: {
      RHA_ASSIGN_OR_RETURN(const uint64_t keys, Length("a number of keys"));
      RHA_ASSIGN_OR_RETURN(const uint64_t expiring, Length("a number of expiring keys"));
      return RdbItem(RdbResizeDb{keys, expiring});
    }
    case kOpFunction: {
      RHA_ASSIGN_OR_RETURN(const auto code, String("function library", first_));
      return RdbItem(RdbFunction{code});
    }
    case kOpModuleAux:
      return ModuleAux();
    case kOpEof:
      return End();
    case kOpFunctionPreGa:
      return Fail("a function library of a release candidate of Redis 7.0, which nothing reads");
    default:
      return Fail(fmt::format("unknown opcode {}", opcode));
  }
}

Status RdbReader::UnsupportedType(uint8_t type, std::string_view key) const {
  return Status(
      Code::kUnsupported,
      fmt::format("{}: at byte {}: key {} of database {} holds a {} (type {}); "
                  "only strings can be loaded",
                  source_.name(), item_start_, Printable(key), db_index_, RdbTypeName(type), type));
}

Result<RdbItem> RdbReader::Key(uint8_t type) {
  // The largest type Redis ever wrote is 21; what lies above is damage rather than a newer type.
  if (RdbTypeName(type) == "unknown") return Fail(fmt::format("unknown value type {}", type));
  RHA_ASSIGN_OR_RETURN(const auto key, String("key", first_));
  if (type != kTypeString) return UnsupportedType(type, key);
  RHA_ASSIGN_OR_RETURN(const auto value, String("string", second_));
  const int64_t expire_at_ms = expire_at_ms_.value_or(kNoExpiry);
  expire_at_ms_.reset();
  return RdbItem(RdbKey{key, value, expire_at_ms});
}

// module id, "when" (opcode and number), then parts up to kModuleEnd.
Result<RdbItem> RdbReader::ModuleAux() {
  RHA_ASSIGN_OR_RETURN(const uint64_t id, Length("a module id"));
  // Nine characters of six bits above a version of ten bits.
  static constexpr char kAlphabet[] =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  RdbModuleAux aux{std::string(9, ' ')};
  for (int i = 0; i < 9; ++i) aux.module[8 - i] = kAlphabet[id >> (10 + 6 * i) & 63];
  RHA_ASSIGN_OR_RETURN(const uint64_t when_opcode, Length("a module's data"));
  RHA_ASSIGN_OR_RETURN([[maybe_unused]] const uint64_t when, Length("a module's data"));
  if (when_opcode != kModuleUnsigned) return Fail("a module's data does not begin with its time");
  for (;;) {
    RHA_ASSIGN_OR_RETURN(const uint64_t part, Length("a module's data"));
    switch (part) {
      case kModuleEnd:
        return RdbItem(std::move(aux));
      case kModuleSigned:
      case kModuleUnsigned: {
        RHA_ASSIGN_OR_RETURN([[maybe_unused]] const uint64_t number, Length("a module's number"));
        break;
      }
      case kModuleFloat:
      case kModuleDouble: {
        const size_t bytes = part == kModuleFloat ? 4 : 8;
        RHA_RETURN_IF_ERROR(Need(bytes, "a module's number"));
        pos_ += bytes;
        break;
      }
      case kModuleString: {
        RHA_ASSIGN_OR_RETURN([[maybe_unused]] const auto text, String("module string", first_));
        break;
      }
      default:
        return Fail(fmt::format("unknown part {} in a module's data", part));
    }
  }
}

Result<RdbItem> RdbReader::End() {
  if (version_ < kRdbVersionWithChecksum) return RdbItem(RdbEnd{});
  Checksum();
  const uint64_t computed = crc_;
  RHA_RETURN_IF_ERROR(Need(kRdbChecksumBytes, "the checksum"));
  const uint64_t stored = LoadLittle(data(), kRdbChecksumBytes);
  if (verify_checksum_ && stored != 0 && stored != computed) {
    return Fail(
        fmt::format("checksum {:016x} is stored but the content has {:016x}: the file is damaged",
                    stored, computed));
  }
  pos_ += kRdbChecksumBytes;
  return RdbItem(RdbEnd{});
}

}  // namespace rha::node::persist
