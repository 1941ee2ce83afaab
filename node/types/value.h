// What holds for values of every type: encoding's name, size, and a value taken out of its key.
// Thread rule: the engine's thread.
#pragma once

#include <memory>
#include <string>

#include "node/structs/entry.h"
#include "node/types/form.h"
#include "node/types/large_value.h"
#include "node/types/slot.h"

namespace rha::node::types {

// What OBJECT ENCODING answers.
const char* EncodingName(structs::Entry entry);
// On the heap beyond the entry's block.
size_t LargeBytes(structs::Entry entry);
// A collection without members, which does not stay. Strings and streams are never empty in this
// sense (but for a stream that was not made yet).
bool IsEmptyCollection(structs::Entry entry);

// A value without a key: on its way to another one.
class Value {
 public:
  // Takes the large value out of an entry that is about to be freed; copies what lies in the entry.
  static Value TakeFrom(structs::Entry entry);
  // A deep copy.
  static Value CopyOf(structs::Entry entry);
  Type type() const { return TypeOf(form_); }
  // Valid while this lives.
  structs::EntryValue view() const;
  // The entry that was made from view() owns the large value now.
  void Release() { large_.release(); }

 private:
  Value() = default;
  Form form_ = Form::kString;
  structs::EntryValue::Kind kind_ = structs::EntryValue::Kind::kBytes;
  std::string bytes_;
  int64_t integer_ = 0;
  std::unique_ptr<LargeValue> large_;
};

}  // namespace rha::node::types
