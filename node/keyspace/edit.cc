#include "node/keyspace/edit.h"

#include <string>

#include "common/base/check.h"
#include "node/keyspace/db.h"

namespace rha::node::keyspace {

using types::IsEmptyCollection;

Edit::Edit(Db& db, structs::Entry* entry, bool created, Mode mode)
    : db_(&db), entry_(entry), created_(created), mode_(mode) {
  if (entry_ != nullptr) db.keyspace_.editing_ = true;
}

Edit::Edit(Edit&& other) noexcept
    : db_(std::exchange(other.db_, nullptr)),
      entry_(other.entry_),
      created_(other.created_),
      uncommitted_(other.uncommitted_),
      mode_(other.mode_) {}

types::Slot Edit::slot() const {
  const Keyspace& keyspace = db_->keyspace_;
  return {*db_->table_, entry_, keyspace.form_limits_, *keyspace.secret_};
}

void Edit::Touch() {
  RHA_CHECK(entry_ != nullptr);
  db_->Capture(entry_);
}

void Edit::Finish(Event event, uint64_t changes, bool changed) {
  RHA_CHECK(entry_ != nullptr);
  uncommitted_ = false;
  db_->FileFields(entry_);
  const bool empty = IsEmptyCollection(*entry_);
  if (mode_ == Mode::kNormal && (changed || empty) && !(created_ && empty)) {
    const std::string_view key = entry_->key();
    if (created_) db_->Notify(events::kNew, key);
    db_->Changed(key, event, changes,
                 {.exists = !empty, .wakes = created_ || empty || event.wakes});
    if (empty) {
      const std::string name(key);
      Close();
      db_->Notify(events::kDel, name);
      return;
    }
  }
  if (empty) return Close();
  created_ = false;
}

void Edit::CommitUnwatched(uint64_t changes, const Event* event) {
  RHA_CHECK(entry_ != nullptr && !created_ && !IsEmptyCollection(*entry_));
  uncommitted_ = false;
  db_->keyspace_.dirty_ += changes;
  const bool wakes = event != nullptr && event->wakes;
  const Change change{.exists = true, .wakes = wakes, .value = false};
  db_->keyspace_.Tell(db_->index(), entry_->key(), change);
  if (event != nullptr) db_->Notify(*event, entry_->key());
}

void Edit::SetExpiry(int64_t expire_at_ms, Event event) {
  Touch();
  db_->SetExpireAt(entry_, expire_at_ms);
  db_->NoteExpiry(entry_->key(), expire_at_ms);
  db_->Changed(entry_->key(), event, 1, {.exists = true});
}

void Edit::ClearExpiry(Event event) { SetExpiry(kNoExpiry, event); }

void Edit::Erase(Event event) {
  RHA_CHECK(entry_ != nullptr);
  const std::string name(entry_->key());
  created_ = uncommitted_ = false;
  db_->keyspace_.editing_ = false;
  db_->Remove(std::exchange(entry_, nullptr));
  db_->Changed(name, event, 1, {.exists = false, .wakes = true});
}

// The end of the edit, by destruction or because the key is gone.
void Edit::Close() {
  RHA_CHECK(!uncommitted_);
  if (entry_ == nullptr) return;
  db_->keyspace_.editing_ = false;
  structs::Entry* entry = std::exchange(entry_, nullptr);
  if (created_ || IsEmptyCollection(*entry)) db_->Remove(entry);
}

}  // namespace rha::node::keyspace
