// Lua values as replies: WriteReply.
#include <limits>
#include <string>

#include "node/scripting/convert.h"
#include "node/scripting/limits.h"
#include "node/scripting/lua_text.h"

namespace rha::node::scripting {
namespace {

// As the processor converts, which C leaves open for what does not fit.
int64_t ToInteger(lua_Number number) {
  if (!(number >= -9223372036854775808.0 && number < 9223372036854775808.0)) {
    return std::numeric_limits<int64_t>::min();
  }
  return static_cast<int64_t>(number);
}

// Line ends would end the reply.
std::string OneLine(std::string_view text) {
  std::string line(text);
  for (char& c : line) {
    if (c == '\r' || c == '\n') c = ' ';
  }
  return line;
}

class Answer {
 public:
  Answer(lua_State* L, int protocol, resp::Writer& reply)
      : lua_(L), protocol_(protocol), reply_(reply) {}

  enum class Outcome : uint8_t { kWritten, kTooDeep, kTooMany };

  // Of the value on top of the stack, which stays.
  Outcome Write(int depth) {
    if (++items_ > kReplyItemsMax || reply_.out()->overflowed()) return Outcome::kTooMany;
    switch (lua_type(lua_, -1)) {
      case LUA_TSTRING:
        reply_.Bulk(Text(lua_, -1));
        break;
      case LUA_TNUMBER:
        reply_.Integer(ToInteger(lua_tonumber(lua_, -1)));
        break;
      case LUA_TBOOLEAN:
        WriteBoolean(lua_toboolean(lua_, -1) != 0);
        break;
      case LUA_TTABLE:
        if (depth > kReplyDepthMax || lua_checkstack(lua_, 6) == 0) return Outcome::kTooDeep;
        return WriteTable(depth);
      default:
        reply_.Null();
    }
    return Outcome::kWritten;
  }

  bool counted() const { return counted_; }

 private:
  void WriteBoolean(bool value) {
    if (protocol_ == 3) return reply_.Bool(value);
    value ? reply_.Integer(1) : reply_.Null();
  }

  // The field, by the raw way, on top of the stack if it is of that type.
  bool PushField(const char* name, int type) {
    lua_pushstring(lua_, name);
    lua_rawget(lua_, -2);
    if (lua_type(lua_, -1) == type) return true;
    lua_pop(lua_, 1);
    return false;
  }

  Outcome WriteTable(int depth) {
    if (PushField("err", LUA_TSTRING)) {
      reply_.Error(Message(lua_, -1));
      lua_pop(lua_, 1);
      if (PushField("ignore_error_stats_update", LUA_TBOOLEAN)) {
        counted_ = depth == 0 && lua_toboolean(lua_, -1) != 0;
        lua_pop(lua_, 1);
      }
    } else if (PushField("ok", LUA_TSTRING)) {
      reply_.Simple(OneLine(Message(lua_, -1)));
      lua_pop(lua_, 1);
    } else if (PushField("double", LUA_TNUMBER)) {
      reply_.Double(lua_tonumber(lua_, -1));
      lua_pop(lua_, 1);
    } else if (PushField("big_number", LUA_TSTRING)) {
      reply_.BigNumber(OneLine(Text(lua_, -1)));
      lua_pop(lua_, 1);
    } else if (!WriteVerbatim()) {
      if (PushField("map", LUA_TTABLE)) return WriteFields(depth, true);
      if (PushField("set", LUA_TTABLE)) return WriteFields(depth, false);
      return WriteArray(depth);
    }
    return Outcome::kWritten;
  }

  bool WriteVerbatim() {
    if (!PushField("verbatim_string", LUA_TTABLE)) return false;
    bool written = false;
    if (PushField("format", LUA_TSTRING)) {
      std::string format(Text(lua_, -1));
      format.resize(3, ' ');
      lua_pop(lua_, 1);
      written = PushField("string", LUA_TSTRING);
      if (written) {
        reply_.Verbatim(OneLine(format), Text(lua_, -1));
        lua_pop(lua_, 1);
      }
    }
    lua_pop(lua_, 1);
    return written;
  }

  // Of the table on top, which is taken from the stack: its keys, with their values in a map.
  Outcome WriteFields(int depth, bool values) {
    int64_t fields = 0;
    for (lua_pushnil(lua_); lua_next(lua_, -2) != 0; lua_pop(lua_, 1)) ++fields;
    values ? reply_.Map(fields) : reply_.Set(fields);
    for (lua_pushnil(lua_); lua_next(lua_, -2) != 0; lua_pop(lua_, 1)) {
      lua_pushvalue(lua_, -2);
      Outcome outcome = Write(depth + 1);
      lua_pop(lua_, 1);
      if (outcome == Outcome::kWritten && values) outcome = Write(depth + 1);
      if (outcome != Outcome::kWritten) return outcome;
    }
    lua_pop(lua_, 1);
    return Outcome::kWritten;
  }

  // Up to the first element that is not there.
  Outcome WriteArray(int depth) {
    int items = 0;
    for (bool more = true; more; lua_pop(lua_, 1)) {
      lua_rawgeti(lua_, -1, items + 1);
      more = !lua_isnil(lua_, -1);
      if (more) ++items;
    }
    reply_.Array(items);
    for (int i = 1; i <= items; ++i) {
      lua_rawgeti(lua_, -1, i);
      const Outcome outcome = Write(depth + 1);
      lua_pop(lua_, 1);
      if (outcome != Outcome::kWritten) return outcome;
    }
    return Outcome::kWritten;
  }

  lua_State* lua_;
  int protocol_;
  resp::Writer& reply_;
  size_t items_ = 0;
  bool counted_ = false;
};

// What a reply may hold that is not the client's yet.
class Bound final : public resp::OutputChain::Governor {
 public:
  explicit Bound(resp::OutputChain& out) : out_(out) {}
  bool MayHold(size_t bytes) override {
    held_bytes_ += bytes;
    return out_.MayHold(held_bytes_);
  }

 private:
  resp::OutputChain& out_;
  size_t held_bytes_ = 0;
};

}  // namespace

bool WriteReply(lua_State* L, int protocol, resp::Writer& reply) {
  if (!lua_istable(L, -1)) {
    Answer(L, protocol, reply).Write(0);
    return false;
  }
  const int top = lua_gettop(L);
  Bound bound(*reply.out());
  resp::OutputChain whole(&bound);
  resp::Writer writer(&whole, reply.protocol());
  Answer answer(L, protocol, writer);
  const Answer::Outcome outcome = answer.Write(0);
  lua_settop(L, top);
  const std::string_view bytes = whole.front();
  if (outcome == Answer::Outcome::kTooDeep) {
    reply.Error("ERR reached lua stack limit");
  } else if (outcome == Answer::Outcome::kTooMany) {
    reply.Error("ERR the reply of the script has too many elements");
  } else if (bytes.starts_with('-') && bytes.size() == whole.size()) {
    reply.Error(bytes.substr(1, bytes.size() - 3));  // so that it is counted
  } else {
    reply.out()->Append(std::move(whole));
  }
  return answer.counted();
}

}  // namespace rha::node::scripting
