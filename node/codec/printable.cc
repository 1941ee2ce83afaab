#include "node/codec/printable.h"

#include <fmt/format.h>

#include "node/codec/limits.h"

namespace rha::node::codec {

std::string Escaped(std::string_view bytes) {
  std::string out;
  for (const char c : bytes.substr(0, kPrintableBytesMax)) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (byte < 0x20 || byte >= 0x7f) {
      out += fmt::format("\\x{:02x}", byte);
    } else {
      out += c;
    }
  }
  return out;
}

std::string Printable(std::string_view bytes) {
  std::string out = '"' + Escaped(bytes) + '"';
  if (bytes.size() > kPrintableBytesMax) out += fmt::format("… ({} bytes)", bytes.size());
  return out;
}

}  // namespace rha::node::codec
