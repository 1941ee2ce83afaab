// SeenTexts: whether a text is surely new among some, by hashes alone; for collections that would
// have to be searched through for each member otherwise.
// Thread rule: one owner.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "node/structs/keyed_hash.h"

namespace rha::node::codec {

class SeenTexts {
 public:
  explicit SeenTexts(const structs::HashSecret& secret) : secret_(secret) {}
  // None seen; room for that many.
  void Begin(size_t texts) {
    room_ = texts;
    slots_.assign(std::bit_ceil(2 * texts + 1), 0);
  }
  // True: it was not seen before, and is from now on. False: perhaps it was, or there is no room.
  bool SurelyNew(std::string_view text) {
    if (room_ == 0) return false;
    const uint64_t hash = structs::KeyedHash(secret_, text) | 1;
    size_t at = (hash >> 1) & (slots_.size() - 1);
    for (; slots_[at] != 0; at = (at + 1) & (slots_.size() - 1)) {
      if (slots_[at] == hash) return false;
    }
    slots_[at] = hash;
    --room_;
    return true;
  }

 private:
  const structs::HashSecret& secret_;
  std::vector<uint64_t> slots_;  // hashes, never 0
  size_t room_ = 0;
};

}  // namespace rha::node::codec
