#include "node/app/config.h"

#include "node/dispatch/session.h"

namespace rha::node::app {

const OutputLimit& Config::OutputLimitFor(const dispatch::Session& session) const {
  const OutputClass kind = session.kind == dispatch::SessionKind::kReplica ? OutputClass::kReplica
                           : session.pubsub != nullptr                     ? OutputClass::kPubsub
                                                                           : OutputClass::kNormal;
  return output_limits[static_cast<size_t>(kind)];
}

}  // namespace rha::node::app
