#include "node/types/value.h"

namespace rha::node::types {

using structs::Entry;
using structs::EntryValue;

const char* EncodingName(Entry entry) {
  switch (FormOf(entry)) {
    case Form::kString:
      if (entry.kind() == Entry::Kind::kInteger) return "int";
      return entry.bytes().size() <= kEmbeddedStringBytesMax ? "embstr" : "raw";
    case Form::kStringEdited:
      return "raw";
    case Form::kListNodes:
      return "quicklist";
    case Form::kSetInts:
      return "intset";
    case Form::kSetTable:
    case Form::kHashTable:
      return "hashtable";
    case Form::kZsetPacked:
    case Form::kHashPacked:
      return "listpack";
    case Form::kZsetTree:
      return "skiplist";
    case Form::kStreamLog:
      return "stream";
  }
  return "unknown";
}

namespace {

const LargeValue* LargeIn(Entry entry) {
  return entry.kind() == Entry::Kind::kPointer ? static_cast<LargeValue*>(entry.pointer())
                                               : nullptr;
}

}  // namespace

size_t LargeBytes(Entry entry) {
  const LargeValue* large = LargeIn(entry);
  return large == nullptr ? 0 : large->heap_bytes();
}

bool IsEmptyCollection(Entry entry) {
  if (TypeOf(FormOf(entry)) == Type::kString) return false;
  const LargeValue* large = LargeIn(entry);
  if (large == nullptr) return entry.bytes().empty();
  return TypeOf(FormOf(entry)) != Type::kStream && large->size() == 0;
}

Value Value::TakeFrom(Entry entry) {
  Value value;
  value.form_ = FormOf(entry);
  value.kind_ = entry.kind();
  switch (value.kind_) {
    case EntryValue::Kind::kBytes:
      value.bytes_ = entry.bytes();
      break;
    case EntryValue::Kind::kInteger:
      value.integer_ = entry.integer();
      break;
    case EntryValue::Kind::kPointer:
      value.large_.reset(static_cast<LargeValue*>(entry.pointer()));
      break;
  }
  return value;
}

Value Value::CopyOf(Entry entry) {
  Value value = TakeFrom(entry);
  if (LargeValue* original = value.large_.release()) value.large_ = original->Clone();
  return value;
}

EntryValue Value::view() const {
  return {.kind = kind_,
          .tag = static_cast<uint8_t>(form_),
          .bytes = bytes_,
          .integer = integer_,
          .pointer = large_.get()};
}

}  // namespace rha::node::types
