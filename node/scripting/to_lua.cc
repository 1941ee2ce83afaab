// Replies on the wire as Lua values: PushReply.
#include <charconv>
#include <cstdlib>
#include <string>

#include "node/scripting/convert.h"
#include "node/scripting/redis_api.h"

namespace rha::node::scripting {
namespace {

// Walks over one reply. REQUIRES: it is whole, as our own writer's are.
class Reader {
 public:
  Reader(lua_State* L, std::string_view bytes) : lua_(L), rest_(bytes) {}

  void Push() {
    luaL_checkstack(lua_, 6, "reached lua stack limit");
    const char kind = rest_.empty() ? '_' : rest_.front();
    const std::string_view line = TakeLine();
    switch (kind) {
      case '$':
        return PushBulk(Number(line));
      case ':':
        return lua_pushnumber(lua_, static_cast<lua_Number>(Number(line)));
      case '+':
        return PushTagged("ok", line);
      case '-':
        return PushError(lua_, WithCode(line), true);
      case '*':
      case '>':
        return PushArray(Number(line));
      case '%':
        return PushMap(Number(line));
      case '~':
        return PushSet(Number(line));
      case '#':
        return lua_pushboolean(lua_, line == "t" ? 1 : 0);
      case ',':
        return PushDouble(line);
      case '(':
        return PushTagged("big_number", line);
      case '=':
        return PushVerbatim(Number(line));
      case '|':
        return PushBehindAttributes(Number(line));
      default:
        return lua_pushnil(lua_);
    }
  }

 private:
  std::string_view TakeLine() {
    const size_t end = rest_.find('\r');
    if (end == std::string_view::npos) {
      rest_ = {};
      return {};
    }
    const std::string_view line = rest_.substr(1, end - 1);
    rest_.remove_prefix(std::min(end + 2, rest_.size()));
    return line;
  }
  std::string_view TakeBody(int64_t size) {
    const std::string_view body = rest_.substr(0, static_cast<size_t>(size));
    rest_.remove_prefix(std::min(body.size() + 2, rest_.size()));
    return body;
  }
  static int64_t Number(std::string_view text) {
    int64_t value = 0;
    std::from_chars(text.data(), text.data() + text.size(), value);
    return value;
  }
  static std::string WithCode(std::string_view line) {
    return line.find(' ') == std::string_view::npos ? "ERR " + std::string(line)
                                                    : std::string(line);
  }

  void PushText(std::string_view text) { lua_pushlstring(lua_, text.data(), text.size()); }
  void PushTagged(const char* field, std::string_view text) {
    lua_createtable(lua_, 0, 1);
    PushText(text);
    lua_setfield(lua_, -2, field);
  }
  void PushBulk(int64_t size) {
    if (size < 0) return lua_pushboolean(lua_, 0);
    PushText(TakeBody(size));
  }
  void PushDouble(std::string_view line) {
    lua_createtable(lua_, 0, 1);
    lua_pushnumber(lua_, std::strtod(std::string(line).c_str(), nullptr));
    lua_setfield(lua_, -2, "double");
  }
  void PushVerbatim(int64_t size) {
    const std::string_view body = TakeBody(size);
    lua_createtable(lua_, 0, 1);
    lua_createtable(lua_, 0, 2);
    PushText(body.substr(std::min<size_t>(body.size(), 4)));
    lua_setfield(lua_, -2, "string");
    PushText(body.substr(0, 3));
    lua_setfield(lua_, -2, "format");
    lua_setfield(lua_, -2, "verbatim_string");
  }
  void PushArray(int64_t items) {
    if (items < 0) return lua_pushboolean(lua_, 0);
    lua_createtable(lua_, static_cast<int>(items), 0);
    for (int64_t i = 1; i <= items; ++i) {
      Push();
      lua_rawseti(lua_, -2, static_cast<int>(i));
    }
  }
  // Of a map and a set Lua shows the order of a table that has grown, as Redis' do.
  void PushMap(int64_t pairs) {
    lua_createtable(lua_, 0, 1);
    lua_newtable(lua_);
    for (int64_t i = 0; i < pairs; ++i) {
      Push();
      Push();
      SetUnlessNil();
    }
    lua_setfield(lua_, -2, "map");
  }
  // Scripts see none.
  void PushBehindAttributes(int64_t pairs) {
    for (int64_t i = 0; i < pairs; ++i) {
      Push();
      Push();
      lua_pop(lua_, 2);
    }
    Push();
  }
  void PushSet(int64_t items) {
    lua_createtable(lua_, 0, 1);
    lua_newtable(lua_);
    for (int64_t i = 0; i < items; ++i) {
      Push();
      lua_pushboolean(lua_, 1);
      SetUnlessNil();
    }
    lua_setfield(lua_, -2, "set");
  }
  // Table, key, value: nil is no key.
  void SetUnlessNil() { lua_isnil(lua_, -2) ? lua_pop(lua_, 2) : lua_rawset(lua_, -3); }

  lua_State* lua_;
  std::string_view rest_;
};

}  // namespace

void PushReply(lua_State* L, std::string_view bytes) { Reader(L, bytes).Push(); }

}  // namespace rha::node::scripting
