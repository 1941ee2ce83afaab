// A chained hash table that grows and shrinks a little with every call, and can be scanned in
// between.
//
//   tables_[0]   bucket 0 ─▶ entry ─▶ entry     while growing or shrinking, tables_[1] is the new
//                bucket 1                       one: buckets below rehash_index_ of tables_[0] are
//                ...      2^n buckets           empty, their entries are in tables_[1] already
//
// The chain runs through the entries themselves (Node::next_), so an entry is one allocation and a
// lookup costs one hash, one bucket and the keys of its chain.
//
// Node provides: Node* next_; std::string_view HashKey() const; both visible to this class. The
// table does not own entries: Insert takes a new one, Remove gives it back.
//
// Invariants
//  * Every entry is in the bucket of its hash: of tables_[1] if its bucket in tables_[0] was moved.
//  * The number of buckets is a power of two; the table grows at load 1 and shrinks below 1/8.
//
// Complexity: Find, Insert, Remove O(1) expected, with at most kBucketsPerStep buckets moved along;
// Scan O(1) a call. Memory: 8 bytes a bucket.
// Hash: SipHash-1-3 keyed at random, so that nobody can choose keys that collide.
// Thread rule: one owner.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <utility>

#include "node/structs/siphash.h"

namespace rha::node::structs {

template <typename Node>
class HashTable {
 public:
  HashTable() = default;
  HashTable(const HashTable&) = delete;
  HashTable& operator=(const HashTable&) = delete;

  size_t size() const { return tables_[0].used + tables_[1].used; }
  size_t buckets() const { return tables_[0].size() + tables_[1].size(); }
  bool rehashing() const { return tables_[1].size() != 0; }

  Node* Find(std::string_view key) {
    if (size() == 0) return nullptr;
    Step();
    const uint64_t hash = SipHash(key);
    for (Table& table : tables_) {
      if (table.size() == 0) break;
      for (Node* node = table.At(hash); node != nullptr; node = node->next_) {
        if (node->HashKey() == key) return node;
      }
    }
    return nullptr;
  }

  // REQUIRES: no entry with that key.
  void Insert(Node* node) {
    Step();
    if (!rehashing() && tables_[0].used >= tables_[0].size()) StartRehash(GrownSize());
    Table& table = rehashing() ? tables_[1] : tables_[0];
    Node*& head = table.At(SipHash(node->HashKey()));
    node->next_ = head;
    head = node;
    ++table.used;
  }

  // Unlinks and returns it; null: no such key.
  Node* Remove(std::string_view key) {
    if (size() == 0) return nullptr;
    Step();
    const uint64_t hash = SipHash(key);
    for (Table& table : tables_) {
      if (table.size() == 0) break;
      for (Node** link = &table.At(hash); *link != nullptr; link = &(*link)->next_) {
        if ((*link)->HashKey() != key) continue;
        Node* node = *link;
        *link = node->next_;
        --table.used;
        ShrinkIfSparse();
        return node;
      }
    }
    return nullptr;
  }

  // Room for that many entries at once; for loading.
  void Reserve(size_t entries) {
    if (size() != 0 || rehashing() || entries == 0) return;
    size_t wanted = kBucketsMin;
    while (wanted < entries) wanted *= 2;
    tables_[0].Allocate(wanted);
  }

  // One step of a scan: visits the entries of one bucket (in a table being rehashed, of all buckets
  // that correspond to it) and returns the next cursor, 0 at the end.
  //
  // The cursor counts with its bits reversed, highest bit first. So when the table changes size,
  // the buckets already visited are exactly those that the old visited buckets expand or collapse
  // to, and nothing that was there throughout is missed (an idea of Pieter Noordhuis, from Redis).
  template <typename Visit>
  uint64_t Scan(uint64_t cursor, Visit& visit) const {
    if (size() == 0) return 0;
    const Table* small = &tables_[0];
    const Table* large = &tables_[1];
    if (!rehashing()) {
      VisitBucket(*small, cursor, visit);
      return NextCursor(cursor, small->mask);
    }
    if (small->size() > large->size()) std::swap(small, large);
    VisitBucket(*small, cursor, visit);
    do {  // every bucket of the larger table that the smaller one's bucket expands to
      VisitBucket(*large, cursor, visit);
      cursor = NextCursor(cursor, large->mask);
    } while ((cursor & (small->mask ^ large->mask)) != 0);
    return cursor;
  }

  template <typename Visit>
  void ForEach(Visit& visit) const {
    for (const Table& table : tables_) {
      for (size_t i = 0; i < table.size(); ++i) {
        for (Node* node = table.heads[i]; node != nullptr;) {
          Node* next = node->next_;  // `visit` may free the entry when the whole table goes
          visit(*node);
          node = next;
        }
      }
    }
  }

  // An entry of a bucket picked by `random`, or null if empty. Entries of long chains are picked a
  // bit less often, as in Redis.
  template <typename Random>
  Node* Any(Random& random) {
    if (size() == 0) return nullptr;
    Step();
    Node* head = nullptr;
    while (head == nullptr) {
      const uint64_t pick = random.Below(buckets());
      head = pick < tables_[0].size() ? tables_[0].heads[pick]
                                      : tables_[1].heads[pick - tables_[0].size()];
    }
    size_t length = 0;
    for (Node* node = head; node != nullptr; node = node->next_) ++length;
    for (uint64_t skip = random.Below(length); skip > 0; --skip) head = head->next_;
    return head;
  }

  // Forgets all entries (the caller has freed them) and gives the buckets back.
  void Clear() {
    tables_[0].Free();
    tables_[1].Free();
    rehash_index_ = 0;
  }

  void Swap(HashTable& other) {
    std::swap(tables_[0], other.tables_[0]);
    std::swap(tables_[1], other.tables_[1]);
    std::swap(rehash_index_, other.rehash_index_);
  }

  // Moves up to `buckets` buckets; for idle time. False: nothing to move.
  bool Rehash(size_t buckets) {
    size_t empty_visits = buckets * kEmptyVisitsPerBucket;
    while (rehashing() && buckets > 0) {
      if (rehash_index_ >= tables_[0].size()) {
        FinishRehash();
        return rehashing();
      }
      Node* node = tables_[0].heads[rehash_index_];
      if (node == nullptr) {
        ++rehash_index_;
        if (--empty_visits == 0) return true;
        continue;
      }
      MoveChain(node);
      --buckets;
    }
    if (rehashing() && tables_[0].used == 0) FinishRehash();
    return rehashing();
  }

 private:
  static constexpr size_t kBucketsMin = 4;
  static constexpr size_t kBucketsPerStep = 1;
  static constexpr size_t kEmptyVisitsPerBucket = 10;
  static constexpr size_t kShrinkBelow = 8;

  struct Table {
    std::unique_ptr<Node*[]> heads;
    uint64_t mask = 0;  // buckets - 1
    size_t used = 0;

    size_t size() const { return heads ? mask + 1 : 0; }
    Node*& At(uint64_t hash) { return heads[hash & mask]; }
    void Allocate(size_t buckets) {
      heads = std::make_unique<Node*[]>(buckets);
      mask = buckets - 1;
      used = 0;
    }
    void Free() {
      heads.reset();
      mask = 0;
      used = 0;
    }
  };

  static uint64_t ReverseBits(uint64_t v) {
    v = ((v >> 1) & 0x5555555555555555ULL) | ((v & 0x5555555555555555ULL) << 1);
    v = ((v >> 2) & 0x3333333333333333ULL) | ((v & 0x3333333333333333ULL) << 2);
    v = ((v >> 4) & 0x0f0f0f0f0f0f0f0fULL) | ((v & 0x0f0f0f0f0f0f0f0fULL) << 4);
    return __builtin_bswap64(v);
  }
  static uint64_t NextCursor(uint64_t cursor, uint64_t mask) {
    return ReverseBits(ReverseBits(cursor | ~mask) + 1);
  }
  template <typename Visit>
  static void VisitBucket(const Table& table, uint64_t cursor, Visit& visit) {
    for (Node* node = table.heads[cursor & table.mask]; node != nullptr; node = node->next_) {
      visit(*node);
    }
  }

  size_t GrownSize() const {
    size_t wanted = kBucketsMin;
    while (wanted <= tables_[0].used) wanted *= 2;
    return wanted;
  }
  void ShrinkIfSparse() {
    if (rehashing() || tables_[0].size() <= kBucketsMin) return;
    if (tables_[0].used * kShrinkBelow < tables_[0].size()) StartRehash(GrownSize());
  }
  void StartRehash(size_t buckets) {
    if (tables_[0].size() == 0) {
      tables_[0].Allocate(buckets);
      return;
    }
    if (buckets == tables_[0].size()) return;
    tables_[1].Allocate(buckets);
    rehash_index_ = 0;
  }
  void Step() {
    if (rehashing()) Rehash(kBucketsPerStep);
  }
  void MoveChain(Node* node) {
    tables_[0].heads[rehash_index_++] = nullptr;
    while (node != nullptr) {
      Node* next = node->next_;
      Node*& head = tables_[1].At(SipHash(node->HashKey()));
      node->next_ = head;
      head = node;
      --tables_[0].used;
      ++tables_[1].used;
      node = next;
    }
  }
  void FinishRehash() {
    tables_[0] = std::move(tables_[1]);
    tables_[1].Free();
    rehash_index_ = 0;
    ShrinkIfSparse();  // what was deleted meanwhile
  }

  Table tables_[2];
  size_t rehash_index_ = 0;
};

}  // namespace rha::node::structs
