// Draft: a value being built under no key yet, for commands that compute one from other keys
// (ZUNIONSTORE, SORT ... STORE) or need it for a reply only.
//
//   Draft draft(Form::kZsetPacked, limits, secret);
//   auto zset = draft.As<Zset>();
//   zset.Put(member, score);
//   ctx.db().Put(key, draft.Take(), ...);
//
// Thread rule: the engine's thread.
#pragma once

#include <type_traits>

#include "node/types/slot.h"
#include "node/types/value.h"

namespace rha::node::types {

class Draft {
 public:
  // Empty, in that form. Limits and secret must outlive it; what is taken out needs the secret on.
  Draft(Form form, const FormLimits& limits, const structs::HashSecret& secret)
      : limits_(limits), secret_(secret), table_(secret) {
    const auto value = structs::EntryValue::Bytes({}, static_cast<uint8_t>(form));
    entry_ = table_.Insert(structs::Entry::Make({}, value), table_.Hash({}));
  }
  ~Draft() { Take(); }
  Draft(const Draft&) = delete;
  Draft& operator=(const Draft&) = delete;

  // As<Zset>() to change it, As<ZsetView>() to read it.
  template <typename Access>
  Access As() {
    if constexpr (std::is_constructible_v<Access, Slot>) {
      return Access(Slot(table_, entry_, limits_, secret_));
    } else {
      return Access(*entry_);
    }
  }
  structs::Entry entry() const { return *entry_; }
  bool empty() const { return IsEmptyCollection(*entry_); }

  // What was built; leaves nothing.
  Value Take() {
    Value value = Value::TakeFrom(*entry_);
    table_.SetValue(entry_, structs::EntryValue::Bytes({}, entry_->tag()));
    return value;
  }

 private:
  const FormLimits& limits_;
  const structs::HashSecret& secret_;
  structs::KeyTable table_;  // of one entry
  structs::Entry* entry_;
};

}  // namespace rha::node::types
