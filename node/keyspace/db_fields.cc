// Lifetimes of the fields of hashes: each hash that has some is filed by the next end among them.
#include <algorithm>
#include <utility>

#include "common/base/check.h"
#include "node/keyspace/db.h"
#include "node/types/hash.h"

namespace rha::node::keyspace {
namespace {

using structs::Entry;
using types::FieldLives;
using types::kEndless;

// Null: no field of it has a lifetime.
types::HashTable* TimedHash(const Entry& entry) {
  if (types::FormOf(entry) != types::Form::kHashTable) return nullptr;
  auto& hash = types::LargeOf<types::HashTable>(entry);
  return hash.lives() == nullptr ? nullptr : &hash;
}

}  // namespace

bool Db::HasFieldsLeft(const Entry& entry) const {
  const types::HashTable* hash = TimedHash(entry);
  if (hash == nullptr || !hash->hides_any()) return true;
  const FieldLives& lives = *hash->lives();
  return lives.ends.size() < hash->size() || !lives.Hides(lives.last_ms());
}

Entry* Db::EndFields(Entry* entry, size_t most) {
  types::HashTable* hash = TimedHash(*entry);
  if (hash == nullptr || !hash->hides_any()) return entry;
  Capture(entry);
  const std::vector<std::string> ended = hash->TakeEnded(most);
  keyspace_.stats_.expired_fields += ended.size();
  const std::string name(entry->key());
  const bool left = hash->size() > 0;
  left ? FileFields(entry) : Remove(entry);
  keyspace_.Tell(index_, name, {.exists = left, .wakes = !left, .asked = false});
  keyspace_.Emit(index_, events::kHExpired, name);
  if (!left) keyspace_.Emit(index_, events::kDel, name);
  if (keyspace_.observer_ != nullptr) keyspace_.observer_->OnFieldsEnded(index_, name, ended);
  return left ? entry : nullptr;
}

void Db::EndSomeFields() {
  constexpr size_t kFieldsAtOnce = 256;
  const structs::StreamId id = field_ends_.First()->id;
  Entry* entry = table_->FindIf(id.seq, [&](const Entry& each) {
    const types::HashTable* hash = TimedHash(each);
    return hash != nullptr && hash->lives()->filed_ms == static_cast<int64_t>(id.ms);
  });
  RHA_CHECK(entry != nullptr);
  EndFields(entry, kFieldsAtOnce);
}

void Db::FileFieldsOfLarge(Entry* entry) {
  types::HashTable* hash = TimedHash(*entry);
  if (hash == nullptr) return;
  FieldLives& lives = *hash->lives();
  lives.horizon = keyspace_.field_horizon_ms_.get();
  const int64_t next_ms = lives.next_ms();
  if (next_ms == lives.filed_ms) return;
  UnfileFieldsOfLarge(*entry);
  if (next_ms == kEndless) return hash->ForgetLives();
  lives.filed_ms = next_ms;
  field_ends_.Insert(FieldLives::At(next_ms, Hash(entry->key())), {});
  next_field_end_ms_ = static_cast<int64_t>(field_ends_.First()->id.ms);
}

void Db::UnfileFieldsOfLarge(const Entry& entry) {
  types::HashTable* hash = TimedHash(entry);
  if (hash == nullptr || hash->lives()->filed_ms == kEndless) return;
  const int64_t filed_ms = std::exchange(hash->lives()->filed_ms, kEndless);
  field_ends_.Erase(FieldLives::At(filed_ms, Hash(entry.key())));
  next_field_end_ms_ =
      field_ends_.empty() ? INT64_MAX : static_cast<int64_t>(field_ends_.First()->id.ms);
}

void Db::ForgetFieldEnds() {
  field_ends_ = {};
  next_field_end_ms_ = INT64_MAX;
}

bool Keyspace::HasFieldEnds() const {
  return std::any_of(dbs_.begin(), dbs_.end(),
                     [](const auto& db) { return db->with_field_ends() > 0; });
}

// True: the time is over, and there are more.
bool Keyspace::EndFieldsUntil(int64_t end_us, const std::function<int64_t()>& clock_us) {
  if (expiry_mode_ != ExpiryMode::kDelete) return false;
  for (int turn = 0; turn < databases(); ++turn) {
    Db& db = *dbs_[static_cast<size_t>(end_fields_db_)];
    end_fields_db_ = (end_fields_db_ + 1) % databases();
    while (db.FieldsDue()) {
      db.EndSomeFields();
      if (clock_us() >= end_us) return true;
    }
  }
  return false;
}

}  // namespace rha::node::keyspace
