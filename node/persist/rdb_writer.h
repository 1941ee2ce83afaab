// Writes one RDB file of the format in rdb_format.h, in the encodings that Redis 7.0 would choose
// for the same data.
//
//   RdbWriter writer(sink, {});
//   writer.Begin();  writer.Aux("redis-ver", "7.0.15");
//   writer.SelectDb(0, keys, expiring);  writer.Key(item);  …
//   Status status = writer.End();
//
// A large value can be written in pieces, so that whoever walks it may pause between them:
//
//   writer.BeginHash({key, expire_at_ms}, fields);  writer.Field(field, value);  …
//
// Invariant: behind a Begin…() come exactly as many pieces as it announced (checked). Keys of a
// database may come in any order, databases too.
// The first failure of the sink is kept: later calls do nothing and End() returns it.
// Thread rule: one owner. It holds one buffer and never allocates per key.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "common/base/check.h"
#include "common/base/status.h"
#include "node/keyspace/item.h"
#include "node/keyspace/key_use.h"
#include "node/persist/byte_io.h"
#include "node/persist/lzf.h"
#include "node/persist/rdb_format.h"
#include "node/structs/listpack.h"
#include "node/types/stream.h"

namespace rha::node::persist {

using keyspace::kNoExpiry;

struct RdbWriterOptions {
  bool compress = true;  // rdbcompression
  bool checksum = true;  // rdbchecksum
};

class RdbWriter {
 public:
  RdbWriter(ByteSink& sink, RdbWriterOptions options);

  void Begin();
  void Aux(std::string_view name, std::string_view value);
  // The two counts are hints for the reader's tables.
  void SelectDb(uint64_t index, uint64_t keys, uint64_t expiring);
  // Of the key that follows.
  void Use(keyspace::KeyUse use);
  // A key with its whole value, of whichever type.
  void Key(const keyspace::Item& item);
  void Key(std::string_view key, std::string_view value, int64_t expire_at_ms);
  Status End();

  // ---- a value in pieces; counts are those of all pieces
  struct Head {
    std::string_view key;
    int64_t expire_at_ms;
  };
  void BeginList(const Head& head, uint64_t nodes) {
    BeginPieces(kTypeListQuicklist2, head, nodes);
  }
  void ListNode(std::string_view listpack);
  void BeginSet(const Head& head, uint64_t members) { BeginPieces(kTypeSet, head, members); }
  void Member(std::string_view member);
  void BeginHash(const Head& head, uint64_t fields) { BeginPieces(kTypeHash, head, fields); }
  void Field(std::string_view field, std::string_view value);
  // Quickest to load from the greatest to the least.
  void BeginZset(const Head& head, uint64_t members) { BeginPieces(kTypeZset2, head, members); }
  void Scored(std::string_view member, double score);
  void BeginStream(const Head& head, uint64_t blocks);
  void StreamBlock(const structs::StreamBlockView& block);
  // Behind the last block, all else of the stream; its own entries are not looked at.
  void StreamRest(const types::StreamValue& stream);

  const Status& status() const { return status_; }
  uint64_t bytes_written() const { return flushed_bytes_ + used_; }

 private:
  void KeyHead(RdbType type, const Head& head);
  void BeginPieces(RdbType type, const Head& head, uint64_t pieces);
  void CountPiece() {
    RHA_CHECK(pieces_left_ > 0);
    --pieces_left_;
  }
  void List(const keyspace::Item& item);
  void Set(const keyspace::Item& item);
  void Zset(const keyspace::Item& item);
  void Hash(const keyspace::Item& item);
  void Stream(const keyspace::Item& item);
  void StreamGroup(const types::StreamGroup& group);
  void Id(structs::StreamId id);     // as two lengths
  void RawId(structs::StreamId id);  // as 16 bytes
  void Milliseconds(int64_t unix_ms);
  void Byte(uint8_t byte);
  void Bytes(std::string_view bytes);
  void Length(uint64_t length);
  void String(std::string_view text);
  bool TryInteger(std::string_view text);
  bool TryCompressed(std::string_view text);
  void Room(size_t bytes);
  void Flush();

  ByteSink& sink_;
  const RdbWriterOptions options_;
  Status status_;
  std::unique_ptr<char[]> buffer_;
  size_t used_ = 0;
  uint64_t flushed_bytes_ = 0;
  uint64_t crc_ = 0;
  uint64_t pieces_left_ = 0;
  uint64_t stream_entries_ = 0;  // of the stream being written
  structs::StreamId stream_first_;
  Lzf lzf_;
  std::string lzf_scratch_;
  structs::ListpackWriter listpack_;
};

}  // namespace rha::node::persist
