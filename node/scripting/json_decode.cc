// cjson.decode: JSON as Lua values, with the errors of lua-cjson 2.1.
#include <cstdlib>
#include <string>
#include <string_view>

#include "node/scripting/interpreter.h"
#include "node/scripting/json_functions.h"

namespace rha::node::scripting {
namespace {

// What the text holds next. Names are those that errors show.
struct Token {
  enum class Kind : uint8_t {
    kObjectBegin,
    kObjectEnd,
    kArrayBegin,
    kArrayEnd,
    kString,
    kNumber,
    kBoolean,
    kNull,
    kColon,
    kComma,
    kEnd,
    kError
  };
  Kind kind = Kind::kEnd;
  size_t at = 0;  // where it begins
  double number = 0;
  bool boolean = false;
  const char* error = nullptr;
};
using Kind = Token::Kind;

const char* Name(const Token& token) {
  constexpr const char* kNames[] = {"T_OBJ_BEGIN", "T_OBJ_END", "T_ARR_BEGIN", "T_ARR_END",
                                    "T_STRING",    "T_NUMBER",  "T_BOOLEAN",   "T_NULL",
                                    "T_COLON",     "T_COMMA",   "T_END"};
  return token.kind == Kind::kError ? token.error : kNames[static_cast<size_t>(token.kind)];
}

class Lexer {
 public:
  // `text` has a zero behind it, as Lua's strings have.
  Lexer(std::string_view text, bool invalid_numbers)
      : text_(text), invalid_numbers_(invalid_numbers) {}

  Token Next() {
    while (IsBlank(Peek(0))) ++at_;
    Token token;
    token.at = at_;
    constexpr std::string_view kMarks = "{}[]:,";
    constexpr Kind kKinds[] = {Kind::kObjectBegin, Kind::kObjectEnd, Kind::kArrayBegin,
                               Kind::kArrayEnd,    Kind::kColon,     Kind::kComma};
    const char c = Peek(0);
    if (c == 0) return token;  // also in the middle, as in C
    if (const size_t mark = kMarks.find(c); mark != std::string_view::npos) {
      ++at_;
      token.kind = kKinds[mark];
    } else if (c == '"') {
      TakeString(&token);
    } else if (c == '-' || IsDigit(c)) {
      !invalid_numbers_&& IsInvalidNumber() ? Fail(&token, "invalid number") : TakeNumber(&token);
    } else {
      TakeWord(&token);
    }
    return token;
  }

  const std::string& string() const { return string_; }
  size_t at() const { return at_; }

 private:
  static bool IsBlank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }
  static bool IsDigit(char c) { return c >= '0' && c <= '9'; }
  static char Lower(char c) { return static_cast<char>(c | 0x20); }
  char Peek(size_t ahead) const { return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0'; }
  bool Follows(std::string_view word) const { return text_.substr(at_).starts_with(word); }
  bool FollowsInAnyCase(size_t ahead, std::string_view word) const {
    for (size_t i = 0; i < word.size(); ++i) {
      if (Lower(Peek(ahead + i)) != word[i]) return false;
    }
    return true;
  }

  void Fail(Token* token, const char* error) {
    token->kind = Kind::kError;
    token->at = at_;
    token->error = error;
  }

  // What strtod() would take, but JSON does not know.
  bool IsInvalidNumber() const {
    if (Peek(0) == '+') return true;
    const size_t sign = Peek(0) == '-' ? 1 : 0;
    if (Peek(sign) == '0') return Lower(Peek(sign + 1)) == 'x' || IsDigit(Peek(sign + 1));
    if (static_cast<unsigned char>(Peek(sign)) <= '9') return false;
    return FollowsInAnyCase(sign, "inf") || FollowsInAnyCase(sign, "nan");
  }

  void TakeNumber(Token* token) {
    const char* const begin = text_.data() + at_;
    char* end = nullptr;
    token->number = std::strtod(begin, &end);
    if (end == begin) return Fail(token, "invalid number");
    token->kind = Kind::kNumber;
    at_ += static_cast<size_t>(end - begin);
  }

  void TakeWord(Token* token) {
    if (Follows("true") || Follows("false")) {
      token->kind = Kind::kBoolean;
      token->boolean = Peek(0) == 't';
      at_ += token->boolean ? 4 : 5;
    } else if (Follows("null")) {
      token->kind = Kind::kNull;
      at_ += 4;
    } else if (invalid_numbers_ && std::string_view("iInN+").find(Peek(0)) != std::string::npos &&
               IsInvalidNumber()) {
      TakeNumber(token);
    } else {
      Fail(token, "invalid token");
    }
  }

  void TakeString(Token* token) {
    string_.clear();
    for (++at_; Peek(0) != '"'; ++at_) {
      char c = Peek(0);
      if (c == 0) return Fail(token, "unexpected end of string");
      if (c == '\\') {
        constexpr std::string_view kNames = "\"\\/btnfr", kLetters = "\"\\/\b\t\n\f\r";
        if (Peek(1) == 'u') {
          if (!TakeUnicode()) return Fail(token, "invalid unicode escape code");
          continue;
        }
        const size_t name = Peek(1) == 0 ? std::string::npos : kNames.find(Peek(1));
        if (name == std::string_view::npos) return Fail(token, "invalid escape code");
        c = kLetters[name];
        ++at_;
      }
      string_ += c;
    }
    ++at_;
    token->kind = Kind::kString;
  }

  // Four hexadecimal digits; -1: they are not.
  int CodeUnit(size_t ahead) const {
    int unit = 0;
    for (size_t i = 0; i < 4; ++i) {
      const char c = Peek(ahead + i);
      const int digit = IsDigit(c)                           ? c - '0'
                        : Lower(c) >= 'a' && Lower(c) <= 'f' ? Lower(c) - 'a' + 10
                                                             : -1;
      if (digit < 0) return -1;
      unit = unit * 16 + digit;
    }
    return unit;
  }

  // Leaves the position at the last character of the escape.
  bool TakeUnicode() {
    int code = CodeUnit(2);
    size_t length = 6;
    if (code < 0) return false;
    if ((code & 0xF800) == 0xD800) {
      if ((code & 0x400) != 0 || Peek(6) != '\\' || Peek(7) != 'u') return false;
      const int low = CodeUnit(8);
      if (low < 0 || (low & 0xFC00) != 0xDC00) return false;
      code = (((code & 0x3FF) << 10) | (low & 0x3FF)) + 0x10000;
      length = 12;
    }
    AddUtf8(static_cast<unsigned>(code));
    at_ += length - 1;
    return true;
  }

  void AddUtf8(unsigned code) {
    const auto tail = [&](int shift) {
      string_ += static_cast<char>(0x80 | ((code >> shift) & 0x3F));
    };
    if (code <= 0x7F) {
      string_ += static_cast<char>(code);
    } else if (code <= 0x7FF) {
      string_ += static_cast<char>(0xC0 | (code >> 6));
      tail(0);
    } else if (code <= 0xFFFF) {
      string_ += static_cast<char>(0xE0 | (code >> 12));
      tail(6);
      tail(0);
    } else {
      string_ += static_cast<char>(0xF0 | (code >> 18));
      tail(12);
      tail(6);
      tail(0);
    }
  }

  std::string_view text_;
  bool invalid_numbers_;
  size_t at_ = 0;
  std::string string_;  // of the last kString
};

class Decoder {
 public:
  Decoder(lua_State* L, std::string_view text, const JsonOptions& options)
      : lua_(L), options_(options), lexer_(text, options.decode_invalid_numbers) {}

  void Decode() {
    PushValue(lexer_.Next());
    if (const Token end = lexer_.Next(); end.kind != Kind::kEnd) Unexpected("the end", end);
  }

 private:
  void Unexpected(const char* expected, const Token& token) {
    luaL_error(lua_, "Expected %s but found %s at character %d", expected, Name(token),
               static_cast<int>(token.at) + 1);
  }

  void Descend() {
    if (++depth_ <= options_.decode_depth_max && lua_checkstack(lua_, 6) != 0) return;
    luaL_error(lua_, "Found too many nested data structures (%d) at character %d", depth_,
               static_cast<int>(lexer_.at()));
  }

  void PushValue(const Token& token) {
    switch (token.kind) {
      case Kind::kString:
        return lua_pushlstring(lua_, lexer_.string().data(), lexer_.string().size());
      case Kind::kNumber:
        return lua_pushnumber(lua_, token.number);
      case Kind::kBoolean:
        return lua_pushboolean(lua_, token.boolean ? 1 : 0);
      case Kind::kNull:
        return lua_pushlightuserdata(lua_, nullptr);  // nil would delete the field
      case Kind::kObjectBegin:
        return PushObject();
      case Kind::kArrayBegin:
        return PushArray();
      default:
        Unexpected("value", token);
    }
  }

  void PushObject() {
    Descend();
    lua_newtable(lua_);
    Token token = lexer_.Next();
    while (token.kind != Kind::kObjectEnd) {
      if (token.kind != Kind::kString) Unexpected("object key string", token);
      lua_pushlstring(lua_, lexer_.string().data(), lexer_.string().size());
      if (token = lexer_.Next(); token.kind != Kind::kColon) Unexpected("colon", token);
      PushValue(lexer_.Next());
      lua_rawset(lua_, -3);
      token = lexer_.Next();
      if (token.kind == Kind::kObjectEnd) break;
      if (token.kind != Kind::kComma) Unexpected("comma or object end", token);
      if (token = lexer_.Next(); token.kind == Kind::kObjectEnd) {
        Unexpected("object key string", token);
      }
    }
    --depth_;
  }

  void PushArray() {
    Descend();
    lua_newtable(lua_);
    Token token = lexer_.Next();
    if (token.kind == Kind::kArrayEnd) {
      --depth_;
      return;
    }
    for (int i = 1;; ++i) {
      PushValue(token);
      lua_rawseti(lua_, -2, i);
      token = lexer_.Next();
      if (token.kind == Kind::kArrayEnd) break;
      if (token.kind != Kind::kComma) Unexpected("comma or array end", token);
      token = lexer_.Next();
    }
    --depth_;
  }

  lua_State* lua_;
  const JsonOptions& options_;
  Lexer lexer_;
  int depth_ = 0;
};

}  // namespace

int JsonDecode(lua_State* L) {
  luaL_argcheck(L, lua_gettop(L) == 1, 1, "expected 1 argument");
  size_t size = 0;
  const char* const text = luaL_checklstring(L, 1, &size);
  if (size >= 2 && (text[0] == 0 || text[1] == 0)) {
    return luaL_error(L, "JSON parser does not support UTF-16 or UTF-32");
  }
  // (lua-cjson reads a text that begins with a zero as empty, too.)
  Decoder(L, {text, size}, Interpreter::Of(L).json()).Decode();
  return 1;
}

}  // namespace rha::node::scripting
