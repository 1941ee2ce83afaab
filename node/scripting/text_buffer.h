// A text that grows up to kTextBytesMax, for libraries that make one. Thread rule: one owner.
#pragma once

#include <string>
#include <string_view>

#include "node/scripting/limits.h"

namespace rha::node::scripting {

class TextBuffer {
 public:
  // False: it would be too long, and stays as it is.
  bool Add(std::string_view bytes) {
    if (text_.size() + bytes.size() > kTextBytesMax) return false;
    text_ += bytes;
    return true;
  }
  bool Add(char c) { return Add(std::string_view(&c, 1)); }
  const std::string& text() const { return text_; }

 private:
  std::string text_;
};

}  // namespace rha::node::scripting
