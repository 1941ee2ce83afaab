// A stream's entries as Redis keeps them in its files: one listpack for each of its radix tree's
// nodes (t_stream.c), and back.
//
//   node     entries deleted fields field* 0  entry*
//   entry    flags ms seq ( fields (field value)* | value* ) elements
//
//   flags    1: deleted; 2: it has the node's fields, and `fields` and the field names are left out
//   ms, seq  what its id has beyond the node's
//   elements how many stand before it, from the flags on
//
// Thread rule: any thread.
#pragma once

#include <cstddef>
#include <deque>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/base/status.h"
#include "node/structs/listpack.h"
#include "node/structs/stream_block.h"

namespace rha::node::codec {

constexpr size_t kStreamIdBytes = 16;
// Big endian, so that bytes compare as ids do.
void StoreStreamId(char* to, structs::StreamId id);
structs::StreamId LoadStreamId(const char* from);

// Valid until `writer` is used again.
std::string_view EncodeStreamNode(const structs::StreamBlockView& block,
                                  structs::ListpackWriter& writer);

// Decodes nodes; keeps its buffers.
class StreamNodeDecoder {
 public:
  ~StreamNodeDecoder() { Clear(); }
  // The entries that are not deleted, mostly in one block; none if there are none. They stay this
  // object's until TakeBlocks().
  Status Decode(structs::StreamId base, std::string_view listpack);
  std::vector<structs::StreamBlock> TakeBlocks() { return std::exchange(blocks_, {}); }

 private:
  class Reader;
  void Clear();
  Status DecodeEntry(structs::StreamId base, Reader& reader);
  Status Take(structs::StreamId id);

  std::vector<structs::StreamBlock> blocks_;
  std::vector<std::string> fields_;      // of the node
  std::deque<std::string> numbers_;      // among the entry's texts; they stay where they are
  std::vector<std::string_view> entry_;  // fields and values in turn
  structs::StreamId last_;
  bool any_ = false;
};

}  // namespace rha::node::codec
