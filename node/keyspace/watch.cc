#include "node/keyspace/watch.h"

#include <algorithm>

namespace rha::node::keyspace {
namespace {

constexpr size_t kBytesPerWatch = sizeof(Watcher::Key) + 80;  // and the name, twice

}  // namespace

Watcher::~Watcher() {
  if (table_ != nullptr) table_->Unwatch(*this);
}

void WatchTable::Watch(Watcher& watcher, int db, std::string_view key, bool expired_now) {
  for (const Watcher::Key& known : watcher.keys_) {
    if (known.db == db && known.name == key) return;
  }
  watcher.table_ = this;
  watcher.keys_.push_back({db, std::string(key), expired_now});
  watcher.bytes_ += kBytesPerWatch + 2 * key.size();
  watchers_[KeyId{db, std::string(key)}].push_back(&watcher);
  interest_.Set(Interest::kWatching, true);
}

void WatchTable::Unwatch(Watcher& watcher) {
  for (Watcher::Key& key : watcher.keys_) {
    const auto found = watchers_.find(KeyId{key.db, std::move(key.name)});
    if (found == watchers_.end()) continue;
    std::erase(found->second, &watcher);
    if (found->second.empty()) watchers_.erase(found);
  }
  watcher.keys_.clear();
  watcher.bytes_ = 0;
  watcher.dirty_ = false;
  interest_.Set(Interest::kWatching, !watchers_.empty());
}

void WatchTable::TouchWatched(int db, std::string_view key, Change change) {
  const auto found = watchers_.find(KeyId{db, std::string(key)});
  if (found == watchers_.end()) return;
  const Fate fate{Presence::kPresent, change.exists ? Presence::kPresent : Presence::kAbsent};
  for (Watcher* watcher : found->second) {
    const bool hears = change.value || watcher->hears_ == Watcher::Hears::kEverything;
    if (hears) watcher->Apply(db, key, fate);
  }
}

void Watcher::Apply(int db, std::string_view name, Fate fate) {
  const auto key = std::find_if(keys_.begin(), keys_.end(), [&](const Key& known) {
    return known.db == db && known.name == name;
  });
  if (key == keys_.end()) return;
  if (fate.before == Presence::kAbsent && fate.after == Presence::kAbsent) return;
  const bool was_gone = key->expired_when_watched || fate.before == Presence::kAbsent;
  if (was_gone && fate.after != Presence::kPresent) {
    key->expired_when_watched = fate.after == Presence::kExpired;
    return;
  }
  dirty_ = true;
}

}  // namespace rha::node::keyspace
