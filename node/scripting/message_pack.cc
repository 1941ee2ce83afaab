// The library cmsgpack: MessagePack, in the forms that Redis 7's writes and reads.
#include <bit>
#include <climits>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "node/scripting/libraries.h"
#include "node/scripting/limits.h"
#include "node/scripting/lua_error.h"
#include "node/scripting/text_buffer.h"

namespace rha::node::scripting {
namespace {

constexpr int kNestingMax = 16;  // tables below that are packed as nil

bool IsInteger(lua_Number number) {
  return number >= -9223372036854775808.0 && number < 9223372036854775808.0 &&
         std::floor(number) == number;
}

class Packer {
 public:
  explicit Packer(lua_State* L) : lua_(L) {}

  // The value on top of the stack, which is taken.
  void Pack(int level) {
    const int type = lua_type(lua_, -1);
    if (type == LUA_TSTRING) {
      PackText();
    } else if (type == LUA_TBOOLEAN) {
      Add(lua_toboolean(lua_, -1) != 0 ? '\xc3' : '\xc2');
    } else if (type == LUA_TNUMBER) {
      PackNumber(lua_tonumber(lua_, -1));
    } else if (type == LUA_TTABLE && level != kNestingMax) {
      luaL_checkstack(lua_, 6, "in function mp_encode_lua_table");
      const int64_t items = ArrayLength();
      items >= 0 ? PackArray(items, level) : PackMap(level);
    } else {
      Add('\xc0');
    }
    lua_pop(lua_, 1);
  }
  const std::string& text() const { return buffer_.text(); }

 private:
  void Add(std::string_view bytes) {
    if (!buffer_.Add(bytes)) luaL_error(lua_, "MessagePack: the text is too long");
  }
  void Add(char byte) { Add(std::string_view(&byte, 1)); }

  // A mark and the low `bytes` bytes of a number, the high ones first.
  void AddMarked(unsigned mark, uint64_t value, int bytes) {
    char text[9] = {static_cast<char>(mark)};
    for (int i = 0; i < bytes; ++i) {
      text[1 + i] = static_cast<char>(value >> (8 * (bytes - 1 - i)));
    }
    Add({text, static_cast<size_t>(1 + bytes)});
  }

  // The size of something whose short form has a mark of its own.
  void AddSize(unsigned short_mark, uint64_t short_max, unsigned mark16, uint64_t size) {
    if (size <= short_max) {
      AddMarked(short_mark | static_cast<unsigned>(size), 0, 0);
    } else if (size <= 0xffff) {
      AddMarked(mark16, size, 2);
    } else {
      AddMarked(mark16 + 1, size, 4);
    }
  }

  void PackText() {
    size_t size = 0;
    const char* const bytes = lua_tolstring(lua_, -1, &size);
    if (size > 31 && size <= 0xff) {
      AddMarked(0xd9, size, 1);
    } else {
      AddSize(0xa0, 31, 0xda, size);
    }
    Add({bytes, size});
  }

  void PackNumber(lua_Number number) {
    if (IsInteger(number)) return PackInteger(static_cast<int64_t>(number));
    const auto single = static_cast<float>(number);
    if (static_cast<lua_Number>(single) == number) {
      AddMarked(0xca, std::bit_cast<uint32_t>(single), 4);
    } else {
      AddMarked(0xcb, std::bit_cast<uint64_t>(number), 8);
    }
  }

  void PackInteger(int64_t value) {
    const auto bits = static_cast<uint64_t>(value);
    if (value >= -32 && value <= 127) return AddMarked(static_cast<unsigned>(bits & 0xff), 0, 0);
    if (value > 0) {
      const int power = value <= 0xff ? 0 : value <= 0xffff ? 1 : value <= 0xffffffffLL ? 2 : 3;
      return AddMarked(0xccU + static_cast<unsigned>(power), bits, 1 << power);
    }
    const int power = value >= INT8_MIN ? 0 : value >= INT16_MIN ? 1 : value >= INT32_MIN ? 2 : 3;
    AddMarked(0xd0U + static_cast<unsigned>(power), bits, 1 << power);
  }

  // Of the table on top of the stack; -1: its keys are not 1 to N.
  int64_t ArrayLength() {
    int64_t items = 0, largest = 0;
    for (lua_pushnil(lua_); lua_next(lua_, -2) != 0; lua_pop(lua_, 1)) {
      const lua_Number key = lua_type(lua_, -2) == LUA_TNUMBER ? lua_tonumber(lua_, -2) : 0;
      if (key <= 0 || key > INT_MAX || std::floor(key) != key) {
        lua_pop(lua_, 2);
        return -1;
      }
      largest = std::max(largest, static_cast<int64_t>(key));
      ++items;
    }
    return items == largest ? items : -1;
  }

  void PackArray(int64_t items, int level) {
    AddSize(0x90, 15, 0xdc, static_cast<uint64_t>(items));
    for (int64_t i = 1; i <= items; ++i) {
      lua_rawgeti(lua_, -1, static_cast<int>(i));
      Pack(level + 1);
    }
  }

  void PackMap(int level) {
    uint64_t pairs = 0;
    for (lua_pushnil(lua_); lua_next(lua_, -2) != 0; lua_pop(lua_, 1)) ++pairs;
    AddSize(0x80, 15, 0xde, pairs);
    lua_pushnil(lua_);
    while (lua_next(lua_, -2) != 0) {
      lua_pushvalue(lua_, -2);
      Pack(level + 1);
      Pack(level + 1);
    }
  }

  lua_State* lua_;
  TextBuffer buffer_;
};

class Unpacker {
 public:
  Unpacker(lua_State* L, std::string_view bytes) : lua_(L), rest_(bytes) {}

  size_t left() const { return rest_.size(); }

  void PushOne() {
    luaL_checkstack(lua_, 5,
                    "too many return values at once; use unpack_one or unpack_limit instead.");
    const auto mark = static_cast<uint8_t>(Take(1).front());
    if (mark <= 0x7f) return lua_pushnumber(lua_, mark);
    if (mark >= 0xe0) return lua_pushnumber(lua_, static_cast<int8_t>(mark));
    if (mark <= 0x8f) return PushMap(mark & 0x0f);
    if (mark <= 0x9f) return PushArray(mark & 0x0f);
    if (mark <= 0xbf) return PushText(mark & 0x1f);
    PushMarked(mark);
  }

 private:
  std::string_view Take(size_t bytes) {
    if (bytes > rest_.size()) luaL_error(lua_, "Missing bytes in input.");
    const std::string_view taken = rest_.substr(0, bytes);
    rest_.remove_prefix(bytes);
    return taken;
  }
  uint64_t TakeNumber(int bytes) {
    uint64_t value = 0;
    for (const char c : Take(static_cast<size_t>(bytes))) {
      value = value << 8 | static_cast<uint8_t>(c);
    }
    return value;
  }

  void PushMarked(uint8_t mark) {
    switch (mark) {
      case 0xc0:
        return lua_pushnil(lua_);
      case 0xc2:
      case 0xc3:
        return lua_pushboolean(lua_, mark & 1);
      case 0xca:
        return lua_pushnumber(lua_, std::bit_cast<float>(static_cast<uint32_t>(TakeNumber(4))));
      case 0xcb:
        return lua_pushnumber(lua_, std::bit_cast<double>(TakeNumber(8)));
      case 0xcc:
      case 0xcd:
      case 0xce:
      case 0xcf:
        return lua_pushnumber(lua_, static_cast<lua_Number>(TakeNumber(1 << (mark & 3))));
      case 0xd0:
      case 0xd1:
      case 0xd2:
      case 0xd3:
        return PushSigned(1 << (mark & 3));
      case 0xd9:
        return PushText(TakeNumber(1));
      case 0xda:
      case 0xdb:
        return PushText(TakeNumber(mark == 0xda ? 2 : 4));
      case 0xdc:
      case 0xdd:
        return PushArray(TakeNumber(mark == 0xdc ? 2 : 4));
      case 0xde:
      case 0xdf:
        return PushMap(TakeNumber(mark == 0xde ? 2 : 4));
      default:
        luaL_error(lua_, "Bad data format in input.");
    }
  }

  void PushSigned(int bytes) {
    const int unused = 64 - 8 * bytes;
    const auto value = static_cast<int64_t>(TakeNumber(bytes) << unused) >> unused;
    lua_pushnumber(lua_, static_cast<lua_Number>(value));
  }

  void PushText(uint64_t size) {
    const std::string_view text = Take(size);
    lua_pushlstring(lua_, text.data(), text.size());
  }

  void Descend() {
    if (++depth_ > kUnpackDepthMax) luaL_error(lua_, "Found too many nested data structures.");
  }

  void PushArray(uint64_t items) {
    Descend();
    lua_newtable(lua_);
    for (uint64_t i = 1; i <= items; ++i) {
      PushOne();
      lua_rawseti(lua_, -2, static_cast<int>(i));
    }
    --depth_;
  }

  void PushMap(uint64_t pairs) {
    Descend();
    lua_newtable(lua_);
    for (uint64_t i = 0; i < pairs; ++i) {
      PushOne();
      PushOne();
      lua_settable(lua_, -3);  // complains of a key that is nil or no number
    }
    --depth_;
  }

  lua_State* lua_;
  std::string_view rest_;
  int depth_ = 0;
};

int Pack(lua_State* L) {
  const int count = lua_gettop(L);
  if (count == 0) return luaL_argerror(L, 0, "MessagePack pack needs input.");
  luaL_checkstack(L, 2, "in function mp_check");
  Packer packer(L);
  for (int i = 1; i <= count; ++i) {
    lua_pushvalue(L, i);
    packer.Pack(0);
  }
  lua_pushlstring(L, packer.text().data(), packer.text().size());
  return 1;
}

// Up to `limit` values from `offset` on; with either the first result is where it ended.
int UnpackFrom(lua_State* L, lua_Integer limit, lua_Integer offset) {
  size_t size = 0;
  const char* const bytes = luaL_checklstring(L, 1, &size);
  if (offset < 0 || limit < 0) {
    return luaL_error(L, "Invalid request to unpack with offset of %d and limit of %d.",
                      static_cast<int>(offset), static_cast<int>(size));
  }
  if (static_cast<size_t>(offset) > size) {
    return luaL_error(L, "Start offset %d greater than input length %d.", static_cast<int>(offset),
                      static_cast<int>(size));
  }
  const bool all = limit == 0 && offset == 0;
  lua_settop(L, 1);
  Unpacker unpacker(L, std::string_view(bytes, size).substr(static_cast<size_t>(offset)));
  int count = 0;
  for (; unpacker.left() > 0 && (all || count < limit); ++count) unpacker.PushOne();
  if (all) return count;
  luaL_checkstack(L, 1, "in function mp_unpack_full");
  lua_pushinteger(L, unpacker.left() == 0 ? -1 : static_cast<lua_Integer>(size - unpacker.left()));
  lua_insert(L, 2);
  return count + 1;
}

int Unpack(lua_State* L) { return UnpackFrom(L, 0, 0); }
int UnpackOne(lua_State* L) { return UnpackFrom(L, 1, luaL_optinteger(L, 2, 0)); }
int UnpackLimit(lua_State* L) {
  const lua_Integer limit = luaL_checkinteger(L, 2);
  return UnpackFrom(L, limit, luaL_optinteger(L, 3, 0));
}

constexpr luaL_Reg kFunctions[] = {
    {"pack", Guarded<Pack>},
    {"unpack", Unpack},
    {"unpack_one", UnpackOne},
    {"unpack_limit", UnpackLimit},
};

}  // namespace

void OpenMessagePack(lua_State* L) {
  PushLibrary(L, kFunctions);
  lua_pushliteral(L, "cmsgpack");
  lua_setfield(L, -2, "_NAME");
  lua_pushliteral(L, "lua-cmsgpack 0.4.0");
  lua_setfield(L, -2, "_VERSION");
}

}  // namespace rha::node::scripting
