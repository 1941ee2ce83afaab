// ValueBuilder: builds the value at which a ValueReader stands, in slices.
//
// Thread rule: the engine's thread.
#pragma once

#include <cstddef>
#include <cstdint>

#include "common/base/status.h"
#include "node/codec/seen_texts.h"
#include "node/codec/value_reader.h"
#include "node/types/slot.h"

namespace rha::node::codec {

class ValueBuilder {
 public:
  // All must outlive it.
  ValueBuilder(ValueReader& reader, const types::FormLimits& limits,
               const structs::HashSecret& secret)
      : reader_(reader), limits_(limits), seen_(secret) {}

  // The reader stands at a value of that type, which is no string.
  void Begin(types::Type type);
  // Takes elements while `budget` lasts; true: the value is complete. All slices get the same one,
  // of that type and empty at first.
  Result<bool> Step(types::Slot into, size_t* budget);
  // Likewise, but only reads them.
  Result<bool> Pass(size_t* budget);
  // The value that is complete had no elements: there is no such key.
  bool empty() const { return elements_ == 0; }

 private:
  Result<bool> FillList(types::Slot into, size_t* budget);
  Result<bool> FillSet(types::Slot into, size_t* budget);
  Result<bool> FillZset(types::Slot into, size_t* budget);
  Result<bool> FillHash(types::Slot into, size_t* budget);
  // Hands elements to `add`, which is false for one that was there before.
  template <typename Add>
  Result<bool> Each(size_t* budget, Add&& add);

  ValueReader& reader_;
  const types::FormLimits& limits_;
  types::Type type_ = types::Type::kString;
  SeenTexts seen_;  // fields or members of what will be packed
  uint64_t elements_ = 0;
};

}  // namespace rha::node::codec
