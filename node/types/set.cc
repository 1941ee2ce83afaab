#include "node/types/set.h"

#include <utility>

#include "common/base/check.h"

namespace rha::node::types {

using structs::DecimalText;
using structs::IntSet;
using structs::ParseDecimal;

std::unique_ptr<LargeValue> SetInts::Clone() const {
  return std::make_unique<SetInts>(IntSet(ints_.bytes()));
}

std::unique_ptr<LargeValue> SetTable::Clone() const {
  auto copy = std::make_unique<SetTable>(*secret_);
  copy->Reserve(size());
  table_.ForEach([&](std::string_view member, auto) { copy->Add(member); });
  return copy;
}

size_t SetView::size() const { return is_ints() ? IntsOf(entry_).size() : table().size(); }

bool SetView::Contains(std::string_view member) const {
  if (!is_ints()) return table().members().Contains(member);
  int64_t value = 0;
  return ParseDecimal(member, &value) && IntsOf(entry_).Contains(value);
}

std::string_view SetView::Random(Prng& prng, DecimalText& scratch) const {
  if (!is_ints()) return table().members().Random(prng)->key();
  const IntSet& ints = IntsOf(entry_);
  return structs::FormatDecimal(ints.At(prng.Below(ints.size())), scratch);
}

bool Set::Add(std::string_view member) {
  if (!is_ints()) return table().Add(member);
  int64_t value = 0;
  if (!ParseDecimal(member, &value)) {
    MakeTable(1);
  } else if (FitsInts(size() + 1)) {
    return OwnInts().Add(value);
  } else if (IntsOf(entry_).Contains(value)) {
    return false;
  } else {
    MakeTable(1);
  }
  return table().Add(member);
}

bool Set::Erase(std::string_view member) {
  if (!is_ints()) return table().Erase(member);
  int64_t value = 0;
  return ParseDecimal(member, &value) && size() > 0 && OwnInts().Erase(value);
}

void Set::Reserve(size_t members) {
  if (is_ints() && !FitsInts(members)) MakeTable(members);
}

void Set::AdoptInts(IntSet ints) {
  RHA_CHECK(size() == 0 && is_ints());
  const size_t members = ints.size();
  Hold(Form::kSetInts, std::make_unique<SetInts>(std::move(ints)));
  if (!FitsInts(members)) MakeTable(0);
}

SetInts& Set::OwnInts() {
  if (entry_.kind() != structs::Entry::Kind::kPointer) {
    Hold(Form::kSetInts, std::make_unique<SetInts>());
  }
  return LargeOf<SetInts>(entry_);
}

void Set::MakeTable(size_t members_to_come) {
  auto large = std::make_unique<SetTable>(slot_.secret());
  large->Reserve(size() + members_to_come);
  ForEach([&](std::string_view member) { large->Add(member); });
  Hold(Form::kSetTable, std::move(large));
}

void Set::Hold(Form form, std::unique_ptr<LargeValue> large) {
  std::unique_ptr<LargeValue> former;
  if (entry_.kind() == structs::Entry::Kind::kPointer) former.reset(&LargeOf<LargeValue>(entry_));
  slot_.SetLarge(form, large.release());
  entry_ = slot_.entry();
}

}  // namespace rha::node::types
