// A set as Redis users see it: members, none twice.
//
//   ints    SetInts, behind the entry's pointer: structs::IntSet, sorted, of integers alone
//   table   SetTable, behind the entry's pointer: structs::MemberTable
//
// Complexity: of the table all O(1); of ints, see int_set.h.
// Invariants
//  * A fresh entry has the form of ints without an object and counts as an empty set; the first
//    member makes it.
//  * Ints have at most set_max_intset_entries members, unless the limit fell afterwards. A table
//    never becomes ints again, as in Redis.
//  * Texts handed to visitors are valid for the call only.
// Thread rule: the engine's thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

#include "common/base/prng.h"
#include "node/structs/decimal.h"
#include "node/structs/int_set.h"
#include "node/structs/member_table.h"
#include "node/types/sample.h"
#include "node/types/slot.h"
#include "node/types/table_value.h"

namespace rha::node::types {

class SetInts final : public LargeValue {
 public:
  SetInts() = default;
  explicit SetInts(structs::IntSet ints) : ints_(std::move(ints)) {}

  size_t size() const override { return ints_.size(); }
  size_t heap_bytes() const override {
    return structs::HeapClass(sizeof *this) + ints_.heap_bytes();
  }
  std::unique_ptr<LargeValue> Clone() const override;

  const structs::IntSet& ints() const { return ints_; }
  bool Add(int64_t member) { return ints_.Insert(member); }
  bool Erase(int64_t member) { return ints_.Erase(member); }

 private:
  structs::IntSet ints_;
};

class SetTable final : public TableValue<structs::MemberTable> {
 public:
  using TableValue::TableValue;
  std::unique_ptr<LargeValue> Clone() const override;

  structs::MemberTable& members() const { return table_; }
  bool Add(std::string_view member) { return table_.Add(member); }
  bool Erase(std::string_view member) { return table_.Erase(member); }
};

// To read a set. REQUIRES: TypeOf(form) is kSet.
class SetView {
 public:
  explicit SetView(structs::Entry entry) : entry_(entry) {}

  size_t size() const;
  bool Contains(std::string_view member) const;

  // visit(std::string_view member), in ascending order if they are ints.
  template <typename Visit>
  void ForEach(Visit&& visit) const;
  // Redis' SCAN guarantee; begins and ends with 0. Ints are visited whole by one call. Without
  // changes in between every member is visited once.
  template <typename Visit>
  uint64_t Scan(uint64_t cursor, Visit&& visit) const;
  // Any member. REQUIRES: size() > 0.
  std::string_view Random(Prng& prng, structs::DecimalText& scratch) const;
  // `count` different ones at random, or fewer if there are no more.
  template <typename Visit>
  void Sample(size_t count, Prng& prng, Visit&& visit) const;

  // For saving. Null: these are not ints.
  const structs::IntSet* ints() const { return is_ints() ? &IntsOf(entry_) : nullptr; }

  bool operator==(const SetView&) const = default;  // the same set, not merely equal ones

 protected:
  static const structs::IntSet& IntsOf(structs::Entry entry) {
    static const structs::IntSet kNone;
    return entry.kind() == structs::Entry::Kind::kPointer ? LargeOf<SetInts>(entry).ints() : kNone;
  }
  bool is_ints() const { return FormOf(entry_) == Form::kSetInts; }
  SetTable& table() const { return LargeOf<SetTable>(entry_); }

  structs::Entry entry_;
};

// To change one; a Set sees its own changes.
class Set : public SetView {
 public:
  explicit Set(Slot slot) : SetView(slot.entry()), slot_(slot) {}

  // False: was there already. REQUIRES: `member` does not lie in this set.
  bool Add(std::string_view member);
  // False: was not there. `member` may lie in this set.
  bool Erase(std::string_view member);
  // Before that many are added to an empty one: saves growing step by step.
  void Reserve(size_t members);
  // All at once, as files keep them. REQUIRES: the set is empty.
  void AdoptInts(structs::IntSet ints);

 private:
  bool FitsInts(size_t members) const {
    return members <= structs::kIntSetCountMax &&
           static_cast<int64_t>(members) <= slot_.limits().set_max_intset_entries;
  }
  SetInts& OwnInts();
  void MakeTable(size_t members_to_come);
  void Hold(Form form, std::unique_ptr<LargeValue> large);

  Slot slot_;
};

// ---------------------------------------------------------------- inline

template <typename Visit>
void SetView::ForEach(Visit&& visit) const {
  if (!is_ints()) {
    return table().members().ForEach([&](std::string_view member, auto) { visit(member); });
  }
  structs::DecimalText scratch;
  const structs::IntSet& ints = IntsOf(entry_);
  for (size_t i = 0; i < ints.size(); ++i) visit(structs::FormatDecimal(ints.At(i), scratch));
}

template <typename Visit>
uint64_t SetView::Scan(uint64_t cursor, Visit&& visit) const {
  if (!is_ints()) {
    return table().members().Scan(cursor, [&](std::string_view member, auto) { visit(member); });
  }
  ForEach(visit);
  return 0;
}

template <typename Visit>
void SetView::Sample(size_t count, Prng& prng, Visit&& visit) const {
  if (!is_ints()) {
    return SampleTable(table().members(), count, prng,
                       [&](std::string_view member, auto) { visit(member); });
  }
  Selection selection(size(), count, prng);
  ForEach([&](std::string_view member) {
    if (selection.TakesNext()) visit(member);
  });
}

}  // namespace rha::node::types
