// Every limit of this folder, by name.
#pragma once

#include <cstddef>
#include <cstdint>

#include "node/types/field_lives.h"

namespace rha::node::codec {

// Between us and the source of a whole file.
constexpr size_t kReadBufferBytes = 256 * 1024;

// A string larger than the read buffer grows by this much at a time, so that a forged length costs
// no more memory than the file really holds.
constexpr size_t kStringGrowthBytes = 16 * 1024 * 1024;

// No key, value or element of a file may be longer (structs/entry.h).
constexpr uint64_t kStringBytesMax = UINT32_MAX;
// Nor an element of a list (structs/listpack.h).
constexpr uint64_t kListElementBytesMax = (uint64_t{1} << 30) - 64;

// Room made for the members a value announces, before it showed them: this many at most, and no
// more than the rest of the bytes could hold at so many each.
constexpr uint64_t kReservedMembersMax = 1 << 20;
constexpr uint64_t kReservedMemberBytes = 4;

// Of a field's lifetime, in Unix ms: year 4199, as in Redis.
constexpr uint64_t kFieldEndMax = uint64_t{types::kFieldEndMaxMs};

// A packed hash or sorted set of more bytes than this is written by its members.
constexpr size_t kPackedBytesMax = size_t{64} << 20;

// Strings up to this length are stored plain: LZF would not save enough to pay for itself (as in
// Redis).
constexpr size_t kLzfInputBytesMin = 21;
// Longer strings than this are stored plain.
constexpr size_t kLzfInputBytesMax = size_t{1} << 31;
// Three bytes of LZF describe at most 264 bytes of output; a claim beyond that is a forgery.
constexpr uint64_t kLzfExpansionMax = 264;

// Longest decimal text that may be an int32: "-2147483648".
constexpr size_t kIntegerTextBytesMax = 11;

// Names in messages are cut here.
constexpr size_t kPrintableBytesMax = 64;

}  // namespace rha::node::codec
