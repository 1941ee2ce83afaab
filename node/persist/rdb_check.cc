#include "node/persist/rdb_check.h"

#include <fmt/format.h>

#include "node/codec/crc64.h"
#include "node/codec/rdb_format.h"

namespace rha::node::persist {

using codec::Crc64;
using codec::kOpEof;
using codec::kRdbChecksumBytes;
using codec::kRdbHeaderBytes;
using codec::kRdbVersionWithChecksum;

void RdbCheck::Feed(std::string_view bytes) {
  if (header_.size() < kRdbHeaderBytes) {
    header_.append(bytes.substr(0, kRdbHeaderBytes - header_.size()));
  }
  // The last eight bytes so far stay out of the checksum.
  if (bytes.size() >= kRdbChecksumBytes) {
    crc_ = Crc64(crc_, tail_.data(), tail_.size());
    const size_t body = bytes.size() - kRdbChecksumBytes;
    crc_ = Crc64(crc_, bytes.data(), body);
    if (body > 0) {
      before_tail_ = bytes[body - 1];
    } else if (!tail_.empty()) {
      before_tail_ = tail_.back();
    }
    tail_.assign(bytes.substr(body));
    return;
  }
  tail_.append(bytes);
  if (tail_.size() <= kRdbChecksumBytes) return;
  const size_t body = tail_.size() - kRdbChecksumBytes;
  crc_ = Crc64(crc_, tail_.data(), body);
  before_tail_ = tail_[body - 1];
  tail_.erase(0, body);
}

Status RdbCheck::Finish() const {
  const auto corrupt = [](std::string what) {
    return Status(Code::kCorrupt, "the snapshot is damaged: " + std::move(what));
  };
  const Result<int> version = codec::RdbVersionOf(header_);
  if (!version.ok()) {
    return version.status().code() == Code::kCorrupt
               ? corrupt(version.status().message())
               : Status(version.status().code(), "the snapshot: " + version.status().message());
  }
  if (*version < kRdbVersionWithChecksum) return {};
  if (tail_.size() < kRdbChecksumBytes || static_cast<uint8_t>(before_tail_) != kOpEof) {
    return corrupt("its end is missing");
  }
  uint64_t stored = 0;
  for (size_t i = kRdbChecksumBytes; i-- > 0;) {
    stored = stored << 8 | static_cast<uint8_t>(tail_[i]);
  }
  if (stored == 0 || stored == crc_) return {};
  return corrupt(
      fmt::format("checksum {:016x} is stored but the content has {:016x}", stored, crc_));
}

}  // namespace rha::node::persist
