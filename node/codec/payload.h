// Payload: what DUMP gives for a key and RESTORE takes (FUNCTION DUMP's is alike): RDB content that
// no file stands around, sealed by a footer.
//
//   payload  = content version(2, little endian) crc64(8, little endian)
//   content  = type(1) value                          of a key; grammar in rdb_format.h
//
// The checksum is CRC-64/Jones over all before it; unlike a file's it is never left out.
// Thread rule: pure; values belong to the engine's thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "common/base/status.h"
#include "node/codec/rdb_output.h"
#include "node/codec/value_reader.h"
#include "node/types/value.h"

namespace rha::node::codec {

// For an RdbOutput of one; most values are small.
constexpr size_t kPayloadBufferBytes = 256;

// `version`: the lowest that can hold the content. REQUIRES: `out` has no sink and holds that.
void SealPayload(RdbOutput& out, int version);

struct OpenedPayload {
  std::string_view content;
  uint16_t version;
};
// None: it is too short, of a version that cannot be read, or damaged. Without `verify_checksum`
// damage is for who reads the content to find.
std::optional<OpenedPayload> OpenPayload(std::string_view payload, bool verify_checksum = true);

// The whole payload of a key, in an output made for it.
RdbOutput PayloadOf(structs::Entry entry, bool compress);

// Builds what the reader, at its beginning, stands before: no string. Never more memory than the
// input accounts for, whatever it claims. An empty collection is an error.
struct ValueBuilding {
  const types::FormLimits& limits;
  const structs::HashSecret& secret;
};
Result<types::Value> BuildValue(uint8_t type, ValueReader& reader, const ValueBuilding& building);

}  // namespace rha::node::codec
