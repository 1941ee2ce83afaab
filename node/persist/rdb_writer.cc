#include "node/persist/rdb_writer.h"

#include <bit>
#include <charconv>
#include <cmath>
#include <cstdio>

#include "node/persist/crc64.h"
#include "node/persist/endian.h"
#include "node/persist/limits.h"
#include "node/persist/rdb_format.h"
#include "node/persist/stream_node.h"
#include "node/types/hash.h"
#include "node/types/list.h"
#include "node/types/set.h"
#include "node/types/string.h"
#include "node/types/zset.h"

namespace rha::node::persist {

using keyspace::Item;

namespace {

RdbWriter::Head HeadOf(const Item& item) { return {item.key(), item.expire_at_ms()}; }

// Kept in the entry's bytes, and small enough to become a listpack.
bool IsPacked(const Item& item) {
  return item.entry().kind() == structs::Entry::Kind::kBytes &&
         item.entry().bytes().size() <= kPackedBytesMax;
}

// A length of at most 9 bytes, an opcode, an 8 byte number: everything but plain strings fits.
constexpr size_t kSmallBytesMax = 16;

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

RdbWriter::RdbWriter(ByteSink& sink, RdbWriterOptions options)
    : sink_(sink),
      options_(options),
      buffer_(std::make_unique_for_overwrite<char[]>(kWriteBufferBytes)) {}

void RdbWriter::Flush() {
  if (used_ == 0) return;
  if (options_.checksum) crc_ = Crc64(crc_, buffer_.get(), used_);
  flushed_bytes_ += used_;
  if (status_.ok()) status_ = sink_.Write({buffer_.get(), used_});
  used_ = 0;
}

void RdbWriter::Room(size_t bytes) {
  if (kWriteBufferBytes - used_ < bytes) Flush();
}

void RdbWriter::Byte(uint8_t byte) {
  Room(1);
  buffer_[used_++] = static_cast<char>(byte);
}

void RdbWriter::Bytes(std::string_view bytes) {
  while (!bytes.empty()) {
    Room(1);
    const size_t copied = bytes.copy(buffer_.get() + used_, kWriteBufferBytes - used_);
    used_ += copied;
    bytes.remove_prefix(copied);
  }
}

void RdbWriter::Length(uint64_t length) {
  Room(kSmallBytesMax);
  char* const out = buffer_.get() + used_;
  if (length < (1 << 6)) {
    out[0] = static_cast<char>(length);
    used_ += 1;
  } else if (length < (1 << 14)) {
    StoreBig(out, length | 0x4000, 2);
    used_ += 2;
  } else if (length <= UINT32_MAX) {
    out[0] = static_cast<char>(kLength32);
    StoreBig(out + 1, length, 4);
    used_ += 5;
  } else {
    out[0] = static_cast<char>(kLength64);
    StoreBig(out + 1, length, 8);
    used_ += 9;
  }
}

// Only text that is exactly how the number would be printed: "007" must come back as "007".
bool RdbWriter::TryInteger(std::string_view text) {
  if (text.empty() || text.size() > kIntegerTextBytesMax) return false;
  if (text[0] != '-' && (text[0] < '0' || text[0] > '9')) return false;
  int32_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return false;
  char printed[16];
  const auto done = std::to_chars(printed, printed + sizeof printed, value);
  if (std::string_view(printed, static_cast<size_t>(done.ptr - printed)) != text) return false;

  Room(kSmallBytesMax);
  char* const out = buffer_.get() + used_;
  if (value >= INT8_MIN && value <= INT8_MAX) {
    out[0] = static_cast<char>(kEncodedInt8);
    StoreLittle(out + 1, static_cast<uint64_t>(value), 1);
    used_ += 2;
  } else if (value >= INT16_MIN && value <= INT16_MAX) {
    out[0] = static_cast<char>(kEncodedInt16);
    StoreLittle(out + 1, static_cast<uint64_t>(value), 2);
    used_ += 3;
  } else {
    out[0] = static_cast<char>(kEncodedInt32);
    StoreLittle(out + 1, static_cast<uint64_t>(value), 4);
    used_ += 5;
  }
  return true;
}

bool RdbWriter::TryCompressed(std::string_view text) {
  if (text.size() < kLzfInputBytesMin || text.size() > kLzfInputBytesMax) return false;
  // As in Redis: compression must save four bytes to be worth it.
  const size_t most = text.size() - 4;
  if (lzf_scratch_.size() < most) lzf_scratch_.resize(most);
  const size_t compressed = lzf_.Compress(text, lzf_scratch_.data(), most);
  if (compressed == 0) return false;
  Byte(kEncodedLzf);
  Length(compressed);
  Length(text.size());
  Bytes({lzf_scratch_.data(), compressed});
  return true;
}

void RdbWriter::String(std::string_view text) {
  if (TryInteger(text)) return;
  if (options_.compress && TryCompressed(text)) return;
  Length(text.size());
  Bytes(text);
}

void RdbWriter::Begin() {
  char version[5];
  std::snprintf(version, sizeof version, "%04d", kRdbVersion);
  Bytes(kRdbMagic);
  Bytes({version, 4});
}

void RdbWriter::Aux(std::string_view name, std::string_view value) {
  Byte(kOpAux);
  String(name);
  String(value);
}

void RdbWriter::SelectDb(uint64_t index, uint64_t keys, uint64_t expiring) {
  Byte(kOpSelectDb);
  Length(index);
  Byte(kOpResizeDb);
  Length(keys);
  Length(expiring);
}

// ---------------------------------------------------------------- keys

void RdbWriter::Use(keyspace::KeyUse use) {
  if (const auto seconds = use.idle_seconds()) {
    Byte(kOpIdle);
    Length(*seconds);
  } else if (const auto counter = use.frequency()) {
    Byte(kOpFreq);
    Byte(*counter);
  }
}

void RdbWriter::KeyHead(RdbType type, const Head& head) {
  RHA_CHECK(pieces_left_ == 0);
  if (head.expire_at_ms != kNoExpiry) {
    Room(kSmallBytesMax);
    buffer_[used_] = static_cast<char>(kOpExpireMs);
    StoreLittle(buffer_.get() + used_ + 1, static_cast<uint64_t>(head.expire_at_ms), 8);
    used_ += 9;
  }
  Byte(type);
  String(head.key);
}

void RdbWriter::Key(std::string_view key, std::string_view value, int64_t expire_at_ms) {
  if (!status_.ok()) return;
  KeyHead(kTypeString, {key, expire_at_ms});
  String(value);
}

void RdbWriter::Key(const Item& item) {
  if (!status_.ok()) return;
  switch (item.type()) {
    case types::Type::kString: {
      types::DecimalText scratch;
      return Key(item.key(), item.As<types::StringView>().View(scratch), item.expire_at_ms());
    }
    case types::Type::kList:
      return List(item);
    case types::Type::kSet:
      return Set(item);
    case types::Type::kZset:
      return Zset(item);
    case types::Type::kHash:
      return Hash(item);
    case types::Type::kStream:
      return Stream(item);
  }
  RHA_CHECK(false);
}

void RdbWriter::List(const Item& item) {
  const structs::QuickList& nodes = item.As<types::ListView>().nodes();
  BeginList(HeadOf(item), nodes.node_count());
  for (size_t i = 0; i < nodes.node_count(); ++i) ListNode(nodes.node(i).bytes());
}

void RdbWriter::Set(const Item& item) {
  const auto set = item.As<types::SetView>();
  if (const structs::IntSet* ints = set.ints()) {
    KeyHead(kTypeSetIntset, HeadOf(item));
    return String(ints->bytes());
  }
  BeginSet(HeadOf(item), set.size());
  set.ForEach([&](std::string_view member) { Member(member); });
}

void RdbWriter::Zset(const Item& item) {
  const auto zset = item.As<types::ZsetView>();
  if (IsPacked(item)) {
    listpack_.Begin();
    zset.ForEach([&](std::string_view member, double score) {
      listpack_.Append(member);
      AppendScore(listpack_, score);
    });
    KeyHead(kTypeZsetListpack, HeadOf(item));
    return String(listpack_.Finish());
  }
  BeginZset(HeadOf(item), zset.size());
  zset.ForRange({0, SIZE_MAX}, types::Direction::kDown,
                [&](std::string_view member, double score) { Scored(member, score); });
}

void RdbWriter::Hash(const Item& item) {
  const auto hash = item.As<types::HashView>();
  if (IsPacked(item)) {
    listpack_.Begin();
    hash.ForEach([&](std::string_view field, std::string_view value) {
      listpack_.Append(field);
      listpack_.Append(value);
    });
    KeyHead(kTypeHashListpack, HeadOf(item));
    return String(listpack_.Finish());
  }
  BeginHash(HeadOf(item), hash.size());
  hash.ForEach([&](std::string_view field, std::string_view value) { Field(field, value); });
}

void RdbWriter::Stream(const Item& item) {
  const auto stream = item.As<types::StreamView>();
  BeginStream(HeadOf(item), stream->log().block_count());
  stream->log().ForEachBlock([&](const structs::StreamBlockView& block) { StreamBlock(block); });
  StreamRest(*stream);
}

// ---------------------------------------------------------------- pieces

void RdbWriter::BeginPieces(RdbType type, const Head& head, uint64_t pieces) {
  KeyHead(type, head);
  Length(pieces);
  pieces_left_ = pieces;
}

void RdbWriter::ListNode(std::string_view listpack) {
  CountPiece();
  Length(kNodePacked);
  String(listpack);
}

void RdbWriter::Member(std::string_view member) {
  CountPiece();
  String(member);
}

void RdbWriter::Field(std::string_view field, std::string_view value) {
  CountPiece();
  String(field);
  String(value);
}

void RdbWriter::Scored(std::string_view member, double score) {
  CountPiece();
  String(member);
  Room(kSmallBytesMax);
  StoreLittle(buffer_.get() + used_, std::bit_cast<uint64_t>(score), sizeof score);
  used_ += sizeof score;
}

// ---------------------------------------------------------------- streams

void RdbWriter::Id(structs::StreamId id) {
  Length(id.ms);
  Length(id.seq);
}

void RdbWriter::RawId(structs::StreamId id) {
  char bytes[kStreamIdBytes];
  StoreStreamId(bytes, id);
  Bytes({bytes, sizeof bytes});
}

void RdbWriter::Milliseconds(int64_t unix_ms) {
  char bytes[sizeof unix_ms];
  StoreLittle(bytes, static_cast<uint64_t>(unix_ms), sizeof bytes);
  Bytes({bytes, sizeof bytes});
}

void RdbWriter::BeginStream(const Head& head, uint64_t blocks) {
  BeginPieces(kTypeStream2, head, blocks);
  stream_entries_ = 0;
  stream_first_ = {};
}

void RdbWriter::StreamBlock(const structs::StreamBlockView& block) {
  CountPiece();
  char id[kStreamIdBytes];
  StoreStreamId(id, block.base());
  String({id, sizeof id});
  String(EncodeStreamNode(block, listpack_));
  if (stream_entries_ == 0 || block.FirstId() < stream_first_) stream_first_ = block.FirstId();
  stream_entries_ += block.count();
}

void RdbWriter::StreamRest(const types::StreamValue& stream) {
  RHA_CHECK(pieces_left_ == 0);
  Length(stream_entries_);
  Id(stream.last_id());
  Id(stream_first_);
  Id(stream.max_deleted_id());
  Length(stream.entries_added());
  Length(stream.groups().size());
  for (const auto& [name, group] : stream.groups()) {
    String(name);
    StreamGroup(group);
  }
}

void RdbWriter::StreamGroup(const types::StreamGroup& group) {
  Id(group.last_id);
  Length(static_cast<uint64_t>(group.entries_read));
  Length(group.pending().size());
  for (auto at = group.pending().First(); at; ++at) {
    RawId(at->id);
    Milliseconds(at->value.at_ms);
    Length(at->value.count);
  }
  Length(group.consumers().size());
  for (const auto& [name, consumer] : group.consumers()) {
    String(name);
    Milliseconds(consumer.seen_ms);
    Length(consumer.pending.size());
    for (auto at = consumer.pending.First(); at; ++at) RawId(at->id);
  }
}

Status RdbWriter::End() {
  RHA_CHECK(pieces_left_ == 0);
  Byte(kOpEof);
  Flush();
  char checksum[kRdbChecksumBytes];
  StoreLittle(checksum, options_.checksum ? crc_ : 0, sizeof checksum);
  flushed_bytes_ += sizeof checksum;
  if (status_.ok()) status_ = sink_.Write({checksum, sizeof checksum});
  return status_;
}

}  // namespace rha::node::persist
