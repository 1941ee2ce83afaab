// The walk of a large value whose members are the entries of one table (large_value.h).
//
//   class SetTable final : public TableWalk<SetTable> { ... auto& walked_table() { ... } };
//
// Thread rule: the engine's thread.
#pragma once

#include <cstddef>
#include <cstdint>

#include "node/structs/entry_table.h"
#include "node/types/large_value.h"

namespace rha::node::types {

template <typename Derived>
class TableWalk : public LargeValue, private structs::EntryWatcher {
 public:
  bool FreeSome(size_t budget) override { return self().walked_table().FreeSome(budget); }

  bool walkable() const override { return true; }
  size_t BeginWalk(PieceSink* sink) override {
    sink_ = sink;
    cursor_ = 0;
    walked_ = true;
    self().walked_table().Watch(this);
    return size();
  }
  bool WalkSome(size_t budget) override {
    for (size_t seen = 0; seen < budget; ++seen) {  // an empty bucket costs something, too
      cursor_ = self().walked_table().ScanUnseen(cursor_, [&](structs::Entry& entry) {
        ++seen;
        sink_->OnMember(entry);
      });
      if (cursor_ == 0) return true;
    }
    return false;
  }
  void EndWalk() override {
    self().walked_table().Unwatch();
    walked_ = false;
  }

 private:
  Derived& self() { return static_cast<Derived&>(*this); }
  void OnEntry(structs::Entry entry) override { sink_->OnMember(entry); }

  PieceSink* sink_ = nullptr;
  uint64_t cursor_ = 0;
};

}  // namespace rha::node::types
