// A large value that is a table of its members: what HashTable, SetTable and ZsetTree have in
// common, the walk over the table among it (large_value.h).
//
// Derived classes add no data. Thread rule: the engine's thread.
#pragma once

#include <cstddef>
#include <cstdint>

#include "node/structs/entry_table.h"
#include "node/structs/heap.h"
#include "node/types/large_value.h"

namespace rha::node::types {

template <typename Table>
class TableValue : public LargeValue, private structs::EntryWatcher {
 public:
  // `secret` must outlive it.
  explicit TableValue(const structs::HashSecret& secret) : secret_(&secret), table_(secret) {}

  size_t size() const override { return table_.size(); }
  size_t heap_bytes() const override {
    return structs::HeapClass(sizeof *this) + table_.heap_bytes();
  }
  size_t slots() const override { return table_.slots(); }
  void Reserve(size_t members) { table_.Reserve(members); }
  bool FreeSome(size_t budget) override { return table_.FreeSome(budget); }

  bool walkable() const override { return true; }
  size_t BeginWalk(PieceSink* sink) override {
    sink_ = sink;
    cursor_ = 0;
    table_.Watch(this);
    return size();
  }
  bool WalkSome(size_t budget) override {
    for (size_t seen = 0; seen < budget; ++seen) {  // an empty bucket costs something, too
      cursor_ = table_.ScanUnseen(cursor_, [&](structs::Entry& entry) {
        seen += WalkCost(entry.block_bytes());
        sink_->OnMember(entry);
      });
      if (cursor_ == 0) return true;
    }
    return false;
  }
  void EndWalk() override {
    table_.Unwatch();
    sink_ = nullptr;
  }

 protected:
  const structs::HashSecret* secret_;
  mutable Table table_;  // its searches are not const, since they hand out what may be changed

 private:
  void OnEntry(structs::Entry entry) override { sink_->OnMember(entry); }

  uint64_t cursor_ = 0;
};

}  // namespace rha::node::types
