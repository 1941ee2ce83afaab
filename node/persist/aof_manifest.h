// The list of the files that make up an append-only file, as Redis 7.0 keeps it:
//
//   file appendonly.aof.3.base.rdb seq 3 type b        the dataset at some moment
//   file appendonly.aof.2.incr.aof seq 2 type h        history: of no use any more, to be removed
//   file appendonly.aof.5.incr.aof seq 5 type i        what changed since, in this order
//   file appendonly.aof.6.incr.aof seq 6 type i
//
// The dataset is the base with the increments applied one after another.
//
// Invariants: names are plain (no folder); increments grow in sequence; what Parse() accepts,
// Format() writes again so that Parse() reads the same. Pure; any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/status.h"

namespace rha::node::persist {

struct AofFile {
  std::string name;
  uint64_t sequence = 0;
  bool operator==(const AofFile&) const = default;
};

class AofManifest {
 public:
  // `text` comes from a file; messages are Redis'.
  static Result<AofManifest> Parse(std::string_view text);
  std::string Format() const;

  bool empty() const { return !base && increments.empty(); }
  // The files that hold the dataset, in order.
  std::vector<AofFile> InOrder() const;

  // ---- the two changes that a rewrite makes. `name` is appendfilename.
  // One more increment follows.
  void AddIncrement(AofFile increment) { increments.push_back(std::move(increment)); }
  // A base that stands for all before `first_kept` of the increments: what it replaces becomes
  // history.
  void ReplaceBase(AofFile new_base, size_t first_kept);

  // The next file of its kind, with a name that no other file of this list has. `form`: "rdb" or
  // "aof", what the base consists of.
  AofFile NextBase(std::string_view name, std::string_view form) const;
  AofFile NextIncrement(std::string_view name) const;
  bool Names(std::string_view name) const;

  std::optional<AofFile> base;
  std::vector<AofFile> history;
  std::vector<AofFile> increments;
  bool operator==(const AofManifest&) const = default;

 private:
  AofFile Next(std::string_view name, std::string_view ending, uint64_t last) const;
};

// "appendonly.aof.manifest"
std::string AofManifestName(std::string_view name);

}  // namespace rha::node::persist
