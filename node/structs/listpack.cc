#include "node/structs/listpack.h"

#include <algorithm>
#include <cstring>
#include <string>
#include <utility>

#include "node/structs/heap.h"

namespace rha::node::structs {
namespace {

constexpr uint8_t kEnd = 0xff;
constexpr size_t kCountUnknown = 65535;
constexpr size_t kBytesMin = kListpackHeaderBytes + 1;
constexpr uint8_t kString32 = 0xf0;
constexpr uint8_t kInteger16 = 0xf1;
constexpr uint8_t kInteger24 = 0xf2;
constexpr uint8_t kInteger32 = 0xf3;
constexpr uint8_t kInteger64 = 0xf4;

uint64_t LoadLittle(const uint8_t* from, size_t size) {
  uint64_t value = 0;
  for (size_t i = 0; i < size; ++i) value |= uint64_t{from[i]} << (8 * i);
  return value;
}

void StoreLittle(uint8_t* to, uint64_t value, size_t size) {
  for (size_t i = 0; i < size; ++i) to[i] = static_cast<uint8_t>(value >> (8 * i));
}

int64_t SignExtend(uint64_t value, int bits) {
  return static_cast<int64_t>(value << (64 - bits)) >> (64 - bits);
}

// Redis' own boundaries: 16383 and so on already take the next size.
size_t BackSize(size_t size) {
  if (size <= 127) return 1;
  if (size < 16383) return 2;
  if (size < 2097151) return 3;
  if (size < 268435455) return 4;
  return 5;
}

void WriteBack(uint8_t* to, size_t size) {
  const size_t length = BackSize(size);
  for (size_t i = 0; i < length; ++i) {
    const size_t shift = 7 * (length - 1 - i);
    to[i] = static_cast<uint8_t>((size >> shift & 127) | (i == 0 ? 0 : 128));
  }
}

// Bytes of a head; 0: no such encoding.
size_t HeadSize(uint8_t first) {
  if (first < 0xc0) return 1;
  if (first < 0xf0) return 2;
  if (first == kString32) return 5;
  if (first == kInteger16) return 3;
  if (first == kInteger24) return 4;
  if (first == kInteger32) return 5;
  return first == kInteger64 ? 9 : 0;
}

// Bytes of the body behind a head (integers have it in the head).
size_t BodySize(const uint8_t* at) {
  if ((at[0] & 0xc0) == 0x80) return at[0] & 0x3f;
  if ((at[0] & 0xf0) == 0xe0) return size_t{at[0] & 0x0fu} << 8 | at[1];
  return at[0] == kString32 ? LoadLittle(at + 1, 4) : 0;
}

Status Broken(const char* what, size_t at) {
  return {Code::kCorrupt, "listpack: " + std::string(what) + " at byte " + std::to_string(at)};
}

}  // namespace

// ---------------------------------------------------------------- reading

size_t ListpackView::bytes_size() const { return LoadLittle(base_, 4); }

size_t ListpackView::size() const {
  const size_t count = LoadLittle(base_ + 4, 2);
  if (count != kCountUnknown) return count;
  size_t walked = 0;
  for (Place at = First(); at != kNone; at = Next(at)) ++walked;
  return walked;
}

ListpackView::Place ListpackView::Skip(Place at) const {
  const size_t size = HeadSize(base_[at]) + BodySize(base_ + at);
  return static_cast<Place>(at + size + BackSize(size));
}

ListpackView::Place ListpackView::Next(Place at) const {
  const Place next = Skip(at);
  return base_[next] == kEnd ? kNone : next;
}

ListpackView::Place ListpackView::Prev(Place at) const {
  if (at == kListpackHeaderBytes) return kNone;
  size_t size = 0;
  size_t length = 0;
  const uint8_t* back = base_ + at - 1;
  for (;; --back) {
    size |= size_t{*back & 127u} << (7 * length++);
    if ((*back & 128) == 0) break;
  }
  return static_cast<Place>(at - length - size);
}

ListpackView::Place ListpackView::Seek(int64_t index) const {
  const size_t known = LoadLittle(base_ + 4, 2);
  if (known != kCountUnknown) {  // go the shorter way
    const auto count = static_cast<int64_t>(known);
    if (index >= count || index < -count) return kNone;
    if (index > count / 2) index -= count;
    if (index < -count / 2) index += count;
  }
  if (index < 0) {
    Place at = End();
    while (index++ < 0 && at != kNone) at = Prev(at);
    return at;
  }
  Place at = First();
  while (index-- > 0 && at != kNone) at = Next(at);
  return at;
}

ListpackValue ListpackView::Get(Place place) const {
  const uint8_t* at = base_ + place;
  const uint8_t first = at[0];
  if (first < 0x80) return {true, first, {}};
  if ((first & 0xe0) == 0xc0) {
    return {true, SignExtend(uint64_t{first & 0x1fu} << 8 | at[1], 13), {}};
  }
  switch (first) {
    case kInteger16:
      return {true, SignExtend(LoadLittle(at + 1, 2), 16), {}};
    case kInteger24:
      return {true, SignExtend(LoadLittle(at + 1, 3), 24), {}};
    case kInteger32:
      return {true, SignExtend(LoadLittle(at + 1, 4), 32), {}};
    case kInteger64:
      return {true, static_cast<int64_t>(LoadLittle(at + 1, 8)), {}};
    default:
      break;
  }
  return {false, 0, {reinterpret_cast<const char*>(at + HeadSize(first)), BodySize(at)}};
}

ListpackView::Place ListpackView::Find(Place from, std::string_view text, size_t step) const {
  int64_t number = 0;
  const bool is_number = ParseDecimal(text, &number);
  size_t skipped = 0;
  for (Place at = from; at != kNone && base_[at] != kEnd; at = Next(at)) {
    if (skipped-- > 0) continue;
    skipped = step - 1;
    const ListpackValue value = Get(at);
    if (value.is_integer ? is_number && value.integer == number : value.bytes == text) {
      return at;
    }
  }
  return kNone;
}

Status ListpackView::Validate(std::string_view bytes) {
  const auto* base = reinterpret_cast<const uint8_t*>(bytes.data());
  if (bytes.size() < kBytesMin) return Broken("too short", bytes.size());
  if (bytes.size() > kListpackBytesMax) return Broken("too long", bytes.size());
  if (LoadLittle(base, 4) != bytes.size()) return Broken("length is not the true one", 0);
  const size_t end = bytes.size() - 1;
  if (base[end] != kEnd) return Broken("no end mark", end);
  size_t count = 0;
  size_t at = kListpackHeaderBytes;
  while (at < end) {
    const size_t head = HeadSize(base[at]);
    if (head == 0) return Broken("unknown encoding", at);
    if (head > end - at) return Broken("element is cut off", at);
    const size_t body = BodySize(base + at);
    if (body > end - at - head) return Broken("element is cut off", at);
    const size_t size = head + body;
    const size_t back = BackSize(size);
    if (back > end - at - size) return Broken("element is cut off", at);
    uint8_t expected[5];
    WriteBack(expected, size);
    if (std::memcmp(expected, base + at + size, back) != 0) {
      return Broken("backward length is wrong", at + size);
    }
    at += size + back;
    ++count;
  }
  const size_t claimed = LoadLittle(base + 4, 2);
  if (claimed != kCountUnknown && claimed != count) return Broken("element count is wrong", 4);
  return Status::Ok();
}

// ---------------------------------------------------------------- writing

// A head on the way in, and the body behind it.
struct ListpackElement {
  uint8_t head[9];
  size_t head_size;
  std::string_view body;

  size_t size() const { return head_size + body.size(); }
  size_t total() const { return size() + BackSize(size()); }

  // total() bytes.
  void WriteTo(uint8_t* to) const {
    std::memcpy(to, head, head_size);
    if (!body.empty()) std::memcpy(to + head_size, body.data(), body.size());
    WriteBack(to + size(), size());
  }

  explicit ListpackElement(int64_t value) {
    if (value >= 0 && value <= 127) {
      head[0] = static_cast<uint8_t>(value);
      head_size = 1;
    } else if (value >= -4096 && value <= 4095) {
      head[0] = static_cast<uint8_t>(0xc0 | (value >> 8 & 0x1f));
      head[1] = static_cast<uint8_t>(value);
      head_size = 2;
    } else if (value == SignExtend(static_cast<uint64_t>(value), 16)) {
      Set(kInteger16, value, 2);
    } else if (value == SignExtend(static_cast<uint64_t>(value), 24)) {
      Set(kInteger24, value, 3);
    } else if (value == SignExtend(static_cast<uint64_t>(value), 32)) {
      Set(kInteger32, value, 4);
    } else {
      Set(kInteger64, value, 8);
    }
  }

  static ListpackElement Of(std::string_view text) {
    int64_t value = 0;
    if (ParseDecimal(text, &value)) return ListpackElement(value);
    ListpackElement element(0);
    element.body = text;
    if (text.size() < 64) {
      element.head[0] = static_cast<uint8_t>(0x80 | text.size());
    } else if (text.size() < 4096) {
      element.head[0] = static_cast<uint8_t>(0xe0 | text.size() >> 8);
      element.head[1] = static_cast<uint8_t>(text.size());
      element.head_size = 2;
    } else {
      element.Set(kString32, static_cast<int64_t>(text.size()), 4);
    }
    return element;
  }

 private:
  void Set(uint8_t kind, int64_t value, size_t size) {
    head[0] = kind;
    StoreLittle(head + 1, static_cast<uint64_t>(value), size);
    head_size = 1 + size;
  }
};

Listpack::Listpack() : ListpackView(static_cast<uint8_t*>(HeapAllocate(kBytesMin))) {
  StoreLittle(writable(), kBytesMin, 4);
  StoreLittle(writable() + 4, 0, 2);
  writable()[kListpackHeaderBytes] = kEnd;
}

Listpack::Listpack(std::string_view bytes)
    : ListpackView(static_cast<uint8_t*>(HeapAllocate(bytes.size()))) {
  std::memcpy(writable(), bytes.data(), bytes.size());
}

Listpack::~Listpack() {
  if (base_ != nullptr) HeapFree(writable(), bytes_size());
}

size_t Listpack::heap_bytes() const { return HeapClass(bytes_size()); }

uint8_t* Listpack::Splice(Place at, size_t erased, size_t added) {
  const size_t before = bytes_size();
  const size_t after = before - erased + added;
  RHA_CHECK(after <= kListpackBytesMax);
  const size_t tail = before - at - erased;
  if (HeapClass(after) == HeapClass(before)) {
    std::memmove(writable() + at + added, base_ + at + erased, tail);
  } else {
    auto* block = static_cast<uint8_t*>(HeapAllocate(after));
    std::memcpy(block, base_, at);
    std::memcpy(block + at + added, base_ + at + erased, tail);
    HeapFree(writable(), before);
    base_ = block;
  }
  StoreLittle(writable(), after, 4);
  return writable() + at;
}

void Listpack::AddToCount(int64_t change) {
  const size_t count = LoadLittle(base_ + 4, 2);
  if (count == kCountUnknown) return;
  const auto changed = static_cast<size_t>(static_cast<int64_t>(count) + change);
  StoreLittle(writable() + 4, changed < kCountUnknown ? changed : kCountUnknown, 2);
}

ListpackView::Place Listpack::Write(Place at, size_t erased, const ListpackElement& element) {
  element.WriteTo(Splice(at, erased, element.total()));
  return at;
}

ListpackView::Place Listpack::Insert(Place at, std::string_view text) {
  AddToCount(1);
  return Write(at, 0, ListpackElement::Of(text));
}

ListpackView::Place Listpack::Insert(Place at, int64_t integer) {
  AddToCount(1);
  return Write(at, 0, ListpackElement(integer));
}

ListpackView::Place Listpack::Replace(Place at, std::string_view text) {
  return Write(at, Skip(at) - at, ListpackElement::Of(text));
}

ListpackView::Place Listpack::Replace(Place at, int64_t integer) {
  return Write(at, Skip(at) - at, ListpackElement(integer));
}

ListpackView::Place Listpack::Erase(Place at, size_t count) {
  Place end = at;
  int64_t erased = 0;
  for (; count > 0 && base_[end] != kEnd; --count, ++erased) end = Skip(end);
  Splice(at, end - at, 0);
  AddToCount(-erased);
  return at;
}

void Listpack::Clear() {
  Splice(kListpackHeaderBytes, bytes_size() - kBytesMin, 0);
  StoreLittle(writable() + 4, 0, 2);
}

Listpack Listpack::SplitOff(Place at) {
  Listpack rest;
  const size_t moved = End() - at;
  std::memcpy(rest.Splice(kListpackHeaderBytes, 0, moved), base_ + at, moved);
  StoreLittle(rest.writable() + 4, kCountUnknown, 2);
  Splice(at, moved, 0);
  StoreLittle(writable() + 4, kCountUnknown, 2);
  for (Listpack* half : {this, &rest}) {  // count anew, and keep it where it can be kept
    const size_t count = half->size();
    if (count < kCountUnknown) StoreLittle(half->writable() + 4, count, 2);
  }
  return rest;
}

void Listpack::AppendAll(const ListpackView& other) {
  const std::string_view bytes = other.bytes();
  const size_t added = bytes.size() - kBytesMin;
  AddToCount(static_cast<int64_t>(other.size()));
  std::memcpy(Splice(End(), 0, added), bytes.data() + kListpackHeaderBytes, added);
}

void Listpack::CheckInvariants() const {
  RHA_CHECK(Validate(bytes()).ok());
  size_t count = 0;
  for (Place at = First(); at != kNone; at = Next(at)) ++count;
  RHA_CHECK(count == size());
}

// ---------------------------------------------------------------- for files

void ListpackWriter::Begin() {
  bytes_.assign(kListpackHeaderBytes, '\0');
  count_ = 0;
}

void ListpackWriter::AppendElement(const ListpackElement& element) {
  const size_t at = bytes_.size();
  bytes_.resize(at + element.total());
  element.WriteTo(reinterpret_cast<uint8_t*>(bytes_.data()) + at);
  ++count_;
}

void ListpackWriter::Append(std::string_view text) { AppendElement(ListpackElement::Of(text)); }

void ListpackWriter::Append(int64_t integer) { AppendElement(ListpackElement(integer)); }

std::string_view ListpackWriter::Finish() {
  bytes_ += static_cast<char>(kEnd);
  auto* header = reinterpret_cast<uint8_t*>(bytes_.data());
  StoreLittle(header, bytes_.size(), 4);
  StoreLittle(header + 4, std::min(count_, kCountUnknown), 2);
  return bytes_;
}

}  // namespace rha::node::structs
