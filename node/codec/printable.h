// Keys and names in messages: quoted, escaped, cut. Pure.
#pragma once

#include <string>
#include <string_view>

namespace rha::node::codec {

// "\"user:\\x00…\" (300 bytes)": never control characters, never longer than a line can bear.
std::string Printable(std::string_view bytes);
// The same without quotes around it.
std::string Escaped(std::string_view bytes);

}  // namespace rha::node::codec
