// Packed: short strings one behind another, each with its length in front; the smallest form of a
// small collection. Whoever keeps the bytes changes them by splicing.
//
//   packed    ( size:varint  bytes )*         varint: 7 bits a byte, least first, bit 7: more
//
// Complexity: everything is a walk from the front, so keep it to some hundred strings.
// Thread rule: any thread; the bytes are somebody else's.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace rha::node::structs {

// One string: where it lies as a whole (length included), and its text.
struct PackedItem {
  size_t at;
  size_t size;  // with its length
  std::string_view text;
};

constexpr size_t PackedLengthBytes(size_t text_bytes) {
  size_t bytes = 1;
  for (; text_bytes >= 128; text_bytes >>= 7) ++bytes;
  return bytes;
}
constexpr size_t PackedSize(size_t text_bytes) {
  return PackedLengthBytes(text_bytes) + text_bytes;
}

// Writes the length of a text, which the caller writes behind it; returns where.
inline char* WritePackedLength(char* to, size_t text_bytes) {
  for (; text_bytes >= 128; text_bytes >>= 7) *to++ = static_cast<char>(text_bytes | 128);
  *to++ = static_cast<char>(text_bytes);
  return to;
}

// Writes one string of PackedSize(text.size()) bytes; returns what is behind it.
inline char* WritePacked(char* to, std::string_view text) {
  to = WritePackedLength(to, text.size());
  if (!text.empty()) std::memcpy(to, text.data(), text.size());
  return to + text.size();
}

inline void AppendPacked(std::string* bytes, std::string_view text) {
  const size_t size = bytes->size();
  bytes->resize(size + PackedSize(text.size()));
  WritePacked(bytes->data() + size, text);
}

// Walks; the bytes must not change meanwhile. REQUIRES: WritePacked wrote them.
class PackedReader {
 public:
  explicit PackedReader(std::string_view bytes, size_t at = 0) : bytes_(bytes), at_(at) {}

  bool done() const { return at_ == bytes_.size(); }
  // Where the next one begins.
  size_t at() const { return at_; }
  // REQUIRES: !done().
  PackedItem Next() {
    const size_t start = at_;
    size_t length = 0;
    for (int shift = 0;; shift += 7) {
      const auto byte = static_cast<uint8_t>(bytes_[at_++]);
      length |= static_cast<size_t>(byte & 127) << shift;
      if (byte < 128) break;
    }
    at_ += length;
    return {start, at_ - start, bytes_.substr(at_ - length, length)};
  }

 private:
  std::string_view bytes_;
  size_t at_;
};

inline size_t PackedCount(std::string_view bytes) {
  size_t count = 0;
  for (PackedReader reader(bytes); !reader.done(); ++count) reader.Next();
  return count;
}

}  // namespace rha::node::structs
