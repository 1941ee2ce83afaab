#include "common/resp/writer.h"

#include <cmath>

namespace rha::resp {

void Writer::Simple(std::string_view text) {
  out_->push_back('+');
  out_->append(text);
  out_->append("\r\n", 2);
}

void Writer::Error(std::string_view text) {
  out_->push_back('-');
  const size_t start = out_->size();
  out_->append(text);
  for (size_t i = start; i < out_->size(); ++i) {
    if ((*out_)[i] == '\r' || (*out_)[i] == '\n') (*out_)[i] = ' ';
  }
  out_->append("\r\n", 2);
}

void Writer::BulkInteger(int64_t value) {
  char digits[24];
  const char* end = std::to_chars(digits, digits + sizeof digits, value).ptr;
  Bulk(std::string_view(digits, static_cast<size_t>(end - digits)));
}

void Writer::Bool(bool value) {
  if (protocol_ == 3) {
    out_->append(value ? "#t\r\n" : "#f\r\n", 4);
  } else {
    Integer(value ? 1 : 0);
  }
}

void Writer::Double(double value) {
  DoubleText scratch;
  const std::string_view text = FormatDouble(value, scratch);
  if (protocol_ != 3) return Bulk(text);
  out_->push_back(',');
  out_->append(text);
  out_->append("\r\n", 2);
}

void Writer::BigNumber(std::string_view digits) {
  if (protocol_ != 3) return Bulk(digits);
  out_->push_back('(');
  out_->append(digits);
  out_->append("\r\n", 2);
}

void Writer::Verbatim(std::string_view format, std::string_view text) {
  if (protocol_ != 3) return Bulk(text);
  Header('=', static_cast<int64_t>(text.size() + 4));
  out_->append(format);
  out_->push_back(':');
  out_->append(text);
  out_->append("\r\n", 2);
}

void AppendRequest(Args args, std::string* out) {
  Writer writer(out);
  writer.Array(static_cast<int64_t>(args.size()));
  for (const std::string_view arg : args) writer.Bulk(arg);
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
