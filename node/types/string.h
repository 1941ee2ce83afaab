// A string as Redis users see it: bytes, kept as a number where it is one.
//
// Invariants
//  * A value that is the canonical decimal text of an int64 is kept as the number when it was set
//    as a whole (OBJECT ENCODING int); after SetText, Append or Overwrite it is bytes, even if it
//    looks like a number.
//  * What View() returns lives as long as value and scratch, unchanged.
// Thread rule: the engine's thread.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "node/structs/decimal.h"
#include "node/types/slot.h"

namespace rha::node::types {

using structs::DecimalText;

// To read a string. REQUIRES: TypeOf(form) is kString.
class StringView {
 public:
  explicit StringView(structs::Entry entry) : entry_(entry) {}

  bool is_integer() const { return entry_.kind() == structs::Entry::Kind::kInteger; }
  // REQUIRES: is_integer().
  int64_t integer() const { return entry_.integer(); }
  // True when the bytes are a number, however they are kept.
  bool AsInteger(int64_t* value) const;
  size_t size() const;
  std::string_view View(DecimalText& scratch) const {
    return is_integer() ? structs::FormatDecimal(integer(), scratch) : entry_.bytes();
  }
  std::string ToString() const;

 protected:
  structs::Entry entry_;
};

// To change one. A String sees its own changes; other views of the key are void after one.
class String : public StringView {
 public:
  explicit String(Slot slot) : StringView(slot.entry()), slot_(slot) {}

  void Set(int64_t value);
  // Bytes, even if they are a number. REQUIRES: they do not lie in this value.
  void SetText(std::string_view text);
  // REQUIRES: the views do not lie in this value.
  void Append(std::string_view tail);
  // Writes `bytes` at `offset`, filling a gap with zero bytes.
  void Overwrite(size_t offset, std::string_view bytes);
  // To change bytes where they are; valid until the next call.
  std::span<char> Bytes();
  // Other bytes in place of all; they stay bytes, even if they are a number.
  void Rewrite(std::string_view bytes);

 private:
  void MakeBytes();
  Slot slot_;
};

}  // namespace rha::node::types
