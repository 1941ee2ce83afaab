// A few commands for tests: some with subcommands, one without.
#pragma once

#include "common/acl/catalogue.h"

namespace rha::acl {

enum TestCommand : size_t {
  kGet,
  kSet,
  kIncr,
  kSadd,
  kPing,
  kSelect,
  kConfig,
  kConfigGet,
  kConfigSet,
  kAcl,
  kAclSetUser,
  kAclWhoAmI,
  kHget,
  kHset,
  kSmembers,
  kSetex,
};

inline const Catalogue& TestCatalogue() {
  static const Catalogue catalogue({
      {"get", kAclRead | kAclString | kAclFast},
      {"set", kAclWrite | kAclString | kAclSlow},
      {"incr", kAclWrite | kAclString | kAclFast},
      {"sadd", kAclWrite | kAclSet | kAclFast},
      {"ping", kAclConnection | kAclFast},
      {"select", kAclConnection | kAclFast},
      {"config", kAclSlow},
      {"config|get", kAclAdmin | kAclDangerous | kAclSlow},
      {"config|set", kAclAdmin | kAclDangerous | kAclSlow},
      {"acl", kAclSlow},
      {"acl|setuser", kAclAdmin | kAclDangerous | kAclSlow},
      {"acl|whoami", kAclSlow},
      {"hget", kAclRead | kAclHash | kAclFast},
      {"hset", kAclWrite | kAclHash | kAclFast},
      {"smembers", kAclRead | kAclSet | kAclSlow},
      {"setex", kAclWrite | kAclString | kAclSlow},
  });
  return catalogue;
}

}  // namespace rha::acl
