#include "node/codec/value_writer.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdio>

#include "node/codec/limits.h"
#include "node/codec/stream_node.h"
#include "node/types/hash.h"
#include "node/types/list.h"
#include "node/types/set.h"
#include "node/types/string.h"
#include "node/types/zset.h"

namespace rha::node::codec {

using structs::Entry;
using types::Type;

namespace {

// Kept in the entry's bytes, and small enough to become a listpack.
bool IsPacked(Entry entry) {
  return entry.kind() == Entry::Kind::kBytes && entry.bytes().size() <= kPackedBytesMax;
}

// As Redis keeps a score in a listpack: an integer where the number is one.
void AppendScore(structs::ListpackWriter& listpack, double score) {
  constexpr double kExactMax = static_cast<double>(INT64_MAX / 2);
  if (score >= -kExactMax && score <= kExactMax) {
    const auto integer = static_cast<int64_t>(score);
    if (static_cast<double>(integer) == score) return listpack.Append(integer);
  }
  if (std::isinf(score)) return listpack.Append(score > 0 ? "inf" : "-inf");
  char text[32];
  const int size = std::snprintf(text, sizeof text, "%.17g", score);
  listpack.Append(std::string_view(text, static_cast<size_t>(size)));
}

}  // namespace

RdbType ValueWriter::TypeOf(Entry entry) {
  switch (types::TypeOf(types::FormOf(entry))) {
    case Type::kString:
      break;
    case Type::kList:
      return kTypeListQuicklist2;
    case Type::kSet:
      return types::SetView(entry).ints() != nullptr ? kTypeSetIntset : kTypeSet;
    case Type::kZset:
      return IsPacked(entry) ? kTypeZsetListpack : kTypeZset2;
    case Type::kHash:
      if (IsPacked(entry)) return kTypeHashListpack;
      return types::HashView(entry).timed() != nullptr ? kTypeHashTimed : kTypeHash;
    case Type::kStream:
      return kTypeStream2;
  }
  return kTypeString;
}

void ValueWriter::Write(Entry entry) {
  switch (types::TypeOf(types::FormOf(entry))) {
    case Type::kString: {
      types::DecimalText scratch;
      return out_.String(types::StringView(entry).View(scratch));
    }
    case Type::kList:
      return List(entry);
    case Type::kSet:
      return Set(entry);
    case Type::kZset:
      return Zset(entry);
    case Type::kHash:
      return Hash(entry);
    case Type::kStream:
      return Stream(entry);
  }
  RHA_CHECK(false);
}

void ValueWriter::List(Entry entry) {
  const structs::QuickList& nodes = types::ListView(entry).nodes();
  Begin(nodes.node_count());
  for (size_t i = 0; i < nodes.node_count(); ++i) ListNode(nodes.node(i).bytes());
}

void ValueWriter::Set(Entry entry) {
  const types::SetView set(entry);
  if (const structs::IntSet* ints = set.ints()) return out_.String(ints->bytes());
  Begin(set.size());
  set.ForEach([&](std::string_view member) { Member(member); });
}

void ValueWriter::Zset(Entry entry) {
  const types::ZsetView zset(entry);
  if (IsPacked(entry)) {
    listpack_.Begin();
    zset.ForEach([&](std::string_view member, double score) {
      listpack_.Append(member);
      AppendScore(listpack_, score);
    });
    return out_.String(listpack_.Finish());
  }
  Begin(zset.size());
  zset.ForRange({0, SIZE_MAX}, types::Direction::kDown,
                [&](std::string_view member, double score) { Scored(member, score); });
}

void ValueWriter::Hash(Entry entry) {
  const types::HashView hash(entry);
  if (IsPacked(entry)) {
    listpack_.Begin();
    hash.ForEach([&](std::string_view field, std::string_view value) {
      listpack_.Append(field);
      listpack_.Append(value);
    });
    return out_.String(listpack_.Finish());
  }
  if (const types::HashTable* timed = hash.timed()) {
    BeginTimed(timed->size(), timed->lives()->next_ms());
    return timed->fields().ForEachEntry([&](const Entry& field) { TimedField(field); });
  }
  Begin(hash.size());
  hash.ForEach([&](std::string_view field, std::string_view value) { Field(field, value); });
}

void ValueWriter::Stream(Entry entry) {
  const types::StreamView stream(entry);
  Begin(stream->log().block_count());
  stream->log().ForEachBlock([&](const structs::StreamBlockView& block) { StreamBlock(block); });
  StreamRest(*stream);
}

// ---------------------------------------------------------------- pieces

void ValueWriter::Begin(uint64_t pieces) {
  RHA_CHECK(complete());
  out_.Length(pieces);
  pieces_left_ = pieces;
  stream_entries_ = 0;
  stream_first_ = {};
}

void ValueWriter::ListNode(std::string_view listpack) {
  CountPiece();
  out_.Length(kNodePacked);
  out_.String(listpack);
}

void ValueWriter::Member(std::string_view member) {
  CountPiece();
  out_.String(member);
}

void ValueWriter::Field(std::string_view field, std::string_view value) {
  CountPiece();
  out_.String(field);
  out_.String(value);
}

void ValueWriter::BeginTimed(uint64_t fields, int64_t least_end_ms) {
  least_end_ms_ = std::max<int64_t>(least_end_ms, 0);
  Milliseconds(least_end_ms_);
  Begin(fields);
}

void ValueWriter::TimedField(const Entry& field) {
  CountPiece();
  out_.Length(field.is_timed() ? static_cast<uint64_t>(field.expire_at() - least_end_ms_ + 1) : 0);
  out_.String(field.key());
  out_.String(field.bytes());
}

void ValueWriter::Scored(std::string_view member, double score) {
  CountPiece();
  out_.String(member);
  out_.LittleEndian(std::bit_cast<uint64_t>(score), sizeof score);
}

// ---------------------------------------------------------------- streams

void ValueWriter::Id(structs::StreamId id) {
  out_.Length(id.ms);
  out_.Length(id.seq);
}

void ValueWriter::RawId(structs::StreamId id) {
  char bytes[kStreamIdBytes];
  StoreStreamId(bytes, id);
  out_.Bytes({bytes, sizeof bytes});
}

void ValueWriter::StreamBlock(const structs::StreamBlockView& block) {
  CountPiece();
  char id[kStreamIdBytes];
  StoreStreamId(id, block.base());
  out_.String({id, sizeof id});
  out_.String(EncodeStreamNode(block, listpack_));
  if (stream_entries_ == 0 || block.FirstId() < stream_first_) stream_first_ = block.FirstId();
  stream_entries_ += block.count();
}

void ValueWriter::StreamRest(const types::StreamValue& stream) {
  RHA_CHECK(complete());
  out_.Length(stream_entries_);
  Id(stream.last_id());
  Id(stream_first_);
  Id(stream.max_deleted_id());
  out_.Length(stream.entries_added());
  out_.Length(stream.groups().size());
  for (const auto& [name, group] : stream.groups()) {
    out_.String(name);
    StreamGroup(group);
  }
}

void ValueWriter::StreamGroup(const types::StreamGroup& group) {
  Id(group.last_id);
  out_.Length(static_cast<uint64_t>(group.entries_read));
  out_.Length(group.pending().size());
  for (auto at = group.pending().First(); at; ++at) {
    RawId(at->id);
    Milliseconds(at->value.at_ms);
    out_.Length(at->value.count);
  }
  out_.Length(group.consumers().size());
  for (const auto& [name, consumer] : group.consumers()) {
    out_.String(name);
    Milliseconds(consumer.seen_ms);
    out_.Length(consumer.pending.size());
    for (auto at = consumer.pending.First(); at; ++at) RawId(at->id);
  }
}

}  // namespace rha::node::codec
