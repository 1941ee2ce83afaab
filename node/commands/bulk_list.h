// Bulk strings gathered for a reply before their number is known.
// Any thread.
#pragma once

#include <cstdint>
#include <string_view>
#include <utility>

#include "common/resp/writer.h"

namespace rha::node::commands {

class BulkList {
 public:
  BulkList() = default;
  BulkList(const BulkList&) = delete;
  BulkList& operator=(const BulkList&) = delete;

  void Add(std::string_view text) {
    writer_.Bulk(text);
    ++size_;
  }
  int64_t size() const { return size_; }
  // Both leave the list empty.
  void WriteArray(resp::Writer& reply) {
    reply.Array(size_);
    reply.out()->Append(std::move(bulks_));
  }
  void WriteSet(resp::Writer& reply) {
    reply.Set(size_);
    reply.out()->Append(std::move(bulks_));
  }

 private:
  resp::OutputChain bulks_;
  resp::Writer writer_{&bulks_};  // bulk strings are the same in every protocol
  int64_t size_ = 0;
};

}  // namespace rha::node::commands
