#include "node/codec/payload.h"

#include "common/base/check.h"
#include "node/codec/crc64.h"
#include "node/codec/endian.h"
#include "node/codec/rdb_format.h"
#include "node/codec/value_builder.h"
#include "node/codec/value_writer.h"
#include "node/types/draft.h"

namespace rha::node::codec {
namespace {

constexpr size_t kVersionBytes = 2;
constexpr size_t kFooterBytes = kVersionBytes + kRdbChecksumBytes;

}  // namespace

void SealPayload(RdbOutput& out, int version) {
  out.LittleEndian(static_cast<uint64_t>(version), kVersionBytes);
  const std::string_view sealed = out.buffered();
  out.LittleEndian(Crc64(0, sealed.data(), sealed.size()), kRdbChecksumBytes);
}

std::optional<OpenedPayload> OpenPayload(std::string_view payload, bool verify_checksum) {
  if (payload.size() < kFooterBytes) return std::nullopt;
  const std::string_view content = payload.substr(0, payload.size() - kFooterBytes);
  const char* const footer = content.data() + content.size();
  const auto version = static_cast<uint16_t>(LoadLittle(footer, kVersionBytes));
  if (!IsReadableRdbVersion(version)) return std::nullopt;
  const uint64_t stored = LoadLittle(footer + kVersionBytes, kRdbChecksumBytes);
  if (verify_checksum && Crc64(0, payload.data(), content.size() + kVersionBytes) != stored) {
    return std::nullopt;
  }
  return OpenedPayload{content, version};
}

RdbOutput PayloadOf(structs::Entry entry, bool compress) {
  RdbOutput out(nullptr, kPayloadBufferBytes, {.compress = compress, .checksum = false});
  const RdbType type = ValueWriter::TypeOf(entry);
  out.Byte(type);
  ValueWriter(out).Write(entry);
  SealPayload(out, type == kTypeHashTimed ? kRdbVersionFieldEnds : kRdbVersion);
  return out;
}

Result<types::Value> BuildValue(uint8_t type, ValueReader& reader, const ValueBuilding& building) {
  if (!ValueReader::Knows(type)) return reader.Fail("a type that cannot be loaded");
  RHA_RETURN_IF_ERROR(reader.Begin(type));
  const types::Type of = ValueReader::TypeOf(type);
  ValueBuilder builder(reader, building.limits, building.secret);
  builder.Begin(of);
  types::Draft draft(types::EmptyForm(of), building.limits, building.secret);
  size_t budget = SIZE_MAX;
  RHA_ASSIGN_OR_RETURN(const bool complete, builder.Step(draft.As<types::Slot>(), &budget));
  RHA_CHECK(complete);
  if (builder.empty()) return reader.Fail("a collection without elements");
  return draft.Take();
}

}  // namespace rha::node::codec
