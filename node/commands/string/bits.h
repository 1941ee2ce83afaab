// What the commands about bits share. Thread rule: the engine's thread.
#pragma once

#include <cstdint>
#include <string_view>

#include "node/commands/parse.h"

namespace rha::node::commands {

// An offset of a bit within the longest string there may be; "#n" is the n-th number of `width`
// bits, where `width` is not 0. False: the error is written.
bool ParseBitOffset(Context& ctx, std::string_view text, int width, uint64_t* offset);

}  // namespace rha::node::commands
