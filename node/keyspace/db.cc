#include "node/keyspace/db.h"

#include "common/base/check.h"

namespace rha::node::keyspace {

Db::~Db() { Clear(); }

bool Db::IsExpired(const Entry& entry) const {
  return entry.has_expiry() && entry.expire_at_ms_ < keyspace_.now_ms_;
}

Entry* Db::Alive(Entry* entry) {
  if (entry == nullptr || !IsExpired(*entry)) return entry;
  switch (keyspace_.expiry_mode_) {
    case ExpiryMode::kIgnore:
      return entry;
    case ExpiryMode::kHide:
      return nullptr;
    case ExpiryMode::kDelete:
      break;
  }
  DeleteExpired(*entry);
  return nullptr;
}

const Entry* Db::Read(std::string_view key) {
  Entry* entry = Alive(Find(key));
  if (entry == nullptr) {
    ++keyspace_.stats_.misses;
    keyspace_.Emit(index_, events::kKeyMiss, key);
    return nullptr;
  }
  ++keyspace_.stats_.hits;
  entry->last_access_s_ = static_cast<uint32_t>(keyspace_.now_ms_ / 1000);
  return entry;
}

const Entry* Db::Peek(std::string_view key) { return Alive(Find(key)); }

const Entry* Db::CountedPeek(std::string_view key) {
  const Entry* entry = Alive(Find(key));
  if (entry != nullptr) {
    ++keyspace_.stats_.hits;
  } else {
    ++keyspace_.stats_.misses;
    keyspace_.Emit(index_, events::kKeyMiss, key);
  }
  return entry;
}

Entry* Db::Write(std::string_view key) {
  Entry* entry = Alive(Find(key));
  if (entry != nullptr) entry->last_access_s_ = static_cast<uint32_t>(keyspace_.now_ms_ / 1000);
  return entry;
}

Entry& Db::Put(std::string_view key, Object value, int64_t expire_at_ms, Event event) {
  Entry* entry = Find(key);
  if (entry != nullptr && keyspace_.expiry_mode_ == ExpiryMode::kDelete && IsExpired(*entry)) {
    DeleteExpired(*entry);
    entry = nullptr;
  }
  const bool is_new = entry == nullptr;
  if (is_new) {
    entry = new Entry(key, std::move(value));
    table_.Insert(entry);
  } else {
    entry->value_ = std::move(value);
  }
  LinkExpiry(*entry, expire_at_ms);
  entry->last_access_s_ = static_cast<uint32_t>(keyspace_.now_ms_ / 1000);
  if (is_new) keyspace_.Emit(index_, events::kNew, key);
  Changed(*entry, event);
  return *entry;
}

void Db::Changed(Entry& entry, Event event) {
  ++keyspace_.dirty_;
  keyspace_.watches_.Touch(index_, entry.key_, true);
  keyspace_.Emit(index_, event, entry.key_);
}

void Db::SetExpiry(Entry& entry, int64_t expire_at_ms, Event event) {
  LinkExpiry(entry, expire_at_ms);
  Changed(entry, event);
}

void Db::ClearExpiry(Entry& entry, Event event) {
  LinkExpiry(entry, kNoExpiry);
  Changed(entry, event);
}

bool Db::Erase(std::string_view key, Event event) {
  Entry* entry = Alive(Find(key));
  if (entry == nullptr) return false;
  // The caller's view may be the entry's own key.
  const std::string name(key);
  Remove(name);
  ++keyspace_.dirty_;
  keyspace_.watches_.Touch(index_, name, false);
  keyspace_.Emit(index_, event, name);
  return true;
}

void Db::Notify(Event event, std::string_view key) { keyspace_.Emit(index_, event, key); }

void Db::Load(std::string_view key, Object value, int64_t expire_at_ms, uint32_t last_access_s) {
  Entry* entry = Find(key);
  if (entry == nullptr) {
    entry = new Entry(key, std::move(value));
    table_.Insert(entry);
  } else {
    entry->value_ = std::move(value);
  }
  LinkExpiry(*entry, expire_at_ms);
  entry->last_access_s_ =
      last_access_s != 0 ? last_access_s : static_cast<uint32_t>(keyspace_.now_ms_ / 1000);
}

const Entry* Db::Random() {
  // On a replica expired keys stay until the primary deletes them; should there be nothing else,
  // one of them is better than an endless search (Redis does the same).
  constexpr int kTriesMax = 100;
  for (int tries = 0;; ++tries) {
    Entry* entry = table_.Any(keyspace_.prng_);
    if (entry == nullptr || !IsExpired(*entry)) return entry;
    if (keyspace_.expiry_mode_ == ExpiryMode::kDelete) {
      DeleteExpired(*entry);
    } else if (tries >= kTriesMax) {
      return entry;
    }
  }
}

size_t Db::MemoryBytes(const Entry& entry) {
  static const size_t in_place = std::string().capacity();
  const size_t key = entry.key_.capacity() > in_place ? entry.key_.capacity() + 1 : 0;
  const size_t expiry = entry.has_expiry() ? sizeof(Entry*) : 0;
  return sizeof(Entry) + key + entry.value_.heap_bytes() + expiry + sizeof(Entry*);
}

int64_t Db::AverageTtlMs() const {
  constexpr size_t kSample = 64;
  if (expiring_.empty()) return 0;
  int64_t sum = 0;
  size_t counted = 0;
  for (size_t i = 0; i < kSample && i < expiring_.size(); ++i) {
    const Entry& entry = *expiring_[(expire_cursor_ + i) % expiring_.size()];
    const int64_t ttl = entry.expire_at_ms_ - keyspace_.now_ms_;
    if (ttl <= 0) continue;
    sum += ttl / static_cast<int64_t>(kSample);
    ++counted;
  }
  return counted == 0 ? 0 : sum * static_cast<int64_t>(kSample) / static_cast<int64_t>(counted);
}

void Db::LinkExpiry(Entry& entry, int64_t expire_at_ms) {
  if (expire_at_ms == kNoExpiry) {
    UnlinkExpiry(entry);
    return;
  }
  if (!entry.has_expiry()) {
    entry.expiring_index_ = static_cast<uint32_t>(expiring_.size());
    expiring_.push_back(&entry);
  }
  entry.expire_at_ms_ = expire_at_ms;
}

void Db::UnlinkExpiry(Entry& entry) {
  if (!entry.has_expiry()) return;
  Entry* last = expiring_.back();
  expiring_[entry.expiring_index_] = last;
  last->expiring_index_ = entry.expiring_index_;
  expiring_.pop_back();
  entry.expire_at_ms_ = kNoExpiry;
}

void Db::Remove(std::string_view key) {
  Entry* entry = table_.Remove(key);
  RHA_CHECK(entry != nullptr);
  UnlinkExpiry(*entry);
  delete entry;
}

void Db::DeleteExpired(Entry& entry) {
  const std::string name(entry.key_);
  Remove(name);
  ++keyspace_.stats_.expired_keys;
  keyspace_.watches_.Touch(index_, name, false);
  keyspace_.Emit(index_, events::kExpired, name);
  if (keyspace_.observer_ != nullptr) keyspace_.observer_->OnDeleted(index_, name);
}

Watcher::Presence Db::PresenceOf(std::string_view key) {
  const Entry* entry = Find(key);
  if (entry == nullptr) return Watcher::Presence::kAbsent;
  return IsExpired(*entry) ? Watcher::Presence::kExpired : Watcher::Presence::kPresent;
}

void Db::Clear() {
  auto free_entry = [](Entry& entry) { delete &entry; };
  table_.ForEach(free_entry);
  table_.Clear();
  expiring_.clear();
  expiring_.shrink_to_fit();
  expire_cursor_ = 0;
}

size_t Db::ExpireSome(size_t* looked_at) {
  size_t deleted = 0;
  for (size_t i = 0; i < kExpireSampleKeys && !expiring_.empty(); ++i) {
    if (expire_cursor_ >= expiring_.size()) expire_cursor_ = 0;
    Entry& entry = *expiring_[expire_cursor_];
    ++*looked_at;
    if (IsExpired(entry)) {
      DeleteExpired(entry);  // the last one took its place
      ++deleted;
    } else {
      ++expire_cursor_;
    }
  }
  return deleted;
}

}  // namespace rha::node::keyspace
