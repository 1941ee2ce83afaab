// Libraries of functions, as a part of the dataset beside its keys: saved, loaded and replaced with
// them. FLUSHALL leaves them alone.
//
// Thread rule: the engine's thread.
#pragma once

#include <memory>
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
  // Empty, for those of a dataset that is loaded aside (Keyspace::BesideThis).
  virtual std::unique_ptr<Libraries> Beside() = 0;
  // What was loaded aside takes the place of what is here. REQUIRES: made by Beside().
  virtual void Adopt(Libraries& loaded) = 0;
};

}  // namespace rha::node::keyspace
