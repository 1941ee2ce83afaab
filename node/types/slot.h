// Where a value lives: the entry of its key, with the table that keeps the sum of bytes.
//
// Slot is how the types (Hash, Set, ...) change what an entry holds; nobody else does. Reading
// needs only the entry's handle.
//
// Invariant: valid until a key of the table is inserted or taken. Thread rule: the engine's thread.
#pragma once

#include <cstring>
#include <string_view>

#include "node/structs/entry_table.h"
#include "node/types/form.h"
#include "node/types/large_value.h"
#include "node/types/limits.h"

namespace rha::node::types {

inline Form FormOf(structs::Entry entry) { return static_cast<Form>(entry.tag()); }

// REQUIRES: the entry is of that form.
template <typename Large>
Large& LargeOf(structs::Entry entry) {
  return *static_cast<Large*>(static_cast<LargeValue*>(entry.pointer()));
}

class Slot {
 public:
  Slot(structs::KeyTable& table, structs::Entry* entry, const FormLimits& limits,
       const structs::HashSecret& secret)
      : table_(&table), entry_(entry), limits_(&limits), secret_(&secret) {}

  structs::Entry entry() const { return *entry_; }
  Form form() const { return FormOf(*entry_); }
  const FormLimits& limits() const { return *limits_; }
  const structs::HashSecret& secret() const { return *secret_; }

  // REQUIRES: `bytes` does not lie in this entry.
  void SetBytes(Form form, std::string_view bytes) {
    table_->SetValue(entry_, structs::EntryValue::Bytes(bytes, static_cast<uint8_t>(form)));
  }
  void SetInteger(int64_t value) { table_->SetValue(entry_, structs::EntryValue::Integer(value)); }
  // The entry owns `large` from now on. What it held before: bytes.
  void SetLarge(Form form, LargeValue* large) {
    table_->SetValue(entry_, structs::EntryValue::Pointer(large, static_cast<uint8_t>(form)));
  }
  // Makes the bytes `size` long: keeps the front, leaves what is new unset.
  char* Resize(size_t size) { return table_->ResizeBytes(entry_, size); }
  // Replaces `erased` bytes at `at` by `added` unset ones; returns where these are.
  char* Splice(size_t at, size_t erased, size_t added);

 private:
  structs::KeyTable* table_;
  structs::Entry* entry_;
  const FormLimits* limits_;
  const structs::HashSecret* secret_;
};

inline char* Slot::Splice(size_t at, size_t erased, size_t added) {
  const size_t size = entry_->bytes().size();
  const size_t tail = size - at - erased;
  if (added > erased) {
    char* bytes = Resize(size + added - erased);
    std::memmove(bytes + at + added, bytes + at + erased, tail);
    return bytes + at;
  }
  char* bytes = entry_->mutable_bytes();
  std::memmove(bytes + at + added, bytes + at + erased, tail);
  return (added == erased ? bytes : Resize(size + added - erased)) + at;
}

}  // namespace rha::node::types
