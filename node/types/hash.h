// A hash as Redis users see it: fields, each with a value.
//
//   packed   in the entry's bytes, in the order of arrival:   ( field  value )*   (packed.h)
//   table    HashTable, behind the entry's pointer: structs::MemberTable
//
// A field may have a lifetime (field_lives.h): its entry then has an expiry. Such a hash is a
// table; what has ended is hidden from all who read.
//
// Complexity: of the table all O(1); packed, everything is a walk over the bytes.
// Invariants: a packed one has at most hash_max_listpack_entries fields, and neither field nor
// value has more than hash_max_listpack_value bytes, unless the limits fell afterwards. A table
// never becomes packed again, as in Redis.
// Thread rule: the engine's thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/base/prng.h"
#include "node/structs/member_table.h"
#include "node/structs/packed.h"
#include "node/types/field_lives.h"
#include "node/types/sample.h"
#include "node/types/slot.h"
#include "node/types/table_value.h"

namespace rha::node::types {

class HashTable final : public TableValue<structs::MemberTable> {
 public:
  using TableValue::TableValue;
  size_t heap_bytes() const override;
  std::unique_ptr<LargeValue> Clone() const override;

  // All of them, also what is hidden.
  structs::MemberTable& fields() const { return table_; }
  // True: the field is new. Its lifetime ends with its old value, or goes on.
  bool Put(std::string_view field, std::string_view value) {
    if (lives_ != nullptr) DropEnd(field);
    return table_.Put(field, value);
  }
  bool PutKeepingEnd(std::string_view field, std::string_view value) {
    return table_.Put(field, value);
  }
  bool Erase(std::string_view field) {
    if (lives_ != nullptr) DropEnd(field);
    return table_.Erase(field);
  }
  template <typename Visit>
  void ForEach(Visit&& visit) const;
  template <typename Visit>
  uint64_t Scan(uint64_t cursor, Visit&& visit) const;

  // ---- lifetimes; null: no field has one
  FieldLives* lives() const { return lives_.get(); }
  // kEndless: it has none any more. REQUIRES: `field` is from fields().Find().
  void SetEnd(const structs::Entry* field, int64_t end_ms);
  bool Hides(const structs::Entry& field) const {
    return field.is_timed() && lives_ != nullptr && lives_->Hides(field.expire_at());
  }
  bool hides_any() const { return lives_ != nullptr && lives_->hides_any(); }
  // Takes out up to `most` of what is hidden; their names.
  std::vector<std::string> TakeEnded(size_t most);
  // REQUIRES: no field has a lifetime any more.
  void ForgetLives() { lives_.reset(); }

 private:
  void DropEnd(std::string_view field);

  std::unique_ptr<FieldLives> lives_;
};

// To read a hash. REQUIRES: TypeOf(form) is kHash.
class HashView {
 public:
  explicit HashView(structs::Entry entry) : entry_(entry) {}

  // O(n) of the n fields that have ended and are still there.
  size_t size() const {
    if (is_packed()) return structs::PackedCount(entry_.bytes()) / 2;
    const HashTable& all = table();
    return all.size() - (all.hides_any() ? all.lives()->HiddenCount() : 0);
  }
  // The value, valid until the next change.
  std::optional<std::string_view> Find(std::string_view field) const;

  // When the field ends, in Unix ms, or kEndless; nothing: there is no such field.
  std::optional<int64_t> EndOf(std::string_view field) const;
  // The table, if a field of it has a lifetime; null otherwise.
  const HashTable* timed() const {
    return !is_packed() && table().lives() != nullptr ? &table() : nullptr;
  }

  // visit(std::string_view field, std::string_view value)
  template <typename Visit>
  void ForEach(Visit&& visit) const;
  // Redis' SCAN guarantee; begins and ends with 0. A packed one is visited whole by one call.
  template <typename Visit>
  uint64_t Scan(uint64_t cursor, Visit&& visit) const;
  // Random fields: `count` different ones, or fewer if there are no more; or any, each draw on its
  // own. REQUIRES of the latter: size() > 0.
  template <typename Visit>
  void Sample(size_t count, Prng& prng, Visit&& visit) const;
  template <typename Visit>
  void Draw(uint64_t count, Prng& prng, Visit&& visit) const;

 protected:
  struct Pair {
    structs::PackedItem field, value;
    size_t size() const { return field.size + value.size; }
  };
  // Walks a packed one.
  class Reader {
   public:
    explicit Reader(std::string_view bytes) : reader_(bytes) {}
    bool done() const { return reader_.done(); }
    Pair Next() {
      const structs::PackedItem field = reader_.Next();
      return {field, reader_.Next()};
    }

   private:
    structs::PackedReader reader_;
  };

  bool is_packed() const { return FormOf(entry_) == Form::kHashPacked; }
  HashTable& table() const { return LargeOf<HashTable>(entry_); }
  // Empty: not there; `count` then is how many pairs there are. REQUIRES: is_packed().
  std::optional<Pair> FindPacked(std::string_view field, size_t* count) const;

  structs::Entry entry_;
};

// To change one. Texts handed in may not lie in this hash; a Hash sees its own changes.
class Hash : public HashView {
 public:
  explicit Hash(Slot slot) : HashView(slot.entry()), slot_(slot) {}

  // True: the field is new. Its lifetime is over, or goes on.
  bool Set(std::string_view field, std::string_view value);
  bool SetKeepingEnd(std::string_view field, std::string_view value);
  // Its lifetime from now on; kEndless: none. REQUIRES: the field is there.
  void SetEnd(std::string_view field, int64_t end_ms);
  // False: was not there. `field` may lie in this hash.
  bool Erase(std::string_view field);
  // For loading: Reserve the number of fields in an empty hash, then Append each without a search.
  // REQUIRES: the field is not there yet.
  void Reserve(size_t fields);
  void Append(std::string_view field, std::string_view value);
  // Takes the form that a field or value of `bytes` will need.
  void MakeFitFor(size_t bytes) {
    if (is_packed() && !FitsPacked(bytes)) MakeTable(0);
  }

 private:
  bool FitsPacked(size_t bytes) const {
    return static_cast<int64_t>(bytes) <= slot_.limits().hash_max_listpack_value;
  }
  void AppendPacked(std::string_view field, std::string_view value);
  void MakeTable(size_t fields_to_come);

  Slot slot_;
};

// ---------------------------------------------------------------- inline

template <typename Visit>
void HashTable::ForEach(Visit&& visit) const {
  if (!hides_any()) return table_.ForEach(visit);
  table_.ForEachEntry([&](const structs::Entry& entry) {
    if (!Hides(entry)) visit(entry.key(), entry.bytes());
  });
}

template <typename Visit>
uint64_t HashTable::Scan(uint64_t cursor, Visit&& visit) const {
  if (!hides_any()) return table_.Scan(cursor, visit);
  return table_.ScanEntries(cursor, [&](const structs::Entry& entry) {
    if (!Hides(entry)) visit(entry.key(), entry.bytes());
  });
}

template <typename Visit>
void HashView::ForEach(Visit&& visit) const {
  if (!is_packed()) return table().ForEach(visit);
  for (Reader reader(entry_.bytes()); !reader.done();) {
    const Pair pair = reader.Next();
    visit(pair.field.text, pair.value.text);
  }
}

template <typename Visit>
uint64_t HashView::Scan(uint64_t cursor, Visit&& visit) const {
  if (!is_packed()) return table().Scan(cursor, visit);
  ForEach(visit);
  return 0;
}

template <typename Visit>
void HashView::Sample(size_t count, Prng& prng, Visit&& visit) const {
  if (!is_packed() && !table().hides_any()) {
    return SampleTable(table().fields(), count, prng, visit);
  }
  Selection selection(size(), count, prng);
  ForEach([&](std::string_view field, std::string_view value) {
    if (selection.TakesNext()) visit(field, value);
  });
}

template <typename Visit>
void HashView::Draw(uint64_t count, Prng& prng, Visit&& visit) const {
  if (!is_packed() && !table().hides_any()) {
    for (; count > 0; --count) {
      const structs::Entry* entry = table().fields().Random(prng);
      visit(entry->key(), structs::MemberTable::Value(entry));
    }
    return;
  }
  // One walk, whatever the count.
  std::vector<std::pair<std::string_view, std::string_view>> pairs;
  ForEach(
      [&](std::string_view field, std::string_view value) { pairs.emplace_back(field, value); });
  for (; count > 0; --count) {
    const auto& [field, value] = pairs[prng.Below(pairs.size())];
    visit(field, value);
  }
}

}  // namespace rha::node::types
