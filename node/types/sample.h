// Choosing members at random, all with the same probability and none twice.
// Thread rule: any thread.
#pragma once

#include <cstddef>
#include <string_view>
#include <unordered_set>

#include "common/base/prng.h"
#include "node/structs/member_table.h"

namespace rha::node::types {

// For a walk over all of them: tells of each whether it is one of the chosen (selection sampling,
// Knuth volume 2, algorithm S).
class Selection {
 public:
  // `count` of `members`, or all when there are no more.
  Selection(size_t members, size_t count, Prng& prng)
      : members_left_(members), to_choose_(count), prng_(prng) {}

  // REQUIRES: called at most `members` times.
  bool TakesNext() {
    const bool takes = prng_.Below(members_left_--) < to_choose_;
    if (takes) --to_choose_;
    return takes;
  }

 private:
  size_t members_left_;
  size_t to_choose_;
  Prng& prng_;
};

// visit(member, value) for `count` of the table, or for all.
template <typename Visit>
void SampleTable(structs::MemberTable& table, size_t count, Prng& prng, Visit&& visit) {
  // A few of many are drawn one by one; when a draw would hit one it had too often, all are walked.
  constexpr size_t kWalkFactor = 3;
  if (count >= table.size() / kWalkFactor) {
    Selection selection(table.size(), count, prng);
    return table.ForEach([&](std::string_view member, std::string_view value) {
      if (selection.TakesNext()) visit(member, value);
    });
  }
  std::unordered_set<const structs::Entry*> chosen;
  chosen.reserve(count);
  while (chosen.size() < count) {
    const structs::Entry* entry = table.Random(prng);
    if (!chosen.insert(entry).second) continue;
    visit(entry->key(), structs::MemberTable::Value(entry));
  }
}

}  // namespace rha::node::types
