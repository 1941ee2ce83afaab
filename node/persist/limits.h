// Every limit of this folder, by name.
#pragma once

#include <cstddef>
#include <cstdint>

namespace rha::node::persist {

// Who writes a file all at once looks so often whether it is still wanted.
constexpr uint64_t kKeysBetweenLooks = 1024;

// Between us and the file.
constexpr size_t kWriteBufferBytes = 256 * 1024;

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
constexpr uint64_t kAofSequenceMax = uint64_t{1} << 62;  // of a file that a manifest names
// Turns that came while the writing thread was busy are written together up to here.
constexpr size_t kAofTurnKeptBytes = 256 * 1024;
constexpr size_t kAofWriteBytesMax = size_t{4} << 20;
// What is read of an increment at once.
constexpr size_t kAofReadBytes = 256 * 1024;

// A long save writes dirty pages back this often, so that the final fsync stays short.
constexpr size_t kSyncIntervalBytes = 32 * 1024 * 1024;

// A file without a name that is smaller is closed at once; a thread would cost more.
constexpr size_t kClosedAtOnceBytesMax = 256 * 1024;

// Collections without elements that are named in the log; all are counted.
constexpr uint64_t kEmptyKeysNamedMax = 10;

// Offsets are added to; nobody has streamed this many bytes.
constexpr int64_t kReplOffsetMax = int64_t{1} << 62;
constexpr size_t kReplIdBytes = 40;
// An RDB file's name of the RedisHA it belongs to; a longer one is not ours.
constexpr size_t kClusterUidBytesMax = 256;

}  // namespace rha::node::persist
