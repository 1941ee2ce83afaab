#include "node/types/hash.h"

#include <algorithm>

namespace rha::node::types {

using structs::MemberTable;
using structs::PackedSize;
using structs::WritePacked;

std::unique_ptr<LargeValue> HashTable::Clone() const {
  auto copy = std::make_unique<HashTable>(*secret_);
  copy->Reserve(size());
  table_.ForEach([&](std::string_view field, std::string_view value) { copy->Put(field, value); });
  return copy;
}

std::optional<HashView::Pair> HashView::FindPacked(std::string_view field, size_t* count) const {
  *count = 0;
  for (Reader reader(entry_.bytes()); !reader.done(); ++*count) {
    const Pair pair = reader.Next();
    if (pair.field.text == field) return pair;
  }
  return std::nullopt;
}

std::optional<std::string_view> HashView::Find(std::string_view field) const {
  if (is_packed()) {
    size_t count = 0;
    const std::optional<Pair> pair = FindPacked(field, &count);
    if (!pair) return std::nullopt;
    return pair->value.text;
  }
  const structs::Entry* found = table().fields().Find(field);
  if (found == nullptr) return std::nullopt;
  return MemberTable::Value(found);
}

bool Hash::Set(std::string_view field, std::string_view value) {
  MakeFitFor(std::max(field.size(), value.size()));
  if (!is_packed()) return table().Put(field, value);
  size_t count = 0;
  if (const std::optional<Pair> pair = FindPacked(field, &count)) {
    const structs::PackedItem& old = pair->value;
    WritePacked(slot_.Splice(old.at, old.size, PackedSize(value.size())), value);
    entry_ = slot_.entry();
    return false;
  }
  if (static_cast<int64_t>(count) >= slot_.limits().hash_max_listpack_entries) {
    MakeTable(1);
    return table().Put(field, value);
  }
  AppendPacked(field, value);
  return true;
}

void Hash::Append(std::string_view field, std::string_view value) {
  MakeFitFor(std::max(field.size(), value.size()));
  is_packed() ? AppendPacked(field, value) : static_cast<void>(table().Put(field, value));
}

void Hash::AppendPacked(std::string_view field, std::string_view value) {
  const size_t end = entry_.bytes().size();
  char* to = slot_.Resize(end + PackedSize(field.size()) + PackedSize(value.size()));
  WritePacked(WritePacked(to + end, field), value);
  entry_ = slot_.entry();
}

bool Hash::Erase(std::string_view field) {
  if (!is_packed()) return table().Erase(field);
  size_t count = 0;
  const std::optional<Pair> pair = FindPacked(field, &count);
  if (!pair) return false;
  slot_.Splice(pair->field.at, pair->size(), 0);
  entry_ = slot_.entry();
  return true;
}

void Hash::Reserve(size_t fields) {
  if (is_packed() && static_cast<int64_t>(fields) > slot_.limits().hash_max_listpack_entries) {
    MakeTable(fields);
  }
}

void Hash::MakeTable(size_t fields_to_come) {
  auto large = std::make_unique<HashTable>(slot_.secret());
  large->Reserve(size() + fields_to_come);
  ForEach([&](std::string_view field, std::string_view value) { large->Put(field, value); });
  slot_.SetLarge(Form::kHashTable, large.release());
  entry_ = slot_.entry();
}

}  // namespace rha::node::types
