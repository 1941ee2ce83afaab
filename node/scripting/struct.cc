// The library struct: values of Lua as the bytes of C structures, in the formats of Redis 7's.
#include <algorithm>
#include <bit>
#include <climits>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "node/scripting/libraries.h"
#include "node/scripting/lua_error.h"
#include "node/scripting/text_buffer.h"

namespace rha::node::scripting {
namespace {

static_assert(std::endian::native == std::endian::little);

constexpr int kIntegerBytesMax = 32;
constexpr int kAlignmentDefault = 8;

// Walks over a format: each option with its size, and the order and alignment that hold there.
class Format {
 public:
  Format(lua_State* L, const char* text) : lua_(L), at_(text) {}

  // False: it is over.
  bool Next() {
    if (*at_ == '\0') return false;
    option_ = *at_++;
    size_ = Size();
    return true;
  }
  char option() const { return option_; }
  size_t size() const { return size_; }
  bool big() const { return big_; }
  bool is_integer() const { return std::string_view("bBhHlLTiI").find(option_) != kNone; }
  // Bytes up to where the option begins, after `position` others.
  size_t Padding(size_t position) const {
    if (size_ == 0 || option_ == 'c') return 0;
    const size_t unit = std::min(size_, alignment_);
    return (unit - (position & (unit - 1))) & (unit - 1);
  }
  // An option that is none of a value.
  void Control() {
    switch (option_) {
      case ' ':
        return;
      case '>':
        big_ = true;
        return;
      case '<':
        big_ = false;
        return;
      case '!': {
        const int unit = Number(kAlignmentDefault);
        if (unit <= 0 || (unit & (unit - 1)) != 0) {
          luaL_error(lua_, "alignment %d is not a power of 2", unit);
        }
        alignment_ = static_cast<size_t>(unit);
        return;
      }
      default:
        luaL_argerror(lua_, 1, lua_pushfstring(lua_, "invalid format option '%c'", option_));
    }
  }

 private:
  static constexpr size_t kNone = std::string_view::npos;
  static bool IsDigit(char c) { return c >= '0' && c <= '9'; }

  int Number(int otherwise) {
    if (!IsDigit(*at_)) return otherwise;
    int64_t value = 0;
    for (; IsDigit(*at_); ++at_) {
      value = value * 10 + (*at_ - '0');
      if (value > INT_MAX) luaL_error(lua_, "integral size overflow");
    }
    return static_cast<int>(value);
  }

  size_t Size() {
    switch (option_) {
      case 'b':
      case 'B':
      case 'x':
        return 1;
      case 'h':
      case 'H':
        return sizeof(short);
      case 'l':
      case 'L':
        return sizeof(long);
      case 'T':
        return sizeof(size_t);
      case 'f':
        return sizeof(float);
      case 'd':
        return sizeof(double);
      case 'c':
        return static_cast<size_t>(Number(1));
      case 'i':
      case 'I': {
        const int size = Number(sizeof(int));
        if (size > kIntegerBytesMax) {
          luaL_error(lua_, "integral size %d is larger than limit of %d", size, kIntegerBytesMax);
        }
        return static_cast<size_t>(size);
      }
      default:
        return 0;
    }
  }

  lua_State* lua_;
  const char* at_;
  char option_ = 0;
  size_t size_ = 0;
  bool big_ = false;
  size_t alignment_ = 1;
};

uint64_t ToBits(lua_Number number) {
  constexpr lua_Number kTwo63 = 9223372036854775808.0;
  if (number < 0)
    return number >= -kTwo63 ? static_cast<uint64_t>(static_cast<int64_t>(number))
                             : uint64_t{1} << 63;
  return number < 2 * kTwo63 ? static_cast<uint64_t>(number) : 0;
}

class Packer {
 public:
  explicit Packer(lua_State* L) : lua_(L), format_(L, luaL_checkstring(L, 1)) {}

  void Pack() {
    while (format_.Next()) {
      AddZeros(format_.Padding(total_));
      if (format_.is_integer()) {
        AddInteger();
      } else if (format_.option() == 'x') {
        AddZeros(1);
      } else if (format_.option() == 'f') {
        AddNumber(std::bit_cast<uint32_t>(static_cast<float>(luaL_checknumber(lua_, arg_++))));
      } else if (format_.option() == 'd') {
        AddNumber(std::bit_cast<uint64_t>(luaL_checknumber(lua_, arg_++)));
      } else if (format_.option() == 'c' || format_.option() == 's') {
        AddText();
      } else {
        format_.Control();
      }
    }
  }
  const std::string& text() const { return buffer_.text(); }

 private:
  void Add(std::string_view bytes) {
    if (!buffer_.Add(bytes)) luaL_error(lua_, "the text is too long");
    total_ += bytes.size();
  }
  void AddZeros(size_t count) {
    for (size_t i = 0; i < count; ++i) Add(std::string_view("\0", 1));
  }
  template <typename Bits>
  void AddNumber(Bits bits) {
    char bytes[sizeof bits];
    std::memcpy(bytes, &bits, sizeof bits);
    if (format_.big()) std::reverse(bytes, bytes + sizeof bits);
    Add({bytes, sizeof bits});
  }
  void AddInteger() {
    uint64_t bits = ToBits(luaL_checknumber(lua_, arg_++));
    char bytes[kIntegerBytesMax];
    for (size_t i = 0; i < format_.size(); ++i, bits >>= 8) bytes[i] = static_cast<char>(bits);
    if (format_.big()) std::reverse(bytes, bytes + format_.size());
    Add({bytes, format_.size()});
  }
  void AddText() {
    size_t have = 0;
    const char* const bytes = luaL_checklstring(lua_, arg_++, &have);
    const size_t size = format_.size() == 0 ? have : format_.size();
    luaL_argcheck(lua_, have >= size, arg_, "string too short");
    Add({bytes, size});
    if (format_.option() == 's') AddZeros(1);
  }

  lua_State* lua_;
  Format format_;
  TextBuffer buffer_;
  size_t total_ = 0;
  int arg_ = 2;
};

class Unpacker {
 public:
  explicit Unpacker(lua_State* L) : lua_(L), format_(L, luaL_checkstring(L, 1)) {
    size_t size = 0;
    const char* const bytes = luaL_checklstring(L, 2, &size);
    data_ = {bytes, size};
    const lua_Integer from = luaL_optinteger(L, 3, 1);
    luaL_argcheck(L, from > 0, 3, "offset must be 1 or greater");
    at_ = static_cast<size_t>(from) - 1;
  }

  int Unpack() {
    while (format_.Next()) {
      at_ += format_.Padding(at_);
      const std::string_view bytes = Bytes(format_.size());
      luaL_checkstack(lua_, 2, "too many results");
      size_t used = format_.size();
      if (format_.is_integer()) {
        PushInteger(bytes);
      } else if (format_.option() == 'f') {
        Push(std::bit_cast<float>(Bits<uint32_t>(bytes)));
      } else if (format_.option() == 'd') {
        Push(std::bit_cast<double>(Bits<uint64_t>(bytes)));
      } else if (format_.option() == 'c') {
        used = PushText(used);
      } else if (format_.option() == 's') {
        used = PushZeroEnded();
      } else if (format_.option() != 'x') {
        format_.Control();
      }
      at_ += used;
    }
    lua_pushinteger(lua_, static_cast<lua_Integer>(at_ + 1));
    return count_ + 1;
  }

 private:
  std::string_view Bytes(size_t size) {
    luaL_argcheck(lua_, size <= data_.size() && at_ <= data_.size() - size, 2,
                  "data string too short");
    return data_.substr(at_, size);
  }
  void Push(lua_Number number) {
    lua_pushnumber(lua_, number);
    ++count_;
  }
  template <typename Number>
  Number Bits(std::string_view bytes) const {
    char ordered[sizeof(Number)];
    std::memcpy(ordered, bytes.data(), sizeof ordered);
    if (format_.big()) std::reverse(ordered, ordered + sizeof ordered);
    return std::bit_cast<Number>(ordered);
  }
  void PushInteger(std::string_view bytes) {
    uint64_t bits = 0;
    for (size_t i = 0; i < bytes.size(); ++i) {
      const char c = format_.big() ? bytes[i] : bytes[bytes.size() - 1 - i];
      bits = bits << 8 | static_cast<uint8_t>(c);
    }
    if (format_.option() < 'a') return Push(static_cast<lua_Number>(bits));
    // Of more than eight bytes Redis takes the sign where a shift that has gone round puts it.
    const uint64_t from_sign = ~uint64_t{0} << ((8 * bytes.size() - 1) % 64);
    if ((bits & from_sign) != 0) bits |= from_sign;
    Push(static_cast<lua_Number>(static_cast<int64_t>(bits)));
  }
  // Returns how many bytes it took.
  size_t PushText(size_t size) {
    if (size == 0) {
      if (count_ == 0 || lua_isnumber(lua_, -1) == 0) {
        luaL_error(lua_, "format 'c0' needs a previous size");
      }
      const lua_Number previous = lua_tonumber(lua_, -1);
      lua_pop(lua_, 1);
      --count_;
      const bool fits = previous >= 0 && previous <= static_cast<lua_Number>(data_.size());
      luaL_argcheck(lua_, fits, 2, "data string too short");
      size = static_cast<size_t>(previous);
    }
    const std::string_view text = Bytes(size);
    lua_pushlstring(lua_, text.data(), text.size());
    ++count_;
    return size;
  }
  size_t PushZeroEnded() {
    const std::string_view rest = data_.substr(std::min(at_, data_.size()));
    const size_t size = rest.find('\0');
    if (size == std::string_view::npos) luaL_error(lua_, "unfinished string in data");
    lua_pushlstring(lua_, rest.data(), size);
    ++count_;
    return size + 1;
  }

  lua_State* lua_;
  Format format_;
  std::string_view data_;
  size_t at_ = 0;
  int count_ = 0;
};

int Pack(lua_State* L) {
  Packer packer(L);
  lua_pushnil(L);  // so that errors call what is missing as in Redis, which puts one there
  packer.Pack();
  lua_pushlstring(L, packer.text().data(), packer.text().size());
  return 1;
}

int Unpack(lua_State* L) { return Unpacker(L).Unpack(); }

int Size(lua_State* L) {
  Format format(L, luaL_checkstring(L, 1));
  size_t total = 0;
  while (format.Next()) {
    total += format.Padding(total);
    if (format.option() == 's') luaL_argerror(L, 1, "option 's' has no fixed size");
    if (format.option() == 'c' && format.size() == 0) {
      luaL_argerror(L, 1, "option 'c0' has no fixed size");
    }
    const auto lower = static_cast<char>(format.option() | 0x20);
    const bool named =
        (lower >= 'a' && lower <= 'z') || (format.option() >= '0' && format.option() <= '9');
    if (!named) format.Control();
    total += format.size();
  }
  lua_pushnumber(L, static_cast<lua_Number>(total));
  return 1;
}

constexpr luaL_Reg kFunctions[] = {{"pack", Guarded<Pack>}, {"unpack", Unpack}, {"size", Size}};

}  // namespace

void OpenStruct(lua_State* L) { PushLibrary(L, kFunctions); }

}  // namespace rha::node::scripting
