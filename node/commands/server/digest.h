// What DEBUG DIGEST and DEBUG DIGEST-VALUE answer: 20 bytes that are equal in redisha-node and
// redis-server if the data are, however they are kept. Thread rule: the engine's thread.
#pragma once

#include "common/base/sha1.h"
#include "node/keyspace/db.h"

namespace rha::node::commands {

// Of the value and whether it expires; of nothing: zeros.
Sha1Digest DigestOfValue(keyspace::Item item);
// Of all keys in all databases, in whatever order.
Sha1Digest DigestOfAll(keyspace::Keyspace& keyspace);

}  // namespace rha::node::commands
