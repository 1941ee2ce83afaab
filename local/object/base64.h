// Base64 as Secrets use it (RFC 4648 §4, padded). Pure; any thread.
#pragma once

#include <string>
#include <string_view>

#include "common/base/status.h"

namespace rha::local::object {

std::string Base64Encode(std::string_view bytes);
Result<std::string> Base64Decode(std::string_view text);

}  // namespace rha::local::object
