// Whether a file of which the bytes pass by is a whole RDB file: header, end mark and checksum. It
// does not look at the items between; RdbReader does.
// Thread rule: one owner. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "common/base/status.h"

namespace rha::node::persist {

class RdbCheck {
 public:
  void Feed(std::string_view bytes);
  // The file ends here.
  Status Finish() const;

 private:
  uint64_t crc_ = 0;      // of everything but tail_
  std::string header_;    // the first bytes
  std::string tail_;      // the last eight bytes, which may be the checksum
  char before_tail_ = 0;  // the byte before those: the end mark
};

}  // namespace rha::node::persist
