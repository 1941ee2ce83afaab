// Edit: write access to one key, from Db::Write() to Commit().
//
//   Edit edit = ctx.db().Write(key);
//   if (!edit) return ...;
//   const bool added = edit.As<types::Hash>().Set(field, value);
//   edit.Commit(events::kHSet, added);
//
// Whatever must happen with a change (WATCH, notifications, the dirty counter, a snapshot's
// pre-image, the end of an emptied collection) happens in here, so that a command cannot forget it.
//
// Invariants
//  * At most one Edit is open, and while it is, no other key is looked up (checked): let it go, or
//    end its block, before the next lookup.
//  * Whoever took As<>() must Commit(), be it with 0 changes (checked).
//  * A collection that is empty at Commit() is erased; one created here and never committed, too.
// Thread rule: the engine's thread.
#pragma once

#include <cstdint>
#include <utility>

#include "node/keyspace/event.h"
#include "node/keyspace/item.h"

namespace rha::node::keyspace {

class Db;

class Edit {
 public:
  Edit(Edit&& other) noexcept;
  Edit(const Edit&) = delete;
  Edit& operator=(const Edit&) = delete;
  Edit& operator=(Edit&&) = delete;
  ~Edit() {
    if (db_ != nullptr) Close();
  }

  // False: there is no such key.
  explicit operator bool() const { return entry_ != nullptr; }
  // True: it was made by WriteOrCreate() and holds nothing yet.
  bool created() const { return created_; }
  // To read. Void after a change.
  Item item() const { return entry_ == nullptr ? Item() : Item(*entry_); }
  Type type() const { return item().type(); }

  // The value, to change it: edit.As<types::Hash>(). REQUIRES: it is of that type.
  template <typename Mutable>
  Mutable As() {
    Touch();
    uncommitted_ = true;
    return Mutable(slot());
  }
  // As<>() is over: that many changes, as `event`. The key may be gone afterwards (item() says).
  void Commit(Event event, uint64_t changes = 1) { Finish(event, changes, changes > 0); }
  // Likewise, for a change that is not to be counted: WATCH and listeners alone learn of it.
  void CommitUncounted(Event event) { Finish(event, 0, true); }

  // Likewise, for one that is counted and that WATCH does not learn of (what a group of a stream
  // has read). `event`: null for none. REQUIRES: the key was there before, and stays.
  void CommitUnwatched(uint64_t changes, const Event* event = nullptr);

  void SetExpiry(int64_t expire_at_ms, Event event);
  void ClearExpiry(Event event);
  void Erase(Event event);

 private:
  friend class Db;
  enum class Mode : uint8_t { kNormal, kSilent };
  Edit(Db& db, structs::Entry* entry, bool created, Mode mode);

  types::Slot slot() const;
  // Before the first change: a snapshot may want the value as it is.
  void Touch();
  void Finish(Event event, uint64_t changes, bool changed);
  void Close();

  Db* db_;  // null: moved from
  structs::Entry* entry_;
  bool created_;
  bool uncommitted_ = false;
  Mode mode_;  // silent: loading
};

}  // namespace rha::node::keyspace
