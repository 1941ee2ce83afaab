// The table that generate.py makes; docs.h is the door to it.
#pragma once

#include <cstddef>
#include <cstdint>

namespace rha::node::commands {

// Entries in the order of their names, each beginning at its offset in the text.
extern const uint32_t kCommandDocOffsets[];
extern const size_t kCommandDocs;
extern const char kCommandDocText[];
extern const size_t kCommandDocBytes;

}  // namespace rha::node::commands
