#include "common/resp/writer.h"

#include <algorithm>
#include <cmath>

namespace rha::resp {

void Writer::Simple(std::string_view text) {
  Raw("+");
  Raw(text);
  Raw("\r\n");
}

void Writer::Error(std::string_view text) {
  const auto end =
      std::find_if(text.begin(), text.end(), [](char c) { return c >= 0 && c <= ' '; });
  const std::string_view code =
      text.substr(0, std::min<size_t>(end - text.begin(), kErrorCodeBytesMax));
  std::memcpy(error_code_, code.data(), code.size());
  error_code_bytes_ = static_cast<uint8_t>(code.size());
  std::string line(text.substr(0, text.find_last_not_of("\r\n") + 1));  // as Redis does
  std::replace_if(
      line.begin(), line.end(), [](char c) { return c == '\r' || c == '\n'; }, ' ');
  Raw("-");
  Raw(line);
  Raw("\r\n");
}

void Writer::BulkInteger(int64_t value) {
  char digits[kHeaderBytes];
  const char* end = std::to_chars(digits, digits + sizeof digits, value).ptr;
  Bulk(std::string_view(digits, static_cast<size_t>(end - digits)));
}

void Writer::Bool(bool value) {
  if (protocol_ != 3) return Integer(value ? 1 : 0);
  Raw(value ? "#t\r\n" : "#f\r\n");
}

void Writer::Double(double value) {
  DoubleText scratch;
  DoubleDigits(FormatDouble(value, scratch));
}

void Writer::DoubleDigits(std::string_view digits) {
  if (protocol_ != 3) return Bulk(digits);
  Raw(",");
  Raw(digits);
  Raw("\r\n");
}

void Writer::BigNumber(std::string_view digits) {
  if (protocol_ != 3) return Bulk(digits);
  Raw("(");
  Raw(digits);
  Raw("\r\n");
}

void Writer::Verbatim(std::string_view format, std::string_view text) {
  if (protocol_ != 3) return Bulk(text);
  Header('=', static_cast<int64_t>(text.size() + 4));
  Raw(format);
  Raw(":");
  Raw(text);
  Raw("\r\n");
}

void AppendRequest(Args args, std::string* out) {
  struct {
    std::string* text;
    size_t begin = 0;

    char* Reserve(size_t bytes) {
      begin = text->size();
      text->resize(begin + bytes);
      return text->data() + begin;
    }
    void Commit(const char* end) { text->resize(static_cast<size_t>(end - text->data())); }
    void Append(std::string_view bytes) { text->append(bytes); }
  } to{out};
  WriteRequest(args, to);
}

void AppendRequest(std::initializer_list<std::string_view> args, std::string* out) {
  AppendRequest(Args(args.begin(), args.size()), out);
}

std::string_view FormatDouble(double value, DoubleText& text) {
  if (std::isinf(value)) return value > 0 ? "inf" : "-inf";
  if (std::isnan(value)) return "nan";
  constexpr double kExactMax = 0x1p53;
  const bool minus_zero = value == 0 && std::signbit(value);
  char* const limit = text + sizeof text;
  const char* end = std::abs(value) < kExactMax && std::trunc(value) == value && !minus_zero
                        ? std::to_chars(text, limit, static_cast<int64_t>(value)).ptr
                        : std::to_chars(text, limit, value, std::chars_format::general, 17).ptr;
  return {text, static_cast<size_t>(end - text)};
}

}  // namespace rha::resp
