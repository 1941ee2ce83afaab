// Writes one RDB file of the format in rdb_format.h, byte for byte what Redis 7.0 would write for
// the same data.
//
//   RdbWriter writer(sink, {});
//   writer.Begin();  writer.Aux("redis-ver", "7.0.15");
//   writer.SelectDb(0, keys, expiring);  writer.Key("k", "v", kNoExpiry);  …
//   Status status = writer.End();
//
// The first failure of the sink is kept: later calls do nothing and End() returns it.
// Thread rule: one owner. It holds one buffer and never allocates per key.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "common/base/status.h"
#include "node/persist/byte_io.h"

namespace rha::node::persist {

constexpr int64_t kNoExpiry = -1;

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
  void Key(std::string_view key, std::string_view value, int64_t expire_at_ms);
  Status End();

  const Status& status() const { return status_; }
  uint64_t bytes_written() const { return flushed_bytes_ + used_; }

 private:
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
  std::string lzf_scratch_;
};

}  // namespace rha::node::persist
