// Replies as bytes, appended to an output chain of the caller; requests as bytes, to a string.
//
// The protocol version decides how types that only RESP3 has are sent: in RESP2 a map is a flat
// array, a null is "$-1", a double is a bulk string, a push is an array. Texts of errors and simple
// strings must not hold line ends; Error() replaces them by spaces, as Redis does. A writer
// remembers the code of the last error it wrote, for those who count errors.
// Thread rule: that of the chain.
#pragma once

#include <charconv>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include "common/resp/output_chain.h"
#include "common/resp/parser.h"

namespace rha::resp {

class Writer {
 public:
  explicit Writer(OutputChain* out, int protocol = 2) : out_(out), protocol_(protocol) {}

  int protocol() const { return protocol_; }
  void set_protocol(int protocol) { protocol_ = protocol; }
  OutputChain* out() { return out_; }

  void Ok() { Raw("+OK\r\n"); }
  void Simple(std::string_view text);
  // "ERR syntax error", "WRONGTYPE ...": with the code, without '-'.
  void Error(std::string_view text);
  // Of the last error since ForgetError(); empty: none. At most kErrorCodeBytesMax of it.
  std::string_view error_code() const { return {error_code_, error_code_bytes_}; }
  void ForgetError() { error_code_bytes_ = 0; }

  void Integer(int64_t value) { Header(':', value); }
  void Bulk(std::string_view bytes) {
    if (bytes.size() <= kSmallBulkBytes) return SmallBulk(bytes);
    Header('$', static_cast<int64_t>(bytes.size()));
    out_->Append(bytes);
    Raw("\r\n");
  }
  void BulkInteger(int64_t value);
  void Null() { Raw(protocol_ == 3 ? "_\r\n" : "$-1\r\n"); }
  // RESP2 knows two nulls; EXEC and blocking pops answer with this one.
  void NullArray() { Raw(protocol_ == 3 ? "_\r\n" : "*-1\r\n"); }
  void Array(int64_t items) { Header('*', items); }
  void Map(int64_t pairs) { protocol_ == 3 ? Header('%', pairs) : Header('*', pairs * 2); }
  void Set(int64_t items) { Header(protocol_ == 3 ? '~' : '*', items); }
  void Push(int64_t items) { Header(protocol_ == 3 ? '>' : '*', items); }
  void Bool(bool value);
  void Double(double value);
  // The same of a number that has been formatted already.
  void DoubleDigits(std::string_view digits);
  void BigNumber(std::string_view digits);
  // `format`: three characters, "txt" or "mkd".
  void Verbatim(std::string_view format, std::string_view text);
  // What has been written for the same protocol already.
  void Raw(std::string_view bytes) { out_->Append(bytes); }

  static constexpr size_t kErrorCodeBytesMax = 31;

 private:
  static constexpr size_t kSmallBulkBytes = 256;
  static constexpr size_t kHeaderBytes = 24;  // a mark, a number, a line end
  static_assert(kSmallBulkBytes + kHeaderBytes <= OutputChain::kReserveBytesMax);

  static char* PutLineEnd(char* at) {
    std::memcpy(at, "\r\n", 2);
    return at + 2;
  }

  void SmallBulk(std::string_view bytes) {
    char* at = out_->Reserve(bytes.size() + 8);
    *at++ = '$';
    at = PutLineEnd(std::to_chars(at, at + 3, bytes.size()).ptr);
    if (!bytes.empty()) std::memcpy(at, bytes.data(), bytes.size());
    out_->Commit(PutLineEnd(at + bytes.size()));
  }

  void Header(char kind, int64_t number) {
    char* const at = out_->Reserve(kHeaderBytes);
    *at = kind;
    out_->Commit(PutLineEnd(std::to_chars(at + 1, at + 22, number).ptr));
  }

  OutputChain* out_;
  int protocol_;
  uint8_t error_code_bytes_ = 0;
  char error_code_[kErrorCodeBytesMax];
};

inline constexpr size_t kRequestHeaderBytesMax = 25;
// A request as an array of bulk strings. `out` has Reserve, Commit and Append, as OutputChain has:
// all is written where it stays.
template <typename Out>
void WriteRequest(Args args, Out& out) {
  const auto header = [&out](bool begins, char kind, size_t number) {
    char* at = out.Reserve(kRequestHeaderBytesMax);
    std::memcpy(at, "\r\n", 2);  // of the word before it
    if (!begins) at += 2;
    *at++ = kind;
    at = std::to_chars(at, at + 20, number).ptr;
    std::memcpy(at, "\r\n", 2);
    out.Commit(at + 2);
  };
  header(true, '*', args.size());
  for (size_t i = 0; i < args.size(); ++i) {
    header(i == 0, '$', args[i].size());
    out.Append(args[i]);
  }
  if (!args.empty()) out.Append("\r\n");
}
void AppendRequest(Args args, std::string* out);
void AppendRequest(std::initializer_list<std::string_view> args, std::string* out);

// As Redis 7.0 prints doubles: %.17g, "inf", "-inf", "nan". The text lies in `text` or is constant.
constexpr size_t kDoubleBytesMax = 32;
using DoubleText = char[kDoubleBytesMax];
std::string_view FormatDouble(double value, DoubleText& text);

}  // namespace rha::resp
