// Libraries of functions, as a part of the dataset beside its keys: saved, loaded and replaced with
// them. FLUSHALL leaves them alone.
//
// Thread rule: the engine's thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/base/status.h"

namespace rha::node::keyspace {

class Libraries {
 public:
  virtual ~Libraries() = default;
  // What Load() takes, of each.
  virtual std::vector<std::string> Sources() const = 0;
  // Without `replace` it must be the only one of its name.
  virtual Status Load(std::string_view source, bool replace) = 0;
  virtual void Clear() = 0;
};

}  // namespace rha::node::keyspace
