// Replies and requests as bytes, appended to a string of the caller.
//
// The protocol version decides how types that only RESP3 has are sent: in RESP2 a map is a flat
// array, a null is "$-1", a double is a bulk string, a push is an array. Texts of errors and simple
// strings must not hold line ends; Error() replaces them by spaces, as Redis does.
#pragma once

#include <charconv>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include "common/resp/parser.h"

namespace rha::resp {

class Writer {
 public:
  explicit Writer(std::string* out, int protocol = 2) : out_(out), protocol_(protocol) {}

  int protocol() const { return protocol_; }
  void set_protocol(int protocol) { protocol_ = protocol; }
  std::string* out() { return out_; }

  void Ok() { out_->append("+OK\r\n", 5); }
  void Simple(std::string_view text);
  // "ERR syntax error", "WRONGTYPE ...": with the code, without '-'.
  void Error(std::string_view text);
  void Integer(int64_t value) { Header(':', value); }
  void Bulk(std::string_view bytes) {
    if (bytes.size() <= kSmallBulkBytes) return SmallBulk(bytes);
    Header('$', static_cast<int64_t>(bytes.size()));
    out_->append(bytes.data(), bytes.size());
    out_->append("\r\n", 2);
  }
  void BulkInteger(int64_t value);
  void Null() { protocol_ == 3 ? out_->append("_\r\n", 3) : out_->append("$-1\r\n", 5); }
  // RESP2 knows two nulls; EXEC and blocking pops answer with this one.
  void NullArray() { protocol_ == 3 ? out_->append("_\r\n", 3) : out_->append("*-1\r\n", 5); }
  void Array(int64_t items) { Header('*', items); }
  void Map(int64_t pairs) { protocol_ == 3 ? Header('%', pairs) : Header('*', pairs * 2); }
  void Set(int64_t items) { Header(protocol_ == 3 ? '~' : '*', items); }
  void Push(int64_t items) { Header(protocol_ == 3 ? '>' : '*', items); }
  void Bool(bool value);
  void Double(double value);
  void BigNumber(std::string_view digits);
  // `format`: three characters, "txt" or "mkd".
  void Verbatim(std::string_view format, std::string_view text);
  void Raw(std::string_view bytes) { out_->append(bytes.data(), bytes.size()); }

 private:
  static constexpr size_t kSmallBulkBytes = 256;

  // In one piece: growing the output thrice costs more than a copy.
  void SmallBulk(std::string_view bytes) {
    char buffer[kSmallBulkBytes + 8];
    buffer[0] = '$';
    char* end = std::to_chars(buffer + 1, buffer + 4, bytes.size()).ptr;
    end[0] = '\r';
    end[1] = '\n';
    end += 2;
    if (!bytes.empty()) std::memcpy(end, bytes.data(), bytes.size());
    end += bytes.size();
    end[0] = '\r';
    end[1] = '\n';
    out_->append(buffer, static_cast<size_t>(end + 2 - buffer));
  }

  void Header(char kind, int64_t number) {
    char buffer[24];
    buffer[0] = kind;
    char* end = std::to_chars(buffer + 1, buffer + 22, number).ptr;
    std::memcpy(end, "\r\n", 2);
    out_->append(buffer, static_cast<size_t>(end + 2 - buffer));
  }

  std::string* out_;
  int protocol_;
};

// A request as an array of bulk strings.
void AppendRequest(Args args, std::string* out);
void AppendRequest(std::initializer_list<std::string_view> args, std::string* out);

// As Redis 7.0 prints doubles: %.17g, "inf", "-inf", "nan". The text lies in `text` or is constant.
constexpr size_t kDoubleBytesMax = 32;
using DoubleText = char[kDoubleBytesMax];
std::string_view FormatDouble(double value, DoubleText& text);

}  // namespace rha::resp
