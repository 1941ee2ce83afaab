// Every limit of this folder, by name.
#pragma once

#include <cstddef>
#include <cstdint>

namespace rha::node::persist {

// Buffers between us and the file.
constexpr size_t kReadBufferBytes = 256 * 1024;
constexpr size_t kWriteBufferBytes = 256 * 1024;

// A string larger than the read buffer grows by this much at a time, so that a forged length costs
// no more memory than the file really holds.
constexpr size_t kStringGrowthBytes = 16 * 1024 * 1024;

// No key, value or element of a file may be longer (structs/entry.h).
constexpr uint64_t kStringBytesMax = UINT32_MAX;
// Nor an element of a list (structs/listpack.h).
constexpr uint64_t kListElementBytesMax = (uint64_t{1} << 30) - 64;

// Room made for the members a file announces, before it showed them: this many at most, and no more
// than the rest of the file could hold at so many bytes each.
constexpr uint64_t kReservedMembersMax = 1 << 20;
constexpr uint64_t kReservedMemberBytes = 4;

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

// Databases a file may select; as many as `databases` can be set to.
constexpr uint64_t kDatabaseIndexMax = INT32_MAX;

// Loading in slices: this many keys or members between two looks at the clock.
constexpr size_t kItemsBetweenClockLooks = 256;

// A snapshot without a fork (image.h). Copies travel to the writing thread in chunks, of which the
// first of each buffer are smaller; the walk waits while so much is on its way.
constexpr size_t kImageChunkBytesMin = 512;
constexpr size_t kImageChunkBytes = 256 * 1024;
constexpr size_t kImageQueuedBytesMax = size_t{8} << 20;
// Keys or members between two looks at the clock, and how many are fetched ahead of being copied.
constexpr size_t kImageSliceEntries = 256;
constexpr size_t kImageBatchEntries = 32;
// So many bytes more of an entry take as long as another entry.
constexpr size_t kImageBytesPerEntry = 1024;
// A value of no more members and bytes is copied in one step; above it is walked in pieces.
constexpr size_t kCopiedAtOnceMax = 1000;
constexpr size_t kCopiedAtOnceBytesMax = 256 * 1024;
// What may wait for a walked value to end before its slices grow, and by how much.
constexpr size_t kAsideBytesMax = size_t{16} << 20;
constexpr size_t kHurriedSliceFactor = 8;

// A line of an append-only file's manifest, and of a note in one of its files, as Redis reads them.
constexpr size_t kAofManifestLineBytesMax = 1024;
constexpr size_t kAofNoteBytesMax = 1024;
constexpr size_t kAofManifestBytesMax = size_t{16} << 20;
// Turns that came while the writing thread was busy are written together up to here.
constexpr size_t kAofTurnKeptBytes = 256 * 1024;
constexpr size_t kAofWriteBytesMax = size_t{4} << 20;
// What is read of an increment at once.
constexpr size_t kAofReadBytes = size_t{1} << 20;

// Names in messages are cut here.
constexpr size_t kPrintableBytesMax = 64;

// A long save writes dirty pages back this often, so that the final fsync stays short.
constexpr size_t kSyncIntervalBytes = 32 * 1024 * 1024;

// Offsets are added to; nobody has streamed this many bytes.
constexpr int64_t kReplOffsetMax = int64_t{1} << 62;
constexpr size_t kReplIdBytes = 40;
// An RDB file's name of the RedisHA it belongs to; a longer one is not ours.
constexpr size_t kClusterUidBytesMax = 256;

}  // namespace rha::node::persist
