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
#include <string_view>

#include "common/base/status.h"
#include "node/codec/rdb_output.h"
#include "node/codec/value_writer.h"
#include "node/keyspace/item.h"
#include "node/keyspace/key_use.h"

namespace rha::node::persist {

using keyspace::kNoExpiry;
using RdbWriterOptions = codec::RdbOutput::Options;

class RdbWriter {
 public:
  RdbWriter(codec::ByteSink& sink, RdbWriterOptions options);

  // `version`: kRdbVersion, or kRdbVersionFieldEnds if some field has a lifetime.
  void Begin(int version = codec::kRdbVersion);
  void Aux(std::string_view name, std::string_view value);
  // Of functions; before the keys.
  void Library(std::string_view source);
  // The two counts are hints for the reader's tables.
  void SelectDb(uint64_t index, uint64_t keys, uint64_t expiring);
  // Of the key that follows.
  void Use(keyspace::KeyUse use);
  // A key with its whole value, of whichever type.
  void Key(const keyspace::Item& item);
  void Key(std::string_view key, std::string_view value, int64_t expire_at_ms);
  Status End();

  // ---- a value in pieces (codec/value_writer.h); counts are those of all pieces
  struct Head {
    std::string_view key;
    int64_t expire_at_ms;
  };
  void BeginList(const Head& head, uint64_t nodes) {
    BeginPieces(codec::kTypeListQuicklist2, head, nodes);
  }
  void ListNode(std::string_view listpack) { value_.ListNode(listpack); }
  void BeginSet(const Head& head, uint64_t members) { BeginPieces(codec::kTypeSet, head, members); }
  void Member(std::string_view member) { value_.Member(member); }
  void BeginHash(const Head& head, uint64_t fields) { BeginPieces(codec::kTypeHash, head, fields); }
  void Field(std::string_view field, std::string_view value) { value_.Field(field, value); }
  // No end of a field is before `least_end_ms`.
  void BeginTimedHash(const Head& head, uint64_t fields, int64_t least_end_ms) {
    KeyHead(codec::kTypeHashTimed, head);
    value_.BeginTimed(fields, least_end_ms);
  }
  void TimedField(const structs::Entry& field) { value_.TimedField(field); }
  void BeginZset(const Head& head, uint64_t members) {
    BeginPieces(codec::kTypeZset2, head, members);
  }
  void Scored(std::string_view member, double score) { value_.Scored(member, score); }
  void BeginStream(const Head& head, uint64_t blocks) {
    BeginPieces(codec::kTypeStream2, head, blocks);
  }
  void StreamBlock(const structs::StreamBlockView& block) { value_.StreamBlock(block); }
  void StreamRest(const types::StreamValue& stream) { value_.StreamRest(stream); }

  const Status& status() const { return out_.status(); }

 private:
  void KeyHead(codec::RdbType type, const Head& head);
  void BeginPieces(codec::RdbType type, const Head& head, uint64_t pieces) {
    KeyHead(type, head);
    value_.Begin(pieces);
  }

  codec::ByteSink& sink_;
  codec::RdbOutput out_;
  codec::ValueWriter value_;
};

}  // namespace rha::node::persist
