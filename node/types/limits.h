// When a value takes its larger form; the names and defaults are Redis' options.
#pragma once

#include <cstddef>
#include <cstdint>

namespace rha::node::types {

struct FormLimits {
  int64_t hash_max_listpack_entries = 512;
  int64_t hash_max_listpack_value = 64;
  int64_t set_max_intset_entries = 512;
  int64_t zset_max_listpack_entries = 128;
  int64_t zset_max_listpack_value = 64;
  int64_t hll_sparse_max_bytes = 3000;  // of a string that is a HyperLogLog
  int64_t list_max_listpack_size = -2;  // -1..-5: 4..64 KB a node; positive: elements
  // Of a stream's blocks; 0: no limit.
  int64_t stream_node_max_bytes = 4096;
  int64_t stream_node_max_entries = 100;
};

constexpr size_t kEmbeddedStringBytesMax = 44;  // OBJECT ENCODING embstr

// A value of no more members than this is freed on the spot, a larger one in the background.
constexpr size_t kFreedAtOnceMax = 64;

}  // namespace rha::node::types
