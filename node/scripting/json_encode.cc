// cjson.encode: Lua values as JSON, in the form of lua-cjson 2.1.
#include <cmath>
#include <cstdio>

#include "node/scripting/interpreter.h"
#include "node/scripting/json_functions.h"
#include "node/scripting/text_buffer.h"

namespace rha::node::scripting {
namespace {

class Encoder {
 public:
  Encoder(lua_State* L, const JsonOptions& options) : lua_(L), options_(options) {}

  // The value on top of the stack, which stays.
  void Encode(int depth) {
    switch (lua_type(lua_, -1)) {
      case LUA_TSTRING:
        return EncodeText(-1);
      case LUA_TNUMBER:
        return EncodeNumber(-1);
      case LUA_TBOOLEAN:
        return Add(lua_toboolean(lua_, -1) != 0 ? "true" : "false");
      case LUA_TTABLE:
        return EncodeTable(depth + 1);
      case LUA_TNIL:
        return Add("null");
      case LUA_TLIGHTUSERDATA:
        if (lua_touserdata(lua_, -1) == nullptr) return Add("null");
        [[fallthrough]];
      default:
        Refuse(-1, "type not supported");
    }
  }
  const std::string& text() const { return buffer_.text(); }

 private:
  void Add(std::string_view bytes) {
    if (!buffer_.Add(bytes)) luaL_error(lua_, "Cannot serialise: the text is too long");
  }

  void Refuse(int index, const char* reason) {
    luaL_error(lua_, "Cannot serialise %s: %s", luaL_typename(lua_, index), reason);
  }

  static bool NeedsEscape(char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte < 0x20 || c == '"' || c == '\\' || c == '/' || byte == 0x7f;
  }

  void AddEscaped(char c) {
    constexpr std::string_view kLetters = "\b\t\n\f\r\"\\/", kNames = "btnfr\"\\/";
    const size_t letter = kLetters.find(c);
    if (letter != std::string_view::npos) {
      const char pair[] = {'\\', kNames[letter]};
      return Add({pair, 2});
    }
    char text[8];
    std::snprintf(text, sizeof text, "\\u%04x",
                  static_cast<unsigned>(static_cast<unsigned char>(c)));
    Add({text, 6});
  }

  void EncodeText(int index) {
    size_t size = 0;
    const char* const bytes = lua_tolstring(lua_, index, &size);
    const std::string_view text(bytes, size);
    Add("\"");
    size_t plain = 0;  // where what needs no escape begins
    for (size_t i = 0; i < size; ++i) {
      if (!NeedsEscape(text[i])) continue;
      Add(text.substr(plain, i - plain));
      AddEscaped(text[i]);
      plain = i + 1;
    }
    Add(text.substr(plain));
    Add("\"");
  }

  void EncodeNumber(int index) {
    const double number = lua_tonumber(lua_, index);
    if (!std::isfinite(number)) {
      if (options_.encode_invalid_numbers == 0) Refuse(index, "must not be NaN or Inf");
      if (options_.encode_invalid_numbers == 2) return Add("null");
      if (std::isnan(number)) return Add("nan");
    }
    char text[40];
    const int size = std::snprintf(text, sizeof text, "%.*g", options_.precision, number);
    Add({text, static_cast<size_t>(size)});
  }

  void EncodeTable(int depth) {
    if (depth > options_.encode_depth_max || lua_checkstack(lua_, 6) == 0) {
      luaL_error(lua_, "Cannot serialise, excessive nesting (%d)", depth);
    }
    const int items = ArrayLength();
    items > 0 ? EncodeArray(items, depth) : EncodeObject(depth);
  }

  // The largest index; -1: it is no array.
  int ArrayLength() {
    int items = 0;
    double largest = 0;
    for (lua_pushnil(lua_); lua_next(lua_, -2) != 0; lua_pop(lua_, 1)) {
      const double key = lua_type(lua_, -2) == LUA_TNUMBER ? lua_tonumber(lua_, -2) : 0;
      if (key < 1 || std::floor(key) != key || key > INT32_MAX) {
        lua_pop(lua_, 2);
        return -1;
      }
      largest = std::max(largest, key);
      ++items;
    }
    const bool sparse = options_.sparse_ratio > 0 &&
                        largest > static_cast<double>(items) * options_.sparse_ratio &&
                        largest > options_.sparse_safe;
    if (sparse && !options_.sparse_as_object) Refuse(-1, "excessively sparse array");
    return sparse ? -1 : static_cast<int>(largest);
  }

  void EncodeArray(int items, int depth) {
    Add("[");
    for (int i = 1; i <= items; ++i) {
      if (i > 1) Add(",");
      lua_rawgeti(lua_, -1, i);
      Encode(depth);
      lua_pop(lua_, 1);
    }
    Add("]");
  }

  void EncodeObject(int depth) {
    Add("{");
    bool first = true;
    for (lua_pushnil(lua_); lua_next(lua_, -2) != 0; lua_pop(lua_, 1)) {
      if (!first) Add(",");
      first = false;
      if (lua_type(lua_, -2) == LUA_TNUMBER) {
        Add("\"");
        EncodeNumber(-2);
        Add("\":");
      } else if (lua_type(lua_, -2) == LUA_TSTRING) {
        EncodeText(-2);
        Add(":");
      } else {
        Refuse(-2, "table key must be a number or string");
      }
      Encode(depth);
    }
    Add("}");
  }

  lua_State* lua_;
  const JsonOptions& options_;
  TextBuffer buffer_;
};

}  // namespace

int JsonEncode(lua_State* L) {
  luaL_argcheck(L, lua_gettop(L) == 1, 1, "expected 1 argument");
  Encoder encoder(L, Interpreter::Of(L).json());
  encoder.Encode(0);
  lua_pushlstring(L, encoder.text().data(), encoder.text().size());
  return 1;
}

}  // namespace rha::node::scripting
