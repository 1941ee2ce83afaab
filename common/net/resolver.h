// Names to addresses without ever holding up the loop: one worker thread asks the system's
// resolver, answers come back to the loop's thread.
//
// Answers are kept for `ttl`; a failure is kept for `failure_ttl`, so that a name that does not
// resolve costs one query per period. When the resolver fails, or has not answered within
// `patience`, but an older answer is known, the older answer is given: an address that worked a
// minute ago is better than none while DNS is away.
// Questions for a name that is already being asked join it. A query that hangs delays only other
// names.
//
// Thread rule: the reactor's thread. The destructor does not wait for a query under way.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "common/base/clock.h"
#include "common/base/status.h"

namespace rha::net {

class Reactor;

struct ResolverOptions {
  Millis ttl{5000};
  Millis failure_ttl{1000};
  Millis patience{100};
  size_t queue_max = 256;
};

class Resolver {
 public:
  using Addresses = std::vector<std::string>;  // numeric, never empty
  using Callback = std::function<void(const Result<Addresses>&)>;
  // What the worker calls; a test gives its own.
  using Lookup = std::function<Result<Addresses>(const std::string& host)>;

  explicit Resolver(Reactor& reactor, ResolverOptions options = {}, Lookup lookup = {});
  ~Resolver();
  Resolver(const Resolver&) = delete;
  Resolver& operator=(const Resolver&) = delete;

  // Always calls back from a later turn of the loop, unless the resolver is destroyed first.
  // A numeric address is its own answer.
  void Resolve(const std::string& host, Callback callback);

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace rha::net
