#include "node/dispatch/session.h"

#include "node/dispatch/blocking.h"
#include "node/dispatch/pubsub.h"

namespace rha::node::dispatch {

Session::Session(SessionKind kind) : kind(kind) {}
Session::~Session() = default;

}  // namespace rha::node::dispatch
