// A string as Redis users see it: bytes, kept as a number where it is one.
//
// Invariants
//  * A value that is the canonical decimal text of an int64 is kept as the number when it was set
//    as a whole (OBJECT ENCODING int); after Append or Overwrite it is bytes, even if it looks like
//    a number.
//  * View() of a number needs a scratch buffer; the view lives as long as value and scratch,
//    unchanged.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace rha::node::keyspace {

using NumberBuffer = std::array<char, 24>;

// True and *value when `text` is the canonical decimal form of an int64 (no sign '+', no leading
// zero or space, no "-0").
bool ParseInteger(std::string_view text, int64_t* value);
std::string_view FormatInteger(int64_t value, NumberBuffer& buffer);

class StringValue {
 public:
  StringValue() = default;
  explicit StringValue(std::string_view bytes);
  explicit StringValue(int64_t number) : number_(number), kind_(Kind::kNumber) {}

  bool is_number() const { return kind_ == Kind::kNumber; }
  int64_t number() const { return number_; }
  // True when the bytes are a number, however they are kept.
  bool AsInteger(int64_t* value) const;

  size_t size() const;
  std::string_view View(NumberBuffer& scratch) const {
    return is_number() ? FormatInteger(number_, scratch) : std::string_view(bytes_);
  }
  std::string ToString() const;
  // "int", "embstr" or "raw".
  const char* encoding() const;
  // Bytes on the heap, for MEMORY USAGE.
  size_t heap_bytes() const;

  void Append(std::string_view tail);
  // Writes `bytes` at `offset`, filling a gap with zero bytes.
  void Overwrite(size_t offset, std::string_view bytes);

 private:
  enum class Kind : uint8_t { kNumber, kWhole, kEdited };
  void MakeBytes();

  std::string bytes_;
  int64_t number_ = 0;
  Kind kind_ = Kind::kWhole;
};

}  // namespace rha::node::keyspace
