// Glob patterns as Redis matches them: * ? [abc] [^a-z] and \ to quote. Bytes, not characters.
// Any thread.
#pragma once

#include <string_view>

namespace rha {

bool GlobMatches(std::string_view pattern, std::string_view text, bool ignore_case = false);

}  // namespace rha
