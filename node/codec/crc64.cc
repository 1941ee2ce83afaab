#include "node/codec/crc64.h"

#include <isa-l/crc64.h>

namespace rha::node::codec {

// ISA-L inverts the checksum on the way in and out; Redis does not.
uint64_t Crc64(uint64_t crc, const void* bytes, size_t count) {
  return ~crc64_jones_refl(~crc, static_cast<const unsigned char*>(bytes), count);
}

}  // namespace rha::node::codec
