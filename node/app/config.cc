#include "node/app/config.h"

#include <algorithm>

#include "node/app/limits.h"
#include "node/dispatch/session.h"

namespace rha::node::app {

const OutputLimit& Config::OutputLimitFor(const dispatch::Session& session) const {
  const OutputClass kind = session.kind == dispatch::SessionKind::kReplica ? OutputClass::kReplica
                           : session.pubsub != nullptr                     ? OutputClass::kPubsub
                                                                           : OutputClass::kNormal;
  return output_limits[static_cast<size_t>(kind)];
}

size_t Config::ClientBytesMax() const {
  if (client_memory_max == 0) return 0;
  auto bytes = static_cast<size_t>(client_memory_max);
  if (client_memory_max < 0) {
    if (memory_max_bytes == 0) return 0;
    bytes = static_cast<size_t>(static_cast<double>(memory_max_bytes) / 100 *
                                static_cast<double>(-client_memory_max));
  }
  return std::max(bytes, kClientBytesMaxLeast);
}

}  // namespace rha::node::app
