#include "node/persist/rdb_reader.h"

#include <fmt/format.h>

#include "node/codec/printable.h"
#include "node/codec/rdb_format.h"
#include "node/persist/limits.h"
#include "node/persist/rdb_writer.h"

namespace rha::node::persist {

using codec::kRdbChecksumBytes;
using codec::kRdbHeaderBytes;
using codec::kRdbVersionMax;
using codec::kRdbVersionMin;
using codec::kRdbVersionWithChecksum;
using codec::kTypeString;
using codec::Printable;
using codec::RdbTypeName;
using enum codec::RdbOpcode;
using enum codec::RdbModulePart;

RdbReader::RdbReader(codec::ByteSource& source, bool verify_checksum)
    : verify_checksum_(verify_checksum), input_(source, verify_checksum), value_(input_) {}

Status RdbReader::Start() {
  RHA_ASSIGN_OR_RETURN(const std::string_view header, input_.Bytes(kRdbHeaderBytes, "the header"));
  const Result<int> version = codec::RdbVersionOf(header);
  if (version.ok()) {
    version_ = *version;
    return {};
  }
  if (version.status().code() == Code::kCorrupt)
    return input_.FailAt(0, version.status().message());
  return Status(version.status().code(), input_.name() + ": " + version.status().message());
}

Result<RdbItem> RdbReader::Next() {
  RHA_RETURN_IF_ERROR(value_.PassOver());
  input_.set_place(nullptr);
  for (;;) {
    item_start_ = position();
    RHA_ASSIGN_OR_RETURN(const uint8_t opcode, input_.Byte("the list of keys (no end mark)"));
    // Expiry, idle time and frequency are attributes of the key that follows.
    switch (opcode) {
      case kOpExpireMs:
      case kOpExpireSeconds: {
        const size_t bytes = opcode == kOpExpireMs ? 8 : 4;
        RHA_ASSIGN_OR_RETURN(const uint64_t raw, input_.LittleEndian(bytes, "an expiry"));
        expire_at_ms_ = opcode == kOpExpireMs
                            ? static_cast<int64_t>(raw)
                            : int64_t{static_cast<int32_t>(static_cast<uint32_t>(raw))} * 1000;
        continue;
      }
      case kOpIdle: {
        RHA_ASSIGN_OR_RETURN(const uint64_t seconds, input_.Length("an idle time"));
        use_ = keyspace::KeyUse::Idle(seconds);
        continue;
      }
      case kOpFreq: {
        RHA_ASSIGN_OR_RETURN(const uint8_t counter, input_.Byte("a frequency"));
        use_ = keyspace::KeyUse::Frequency(counter);
        continue;
      }
      default:
        break;
    }
    if (opcode < kOpSlotImport) return Key(opcode);
    if (expire_at_ms_) return Fail("an expiry that no key follows");
    return Opcode(opcode);
  }
}

Result<RdbItem> RdbReader::Opcode(uint8_t opcode) {
  switch (opcode) {
    case kOpAux: {
      RHA_ASSIGN_OR_RETURN(const auto name, input_.String("field name", first_));
      RHA_ASSIGN_OR_RETURN(const auto value, input_.PassingString("field value", second_));
      return RdbItem(RdbAux{name, value});
    }
    case kOpSelectDb: {
      RHA_ASSIGN_OR_RETURN(place_.db, input_.Length("a database number"));
      if (place_.db > kDatabaseIndexMax) {
        return Fail(fmt::format("database number {} is out of range", place_.db));
      }
      return RdbItem(RdbSelectDb{place_.db});
    }
    case kOpResizeDb: {
      RHA_ASSIGN_OR_RETURN(const uint64_t keys, input_.Length("a number of keys"));
      RHA_ASSIGN_OR_RETURN(const uint64_t expiring, input_.Length("a number of expiring keys"));
      return RdbItem(RdbResizeDb{keys, expiring});
    }
    case kOpFunction: {
      RHA_ASSIGN_OR_RETURN(const auto code, input_.String("function library", first_));
      return RdbItem(RdbFunction{code});
    }
    case kOpModuleAux:
      return ModuleAux();
    case kOpSlotInfo: {
      for (int i = 0; i < 3; ++i) RHA_RETURN_IF_ERROR(input_.Length("of a slot").status());
      return RdbItem(RdbSlotInfo{});
    }
    case kOpSlotImport:
      return Fail("slots of a cluster that are being imported, which only Valkey reads");
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
      fmt::format("{}: at byte {}: key {} of database {} holds a {} (type {}), "
                  "which cannot be loaded",
                  input_.name(), item_start_, Printable(key), place_.db, RdbTypeName(type), type));
}

Result<RdbItem> RdbReader::Key(uint8_t type) {
  // The largest type Redis ever wrote is 21; what lies above is damage rather than a newer type.
  if (RdbTypeName(type) == "unknown") return Fail(fmt::format("unknown value type {}", type));
  RHA_ASSIGN_OR_RETURN(const auto key, input_.String("key", first_));
  place_.type = type;
  place_.key = key;
  input_.set_place(&place_);
  const int64_t expire_at_ms = expire_at_ms_.value_or(kNoExpiry);
  expire_at_ms_.reset();
  const keyspace::KeyUse use = std::exchange(use_, {});
  if (type == kTypeString) {
    RHA_ASSIGN_OR_RETURN(const auto value, input_.PassingString("string", second_));
    return RdbItem(RdbKey{key, value, expire_at_ms, use});
  }
  if (!codec::ValueReader::Knows(type)) return UnsupportedType(type, key);
  RHA_RETURN_IF_ERROR(value_.Begin(type));
  return RdbItem(RdbCollectionKey{key, codec::ValueReader::TypeOf(type), expire_at_ms, use});
}

// module id, "when" (opcode and number), then parts up to kModuleEnd.
Result<RdbItem> RdbReader::ModuleAux() {
  RHA_ASSIGN_OR_RETURN(const uint64_t id, input_.Length("a module id"));
  // Nine characters of six bits above a version of ten bits.
  static constexpr char kAlphabet[] =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  RdbModuleAux aux{std::string(9, ' ')};
  for (int i = 0; i < 9; ++i) aux.module[8 - i] = kAlphabet[id >> (10 + 6 * i) & 63];
  RHA_ASSIGN_OR_RETURN(const uint64_t when_opcode, input_.Length("a module's data"));
  RHA_ASSIGN_OR_RETURN([[maybe_unused]] const uint64_t when, input_.Length("a module's data"));
  if (when_opcode != kModuleUnsigned) return Fail("a module's data does not begin with its time");
  for (;;) {
    RHA_ASSIGN_OR_RETURN(const uint64_t part, input_.Length("a module's data"));
    switch (part) {
      case kModuleEnd:
        return RdbItem(std::move(aux));
      case kModuleSigned:
      case kModuleUnsigned: {
        RHA_ASSIGN_OR_RETURN([[maybe_unused]] const uint64_t number,
                             input_.Length("a module's number"));
        break;
      }
      case kModuleFloat:
      case kModuleDouble: {
        const size_t bytes = part == kModuleFloat ? 4 : 8;
        RHA_RETURN_IF_ERROR(input_.Bytes(bytes, "a module's number").status());
        break;
      }
      case kModuleString: {
        RHA_ASSIGN_OR_RETURN([[maybe_unused]] const auto text,
                             input_.String("module string", first_));
        break;
      }
      default:
        return Fail(fmt::format("unknown part {} in a module's data", part));
    }
  }
}

Result<RdbItem> RdbReader::End() {
  if (version_ < kRdbVersionWithChecksum) return RdbItem(RdbEnd{});
  const uint64_t computed = input_.Checksum();
  RHA_ASSIGN_OR_RETURN(const uint64_t stored,
                       input_.LittleEndian(kRdbChecksumBytes, "the checksum"));
  if (verify_checksum_ && stored != 0 && stored != computed) {
    return Fail(
        fmt::format("checksum {:016x} is stored but the content has {:016x}: the file is damaged "
                    "(RDB CRC error)",
                    stored, computed));
  }
  return RdbItem(RdbEnd{});
}

}  // namespace rha::node::persist
