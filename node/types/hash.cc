#include "node/types/hash.h"

#include <algorithm>

#include "common/base/check.h"

namespace rha::node::types {

using structs::MemberTable;
using structs::PackedSize;
using structs::WritePacked;

std::unique_ptr<LargeValue> HashTable::Clone() const {
  auto copy = std::make_unique<HashTable>(*secret_);
  copy->Reserve(size());
  table_.ForEachEntry([&](const structs::Entry& field) {
    copy->table_.Put(field.key(), field.bytes());
    if (field.is_timed()) copy->SetEnd(copy->table_.Find(field.key()), field.expire_at());
  });
  return copy;
}

size_t HashTable::heap_bytes() const {
  const size_t lives =
      lives_ == nullptr ? 0 : structs::HeapClass(sizeof *lives_) + lives_->ends.heap_bytes();
  return structs::HeapClass(sizeof *this) + table_.heap_bytes() + lives;
}

void HashTable::SetEnd(const structs::Entry* field, int64_t end_ms) {
  const uint64_t hash = table_.Hash(field->key());
  if (field->is_timed()) {
    const int64_t old_ms = field->expire_at();
    table_.SetExpireAt(field, structs::kEntryUntimed);
    if (table_.FindTimed(hash, old_ms) == nullptr) {
      lives_->ends.Erase(FieldLives::At(old_ms, hash));
    }
  }
  if (end_ms == kEndless) return;
  if (lives_ == nullptr) lives_ = std::make_unique<FieldLives>();
  table_.SetExpireAt(field, end_ms);
  lives_->ends.Insert(FieldLives::At(end_ms, hash), {});
}

void HashTable::DropEnd(std::string_view field) {
  const structs::Entry* entry = table_.Find(field);
  if (entry != nullptr && entry->is_timed()) SetEnd(entry, kEndless);
}

std::vector<std::string> HashTable::TakeEnded(size_t most) {
  std::vector<std::string> ended;
  while (ended.size() < most && hides_any()) {
    const structs::StreamId id = lives_->ends.First()->id;
    const structs::Entry* field = table_.FindTimed(id.seq, static_cast<int64_t>(id.ms));
    RHA_CHECK(field != nullptr);
    ended.emplace_back(field->key());
    Erase(ended.back());
  }
  return ended;
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
  if (found == nullptr || table().Hides(*found)) return std::nullopt;
  return MemberTable::Value(found);
}

std::optional<int64_t> HashView::EndOf(std::string_view field) const {
  size_t count = 0;
  if (is_packed()) {
    return FindPacked(field, &count) ? std::optional(kEndless) : std::nullopt;
  }
  const structs::Entry* found = table().fields().Find(field);
  if (found == nullptr || table().Hides(*found)) return std::nullopt;
  return found->is_timed() ? found->expire_at() : kEndless;
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

bool Hash::SetKeepingEnd(std::string_view field, std::string_view value) {
  return is_packed() ? Set(field, value) : table().PutKeepingEnd(field, value);
}

void Hash::SetEnd(std::string_view field, int64_t end_ms) {
  if (is_packed()) {
    if (end_ms == kEndless) return;
    MakeTable(0);
  }
  const structs::Entry* found = table().fields().Find(field);
  RHA_CHECK(found != nullptr);
  table().SetEnd(found, end_ms);
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
