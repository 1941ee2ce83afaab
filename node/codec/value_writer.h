// ValueWriter: the bytes of one value as they stand behind its type (and, in a file, its key) in
// rdb_format.h, in the encodings that Redis 7.0 would choose for the same data; for lifetimes of
// fields, which it does not have, that of 7.4.
//
//   out.Byte(ValueWriter::TypeOf(entry));
//   ValueWriter(out).Write(entry);
//
// A large value can be written in pieces, so that whoever walks it may pause between them:
//
//   writer.Begin(fields);  writer.Field(field, value);  …
//
// Invariant: behind Begin() come exactly as many pieces as it announced (checked).
// Thread rule: one owner. It never allocates per value.
#pragma once

#include <cstdint>
#include <string_view>

#include "common/base/check.h"
#include "node/codec/rdb_format.h"
#include "node/codec/rdb_output.h"
#include "node/structs/listpack.h"
#include "node/types/stream.h"

namespace rha::node::codec {

class ValueWriter {
 public:
  // `out` must outlive it.
  explicit ValueWriter(RdbOutput& out) : out_(out) {}

  // As what Write() writes the value.
  static RdbType TypeOf(structs::Entry entry);
  void Write(structs::Entry entry);

  // ---- a value in pieces, of the type named
  void Begin(uint64_t pieces);
  void ListNode(std::string_view listpack);                    // kTypeListQuicklist2
  void Member(std::string_view member);                        // kTypeSet
  void Field(std::string_view field, std::string_view value);  // kTypeHash
  // kTypeHashTimed; no end is before `least_end_ms`.
  void BeginTimed(uint64_t fields, int64_t least_end_ms);
  void TimedField(const structs::Entry& field);
  // Quickest to load from the greatest to the least.
  void Scored(std::string_view member, double score);       // kTypeZset2
  void StreamBlock(const structs::StreamBlockView& block);  // kTypeStream2
  // Behind the last block, all else of the stream; its own entries are not looked at.
  void StreamRest(const types::StreamValue& stream);
  // All that were announced have come.
  bool complete() const { return pieces_left_ == 0; }

 private:
  void CountPiece() {
    RHA_CHECK(pieces_left_ > 0);
    --pieces_left_;
  }
  void List(structs::Entry entry);
  void Set(structs::Entry entry);
  void Zset(structs::Entry entry);
  void Hash(structs::Entry entry);
  void Stream(structs::Entry entry);
  void StreamGroup(const types::StreamGroup& group);
  void Id(structs::StreamId id);     // as two lengths
  void RawId(structs::StreamId id);  // as 16 bytes
  void Milliseconds(int64_t unix_ms) {
    out_.LittleEndian(static_cast<uint64_t>(unix_ms), sizeof unix_ms);
  }

  RdbOutput& out_;
  uint64_t pieces_left_ = 0;
  int64_t least_end_ms_ = 0;     // of the hash being written
  uint64_t stream_entries_ = 0;  // of the stream being written
  structs::StreamId stream_first_;
  structs::ListpackWriter listpack_;
};

}  // namespace rha::node::codec
