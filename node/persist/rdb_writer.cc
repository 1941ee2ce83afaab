#include "node/persist/rdb_writer.h"

#include <cstdio>

#include "common/base/check.h"
#include "node/codec/endian.h"
#include "node/persist/limits.h"

namespace rha::node::persist {

RdbWriter::RdbWriter(codec::ByteSink& sink, RdbWriterOptions options)
    : sink_(sink), out_(&sink, kWriteBufferBytes, options), value_(out_) {}

void RdbWriter::Begin(int version) {
  char digits[5];
  std::snprintf(digits, sizeof digits, "%04d", version);
  out_.Bytes(codec::kRdbMagic);
  out_.Bytes({digits, 4});
}

void RdbWriter::Aux(std::string_view name, std::string_view value) {
  out_.Byte(codec::kOpAux);
  out_.String(name);
  out_.String(value);
}

void RdbWriter::Library(std::string_view source) {
  out_.Byte(codec::kOpFunction);
  out_.String(source);
}

void RdbWriter::SelectDb(uint64_t index, uint64_t keys, uint64_t expiring) {
  out_.Byte(codec::kOpSelectDb);
  out_.Length(index);
  out_.Byte(codec::kOpResizeDb);
  out_.Length(keys);
  out_.Length(expiring);
}

void RdbWriter::Use(keyspace::KeyUse use) {
  if (const auto seconds = use.idle_seconds()) {
    out_.Byte(codec::kOpIdle);
    out_.Length(*seconds);
  } else if (const auto counter = use.frequency()) {
    out_.Byte(codec::kOpFreq);
    out_.Byte(*counter);
  }
}

void RdbWriter::KeyHead(codec::RdbType type, const Head& head) {
  RHA_CHECK(value_.complete());
  if (head.expire_at_ms != kNoExpiry) {
    out_.Byte(codec::kOpExpireMs);
    out_.LittleEndian(static_cast<uint64_t>(head.expire_at_ms), 8);
  }
  out_.Byte(type);
  out_.String(head.key);
}

void RdbWriter::Key(std::string_view key, std::string_view value, int64_t expire_at_ms) {
  if (!status().ok()) return;
  KeyHead(codec::kTypeString, {key, expire_at_ms});
  out_.String(value);
}

void RdbWriter::Key(const keyspace::Item& item) {
  if (!status().ok()) return;
  KeyHead(codec::ValueWriter::TypeOf(item.entry()), {item.key(), item.expire_at_ms()});
  value_.Write(item.entry());
}

Status RdbWriter::End() {
  RHA_CHECK(value_.complete());
  out_.Byte(codec::kOpEof);
  out_.Flush();
  char checksum[codec::kRdbChecksumBytes];
  codec::StoreLittle(checksum, out_.checksum(), sizeof checksum);
  return status().ok() ? sink_.Write({checksum, sizeof checksum}) : status();
}

}  // namespace rha::node::persist
