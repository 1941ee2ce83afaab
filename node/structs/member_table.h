// MemberTable: the members of a large set, or the fields of a large hash with their values.
//
//   EntryTable<PlainBucket>  ->  entry: field and value in one block (entry.h)
//                                a set's member has an empty value
//
// A facade that keeps entries' setters and hashes out of the callers' sight. What it promises about
// growth, Scan and the validity of pointers is the table's (entry_table.h).
//
// Complexity: all O(1).
// Memory: HeapClass(field + value) + 10.7 bytes while both are short (62 and 126 bytes).
// Thread rule: one owner.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>

#include "node/structs/entry_table.h"

namespace rha::node::structs {

class MemberTable {
 public:
  // `secret` must outlive the table.
  explicit MemberTable(const HashSecret& secret) : table_(secret) {}

  size_t size() const { return table_.size(); }
  bool empty() const { return table_.empty(); }
  void Reserve(size_t members) { table_.Reserve(members); }

  // Null: not there. Valid until the next change.
  const Entry* Find(std::string_view member) { return table_.Find(member); }
  bool Contains(std::string_view member) { return Find(member) != nullptr; }
  // One with that hash and expiry; null: none.
  const Entry* FindTimed(uint64_t hash, int64_t expire_at) {
    return table_.FindIf(hash, [expire_at](const Entry& entry) {
      return entry.is_timed() && entry.expire_at() == expire_at;
    });
  }
  uint64_t Hash(std::string_view member) const { return table_.Hash(member); }
  // The value, in place. REQUIRES: `entry` is from Find().
  static std::string_view Value(const Entry* entry) { return entry->bytes(); }

  // False: was there already (Put has then replaced the value). Neither view may lie in the table.
  bool Add(std::string_view member) { return Insert(member, {}, false); }
  bool Put(std::string_view field, std::string_view value) { return Insert(field, value, true); }
  // kEntryUntimed: none. REQUIRES: `entry` is from Find().
  void SetExpireAt(const Entry* entry, int64_t expire_at) {
    table_.SetExpireAt(const_cast<Entry*>(entry), expire_at);
  }
  // False: was not there.
  bool Erase(std::string_view member) { return table_.Erase(member); }

  // visit(std::string_view member, std::string_view value); cursor and guarantee as in
  // EntryTable::Scan.
  template <typename Visit>
  uint64_t Scan(uint64_t cursor, Visit&& visit) {
    return table_.Scan(cursor, [&](Entry& entry) { visit(entry.key(), entry.bytes()); });
  }
  template <typename Visit>
  void ForEach(Visit&& visit) {
    table_.ForEach([&](Entry& entry) { visit(entry.key(), entry.bytes()); });
  }
  // Likewise visit(const Entry&).
  template <typename Visit>
  uint64_t ScanEntries(uint64_t cursor, Visit&& visit) {
    return table_.Scan(cursor, [&](const Entry& entry) { visit(entry); });
  }
  template <typename Visit>
  void ForEachEntry(Visit&& visit) {
    table_.ForEach([&](const Entry& entry) { visit(entry); });
  }
  // Each member with the same probability. REQUIRES: !empty().
  const Entry* Random(Prng& prng) { return table_.Random(prng); }

  // ---- seeing each member once while the table goes on changing (entry_table.h)
  void Watch(EntryWatcher* watcher) { table_.Watch(watcher); }
  void Unwatch() { table_.Unwatch(); }
  template <typename Visit>
  uint64_t ScanUnseen(uint64_t cursor, Visit&& visit) {
    return table_.ScanUnseen(cursor, visit);
  }

  // Frees up to `budget` members; true when all is gone. Nothing else may be called in between.
  bool FreeSome(size_t budget) {
    return table_.FreeSome(budget, [](Entry) {});
  }
  size_t heap_bytes() const { return table_.heap_bytes(); }
  size_t slots() const { return table_.slots(); }
  void CheckInvariants() const { table_.CheckInvariants(); }

 private:
  bool Insert(std::string_view member, std::string_view value, bool replace) {
    const uint64_t hash = table_.Hash(member);
    if (Entry* found = table_.Find(member, hash)) {
      if (replace) table_.SetValue(found, EntryValue::Bytes(value));
      return false;
    }
    table_.Insert(Entry::Make(member, EntryValue::Bytes(value)), hash);
    return true;
  }

  EntryTable<PlainBucket> table_;
};

}  // namespace rha::node::structs
