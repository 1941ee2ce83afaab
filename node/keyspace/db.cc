#include "node/keyspace/db.h"

#include "common/base/check.h"
#include "node/types/string.h"

namespace rha::node::keyspace {

using structs::Entry;
using structs::EntryValue;

namespace {

EntryValue Nothing(Type type) {
  return EntryValue::Bytes({}, static_cast<uint8_t>(types::EmptyForm(type)));
}

EntryValue StringValue(std::string_view text) {
  int64_t number = 0;
  return structs::ParseDecimal(text, &number) ? EntryValue::Integer(number)
                                              : EntryValue::Bytes(text);
}

// Redis allows expiries before 1970 where it does not delete at once; none of ours is negative.
int64_t EntryExpiry(int64_t expire_at_ms) {
  return expire_at_ms == kNoExpiry ? structs::kEntryUntimed : std::max<int64_t>(expire_at_ms, 0);
}

}  // namespace

Db::Db(Keyspace& keyspace, int index)
    : keyspace_(keyspace),
      index_(index),
      table_(std::make_unique<structs::KeyTable>(*keyspace.secret_)) {}

Db::~Db() { keyspace_.reclaimer_.Free(std::move(table_)); }

// ---------------------------------------------------------------- looking up

inline Entry* Db::Find(std::string_view key, uint64_t hash) {
  RHA_CHECK(!keyspace_.editing_);
  return table_->Find(key, hash);
}

bool Db::IsExpired(Item item) const {
  return item.has_expiry() && item.expire_at_ms() < keyspace_.now_ms_;
}

inline Entry* Db::Alive(Entry* entry) {
  if (entry == nullptr) return entry;
  if (FieldsDue() && !HasFieldsLeft(*entry)) return nullptr;
  if (!entry->is_timed() || !IsExpired(Item(*entry))) return entry;
  return keyspace_.expiry_mode_ == ExpiryMode::kHide ? nullptr : AliveToChange(entry);
}

inline Entry* Db::AliveToChange(Entry* entry) {
  if (entry == nullptr) return entry;
  if (!entry->is_timed() || !IsExpired(Item(*entry))) {
    return FieldsDue() ? EndFields(entry, SIZE_MAX) : entry;
  }
  if (keyspace_.expiry_mode_ == ExpiryMode::kIgnore) return entry;
  DeleteExpired(entry);
  return nullptr;
}

inline Entry* Db::Count(Entry* entry, std::string_view key) {
  if (entry != nullptr) {
    ++keyspace_.stats_.hits;
  } else {
    ++keyspace_.stats_.misses;
    keyspace_.Emit(index_, events::kKeyMiss, key);
  }
  return entry;
}

inline void Db::MarkUsed(Entry* entry) {
  using structs::KeyTable;
  if (!keyspace_.touching_) return;
  const UseNotes notes = keyspace_.use_notes();
  KeyTable::SetAge(entry, notes.AfterUse(KeyTable::Age(entry), keyspace_.prng_));
}

Item Db::Read(std::string_view key) {
  Entry* entry = Count(Alive(Find(key, Hash(key))), key);
  if (entry == nullptr) return {};
  MarkUsed(entry);
  return Item(*entry);
}

Item Db::Peek(std::string_view key) {
  const Entry* entry = Alive(Find(key, Hash(key)));
  return entry == nullptr ? Item() : Item(*entry);
}

Item Db::Stored(std::string_view key) {
  const Entry* entry = Find(key, Hash(key));
  return entry == nullptr ? Item() : Item(*entry);
}

Item Db::CountedPeek(std::string_view key) {
  const Entry* entry = Count(Alive(Find(key, Hash(key))), key);
  return entry == nullptr ? Item() : Item(*entry);
}

int64_t Db::IdleSeconds(std::string_view key) {
  Entry* entry = Find(key, Hash(key));
  RHA_CHECK(entry != nullptr);
  return keyspace_.use_notes().IdleSeconds(structs::KeyTable::Age(entry));
}

uint8_t Db::UseFrequency(std::string_view key) {
  Entry* entry = Find(key, Hash(key));
  RHA_CHECK(entry != nullptr);
  return keyspace_.use_notes().CounterOf(structs::KeyTable::Age(entry));
}

bool Db::HoldsExpired(std::string_view key) {
  const Entry* entry = Find(key, Hash(key));
  return entry != nullptr && IsExpired(Item(*entry));
}

Item Db::Random() {
  // On a replica expired keys stay until the primary deletes them; should there be nothing else,
  // one of them is better than an endless search (Redis does the same).
  constexpr int kTriesMax = 100;
  for (int tries = 0; !table_->empty(); ++tries) {
    Entry* entry = table_->Random(keyspace_.prng_);
    if (!IsExpired(Item(*entry))) return Item(*entry);
    if (keyspace_.expiry_mode_ == ExpiryMode::kDelete) {
      DeleteExpired(entry);
    } else if (tries >= kTriesMax) {
      return Item(*entry);
    }
  }
  return {};
}

// ---------------------------------------------------------------- changing

Edit Db::Write(std::string_view key) {
  Entry* entry = AliveToChange(Find(key, Hash(key)));
  if (entry != nullptr) MarkUsed(entry);
  return {*this, entry, false, Edit::Mode::kNormal};
}

Edit Db::WriteOrCreate(std::string_view key, Type type) {
  const uint64_t hash = Hash(key);
  Entry* entry = AliveToChange(Find(key, hash));
  const bool created = entry == nullptr;
  if (created) {
    entry = Insert(key, Nothing(type), kNoExpiry, hash);
  } else {
    MarkUsed(entry);
  }
  return {*this, entry, created, Edit::Mode::kNormal};
}

Entry* Db::Insert(std::string_view key, const EntryValue& value, int64_t expire_at_ms,
                  uint64_t hash) {
  Entry entry = Entry::Make(key, value, EntryExpiry(expire_at_ms));
  if (expire_at_ms != kNoExpiry) ++timed_;
  Entry* inserted = table_->Insert(entry, hash);
  structs::KeyTable::SetAge(inserted, keyspace_.use_notes().Fresh());
  return inserted;
}

void Db::Capture(Entry* entry) {
  if (keyspace_.image_ == nullptr || !table_->Unseen(*entry)) return;
  table_->See(*entry);
  keyspace_.image_->Capture(*table_, entry);
}

void Db::ReleaseLarge(Entry entry) {
  if (entry.kind() != Entry::Kind::kPointer) return;
  std::unique_ptr<types::LargeValue> large(static_cast<types::LargeValue*>(entry.pointer()));
  if (large->walker() != nullptr) {
    keyspace_.image_->TakeOver(std::move(large));
  } else {
    keyspace_.reclaimer_.Free(std::move(large));
  }
}

void Db::SetExpireAt(Entry* entry, int64_t expire_at_ms) {
  const bool timed = expire_at_ms != kNoExpiry;
  if (!timed && !entry->is_timed()) return;
  timed_ += static_cast<size_t>(timed) - static_cast<size_t>(entry->is_timed());
  table_->SetExpireAt(entry, EntryExpiry(expire_at_ms));
}

void Db::Replace(Entry* entry, const EntryValue& value, int64_t expire_at_ms) {
  Capture(entry);
  UnfileFields(*entry);
  ReleaseLarge(*entry);
  table_->SetValue(entry, value);
  SetExpireAt(entry, expire_at_ms);
  FileFields(entry);
}

void Db::NoteExpiry(std::string_view key, int64_t expire_at_ms) {
  if (keyspace_.expiry_mode_ == ExpiryMode::kHide && expire_at_ms != kNoExpiry) {
    keyspace_.own_timed_.Note(index_, key);
  }
}

bool Db::Store(std::string_view key, const EntryValue& value, int64_t expire_at_ms) {
  NoteExpiry(key, expire_at_ms);
  const uint64_t hash = Hash(key);
  Entry* entry = AliveToChange(Find(key, hash));
  if (entry == nullptr) {
    FileFields(Insert(key, value, expire_at_ms, hash));
    return true;
  }
  Replace(entry, value, expire_at_ms);
  MarkUsed(entry);
  return false;
}

void Db::StoreNew(std::string_view key, types::Value value, int64_t expire_at_ms) {
  const EntryValue view = value.view();
  value.Release();
  Store(key, view, expire_at_ms);
  Notify(events::kNew, key);
}

void Db::Put(std::string_view key, std::string_view text, int64_t expire_at_ms, Event event) {
  if (Store(key, StringValue(text), expire_at_ms)) Notify(events::kNew, key);
  Changed(key, event, 1, {.exists = true, .wakes = true});
}

void Db::Put(std::string_view key, types::Value value, int64_t expire_at_ms, Event event) {
  const EntryValue view = value.view();
  value.Release();
  if (Store(key, view, expire_at_ms)) Notify(events::kNew, key);
  Changed(key, event, 1, {.exists = true, .wakes = true});
}

void Db::PutFilled(std::string_view key, size_t size,
                   const std::function<void(std::span<char>)>& fill, Event event) {
  const uint64_t hash = Hash(key);
  Entry* entry = AliveToChange(Find(key, hash));
  const bool made = entry == nullptr;
  // A block of that size stays where it is: the kernel gives a new one page by page.
  const bool fits = !made && types::FormOf(*entry) == types::Form::kStringEdited &&
                    !entry->is_timed() && entry->bytes().size() == size;
  if (fits) {
    Capture(entry);
    MarkUsed(entry);
  } else {
    Store(key, EntryValue::Bytes({}, static_cast<uint8_t>(types::Form::kStringEdited)), kNoExpiry);
    entry = Find(key, hash);
  }
  fill({table_->ResizeBytes(entry, size), size});
  if (made) Notify(events::kNew, key);
  Changed(key, event, 1, {.exists = true, .wakes = true});
}

void Db::PutNew(std::string_view key, types::Value value, int64_t expire_at_ms, Event event) {
  StoreNew(key, std::move(value), expire_at_ms);
  Changed(key, event, 1, {.exists = true, .wakes = true});
}

void Db::PutNew(std::string_view key, std::string_view text, int64_t expire_at_ms, Event event) {
  Store(key, StringValue(text), expire_at_ms);
  Notify(events::kNew, key);
  Changed(key, event, 1, {.exists = true, .wakes = true});
}

void Db::SetUse(std::string_view key, KeyUse use) {
  Entry* entry = Find(key, Hash(key));
  RHA_CHECK(entry != nullptr);
  structs::KeyTable::SetAge(entry, keyspace_.use_notes().Loaded(use));
}

void Db::Changed(std::string_view key, Event event, uint64_t changes, Change change) {
  keyspace_.dirty_ += changes;
  keyspace_.Tell(index_, key, change);
  keyspace_.Emit(index_, event, key);
}

bool Db::Erase(std::string_view key, Event event) {
  Entry* entry = AliveToChange(Find(key, Hash(key)));
  if (entry == nullptr) return false;
  // The caller's view may be the entry's own key.
  const std::string name(key);
  Remove(entry);
  Changed(name, event, 1, {.exists = false, .wakes = true});
  return true;
}

void Db::Move(std::string_view from, Target to, Event from_event, Event to_event) {
  Entry* entry = AliveToChange(Find(from, Hash(from)));
  RHA_CHECK(entry != nullptr);
  const int64_t expire_at_ms = Item(*entry).expire_at_ms();
  Capture(entry);
  types::Value value = types::Value::TakeFrom(*entry);
  Remove(entry, LargePart::kMoved);
  to.db.StoreNew(to.key, std::move(value), expire_at_ms);
  Changed(from, from_event, 0, {.exists = false, .wakes = true});
  to.db.Changed(to.key, to_event, 1, {.exists = true, .wakes = true});
}

void Db::Notify(Event event, std::string_view key) { keyspace_.Emit(index_, event, key); }

void Db::Remove(Entry* entry, LargePart large) {
  Capture(entry);
  UnfileFields(*entry);
  if (large == LargePart::kFree) ReleaseLarge(*entry);
  if (entry->is_timed()) --timed_;
  table_->Take(entry, Hash(entry->key())).Free();
}

void Db::DeleteExpired(Entry* entry) {
  ++keyspace_.stats_.expired_keys;
  DeleteUnasked(entry, events::kExpired);
}

void Db::DeleteIfExpired(std::string_view key) {
  Entry* entry = Find(key, Hash(key));
  if (entry != nullptr && IsExpired(Item(*entry))) DeleteExpired(entry);
}

void Db::DeleteEvicted(Entry* entry) {
  ++keyspace_.stats_.evicted_keys;
  DeleteUnasked(entry, events::kEvicted);
}

// No command of a client has asked for it.
void Db::DeleteUnasked(Entry* entry, Event event) {
  const std::string name(entry->key());
  Remove(entry);
  keyspace_.Tell(index_, name, {.exists = false, .wakes = true, .asked = false});
  keyspace_.Emit(index_, event, name);
  if (keyspace_.observer_ != nullptr) keyspace_.observer_->OnDeleted(index_, name);
}

// ---------------------------------------------------------------- loading

Entry* Db::LoadEntry(std::string_view key, const EntryValue& value, int64_t expire_at_ms,
                     KeyUse use) {
  const uint64_t hash = Hash(key);
  Entry* entry = Find(key, hash);
  if (entry == nullptr) {
    entry = Insert(key, value, expire_at_ms, hash);
  } else {
    Replace(entry, value, expire_at_ms);
  }
  structs::KeyTable::SetAge(entry, keyspace_.use_notes().Loaded(use));
  return entry;
}

void Db::LoadString(std::string_view key, std::string_view text, int64_t expire_at_ms, KeyUse use) {
  LoadEntry(key, StringValue(text), expire_at_ms, use);
}

Edit Db::Load(std::string_view key, Type type, int64_t expire_at_ms, KeyUse use) {
  Entry* entry = LoadEntry(key, Nothing(type), expire_at_ms, use);
  return {*this, entry, false, Edit::Mode::kSilent};
}

Edit Db::LoadMore(std::string_view key) {
  return {*this, Find(key, Hash(key)), false, Edit::Mode::kSilent};
}

// ---------------------------------------------------------------- the whole

size_t Db::MemoryBytes(Item item) {
  constexpr size_t kSlotBytes = structs::kBucketBytes / structs::AgedBucket::kSlots + 1;
  return item.entry().heap_bytes() + types::LargeBytes(item.entry()) + kSlotBytes;
}

Watcher::Presence Db::PresenceOf(std::string_view key) {
  const Entry* entry = Find(key, Hash(key));
  if (entry == nullptr) return Watcher::Presence::kAbsent;
  return IsExpired(Item(*entry)) ? Watcher::Presence::kExpired : Watcher::Presence::kPresent;
}

void Db::Clear() {
  auto table = std::exchange(table_, std::make_unique<structs::KeyTable>(*keyspace_.secret_));
  if (keyspace_.image_ != nullptr) {
    keyspace_.image_->TakeOver(std::move(table));
  } else {
    keyspace_.reclaimer_.Free(std::move(table));
  }
  timed_ = 0;
  ForgetFieldEnds();
  sweep_cursor_ = 0;
  evict_cursor_ = 0;
}

// All but the place.
void Db::Exchange(Db& other) {
  table_.swap(other.table_);
  std::swap(timed_, other.timed_);
  std::swap(field_ends_, other.field_ends_);
  std::swap(next_field_end_ms_, other.next_field_end_ms_);
  std::swap(sweep_cursor_, other.sweep_cursor_);
  std::swap(decay_clock_, other.decay_clock_);
  std::swap(decay_steps_, other.decay_steps_);
  std::swap(evict_cursor_, other.evict_cursor_);
  std::swap(average_ttl_ms_, other.average_ttl_ms_);
}

int64_t Db::AverageTtlMs() const {
  if (timed_ == 0) return 0;
  constexpr double kPastAll = 0x1p63;
  return average_ttl_ms_ < kPastAll ? static_cast<int64_t>(average_ttl_ms_) : INT64_MAX;
}

Db::Swept Db::Sweep(size_t buckets) {
  Swept swept;
  double ttl_ms = 0;                 // no int64_t: a single lifetime may be as long as one can say
  std::vector<std::string> expired;  // by name, since each deletion may move the others
  const UseNotes notes = keyspace_.use_notes();
  if (sweep_cursor_ == 0) {
    decay_steps_ = decay_clock_.Due(keyspace_.now_s_, keyspace_.eviction_.lfu_decay_minutes);
  }
  for (size_t i = 0; i < buckets; ++i) {
    sweep_cursor_ = table_->Scan(sweep_cursor_, [&](Entry& entry) {
      ++swept.visited;
      using structs::KeyTable;
      KeyTable::SetAge(&entry, notes.Swept(KeyTable::Age(&entry), decay_steps_));
      if (!entry.is_timed()) return;
      ++swept.timed;
      if (entry.expire_at() < keyspace_.now_ms_) {
        expired.emplace_back(entry.key());
      } else {
        ttl_ms += static_cast<double>(entry.expire_at() - keyspace_.now_ms_);
      }
    });
    if (sweep_cursor_ == 0) break;
  }
  if (const size_t alive = swept.timed - expired.size(); alive > 0) {
    const double mean_ms = ttl_ms / static_cast<double>(alive);
    average_ttl_ms_ =
        average_ttl_ms_ == 0 ? mean_ms : average_ttl_ms_ + (mean_ms - average_ttl_ms_) / 50;
  }
  if (keyspace_.expiry_mode_ != ExpiryMode::kDelete) return swept;
  for (const std::string& name : expired) {
    Entry* entry = table_->Find(name, Hash(name));
    if (entry == nullptr) continue;  // a bucket may be visited twice
    DeleteExpired(entry);
    ++swept.deleted;
  }
  return swept;
}

}  // namespace rha::node::keyspace
