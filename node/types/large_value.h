// A value that is too big for the entry of its key: an object of its own, behind its pointer.
//
// Each type derives its large form from this (HashTable, SetTable, SetInts, ZsetTree, ListNodes),
// so that the keyspace can measure and free what it does not know.
// Thread rule: the engine's thread, or whoever frees it after it was taken out of the keyspace.
#pragma once

#include <cstddef>
#include <memory>

namespace rha::node::types {

class LargeValue {
 public:
  virtual ~LargeValue() = default;
  LargeValue() = default;
  LargeValue(const LargeValue&) = delete;
  LargeValue& operator=(const LargeValue&) = delete;

  // Members or elements.
  virtual size_t size() const = 0;
  // What it takes on the heap, itself included, in the allocator's classes.
  virtual size_t heap_bytes() const = 0;
  virtual std::unique_ptr<LargeValue> Clone() const = 0;
};

}  // namespace rha::node::types
