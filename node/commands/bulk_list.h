// Bulk strings gathered for a reply before their number is known.
// Any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

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
  void WriteArray(resp::Writer& reply) const {
    reply.Array(size_);
    reply.Raw(bytes_);
  }
  void WriteSet(resp::Writer& reply) const {
    reply.Set(size_);
    reply.Raw(bytes_);
  }

 private:
  std::string bytes_;
  resp::Writer writer_{&bytes_};  // bulk strings are the same in every protocol
  int64_t size_ = 0;
};

}  // namespace rha::node::commands
