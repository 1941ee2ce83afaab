#include "node/dispatch/tracked_keys.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <utility>

namespace rha::node::dispatch {

using structs::Entry;
using structs::EntryValue;
using structs::KeyTable;

namespace {

constexpr size_t kIdBytes = sizeof(uint64_t);
constexpr size_t kIdsBeforeSieve = 16;

uint64_t IdAt(std::string_view ids, size_t at) {
  uint64_t id;
  std::memcpy(&id, ids.data() + at * kIdBytes, kIdBytes);
  return id;
}

// The first place whose id is not below.
size_t PlaceOf(std::string_view ids, uint64_t id) {
  size_t low = 0, high = ids.size() / kIdBytes;
  while (low < high) {
    const size_t middle = (low + high) / 2;
    IdAt(ids, middle) < id ? low = middle + 1 : high = middle;
  }
  return low;
}

TrackedKeys::Ids IdsOf(Entry entry) {
  if (entry.kind() == Entry::Kind::kInteger) return {static_cast<uint64_t>(entry.integer())};
  TrackedKeys::Ids ids(entry.bytes().size() / kIdBytes);
  std::memcpy(ids.data(), entry.bytes().data(), entry.bytes().size());
  return ids;
}

EntryValue ValueOf(const TrackedKeys::Ids& ids) {
  return EntryValue::Bytes({reinterpret_cast<const char*>(ids.data()), ids.size() * kIdBytes});
}

}  // namespace

TrackedKeys::TrackedKeys(const structs::HashSecret& secret, keyspace::Reclaimer& reclaimer)
    : secret_(secret), reclaimer_(reclaimer), table_(std::make_unique<KeyTable>(secret)) {}

void TrackedKeys::Add(std::string_view key, uint64_t id, const Wants& wants) {
  const uint64_t hash = table_->Hash(key);
  Entry* entry = table_->Find(key, hash);
  if (entry == nullptr) {
    table_->Insert(Entry::Make(key, EntryValue::Integer(static_cast<int64_t>(id))), hash);
    ++items_;
  } else if (entry->kind() != Entry::Kind::kInteger) {
    AddToMany(entry, id, wants);
  } else if (const auto other = static_cast<uint64_t>(entry->integer()); other != id) {
    const Ids both{std::min(id, other), std::max(id, other)};
    table_->SetValue(entry, ValueOf(both));
    ++items_;
  }
}

void TrackedKeys::AddToMany(Entry* entry, uint64_t id, const Wants& wants) {
  const std::string_view known = entry->bytes();
  const size_t place = PlaceOf(known, id);
  const size_t count = known.size() / kIdBytes;
  if (place < count && IdAt(known, place) == id) return;
  ++items_;
  if (count >= kIdsBeforeSieve && std::has_single_bit(count)) {
    Ids left = IdsOf(*entry);
    items_ -= std::erase_if(left, [&](uint64_t each) { return !wants(each); });
    left.insert(std::upper_bound(left.begin(), left.end(), id), id);
    return table_->SetValue(entry, ValueOf(left));
  }
  char* const ids = table_->ResizeBytes(entry, (count + 1) * kIdBytes);
  char* const at = ids + place * kIdBytes;
  std::memmove(at + kIdBytes, at, (count - place) * kIdBytes);
  std::memcpy(at, &id, kIdBytes);
}

TrackedKeys::Ids TrackedKeys::Take(std::string_view key) {
  const uint64_t hash = table_->Hash(key);
  Entry* entry = table_->Find(key, hash);
  if (entry == nullptr) return {};
  Ids ids = IdsOf(*entry);
  items_ -= ids.size();
  table_->Take(entry, hash).Free();
  return ids;
}

void TrackedKeys::Clear() {
  items_ = 0;
  if (table_->empty()) return;
  reclaimer_.Free(std::exchange(table_, std::make_unique<KeyTable>(secret_)));
}

std::string TrackedKeys::Random(Prng& prng) const {
  return std::string(table_->Random(prng)->key());
}

}  // namespace rha::node::dispatch
