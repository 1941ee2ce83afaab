#include "node/dispatch/blocking.h"

#include <algorithm>

#include "common/base/check.h"

namespace rha::node::dispatch {
namespace {

// Of a place in a queue, and the queue.
constexpr size_t kAwaitedBytes = 160;

}  // namespace

void Blocking::Block(Session& session, BlockedState state, Args keys) {
  RHA_CHECK(session.blocked == nullptr);
  SessionQueue& kin = by_kind_[static_cast<size_t>(state.kind)];
  state.among_kind = kin.insert(kin.end(), &session);
  if (state.deadline_ms != 0) deadlines_.emplace(state.deadline_ms, &session);
  for (const std::string_view key : keys) {
    auto awaited = awaited_.find(AwaitedHash::View(session.db, key));
    if (awaited == awaited_.end()) {
      awaited = awaited_.try_emplace({session.db, std::string(key)}).first;
    }
    SessionQueue& queue = awaited->second.sessions;
    if (!queue.empty() && queue.back() == &session) continue;  // named twice
    state.places.push_back({&*awaited, queue.insert(queue.end(), &session)});
    if (state.needs_key) ++awaited->second.needing;
  }
  interest_.Set(keyspace::Interest::kWaiting, !awaited_.empty());
  state.bytes = sizeof state + state.places.size() * kAwaitedBytes;
  for (const auto* words : {&state.words, &state.asked}) {
    for (const std::string& word : *words) state.bytes += sizeof word + word.size();
  }
  session.blocked = std::make_unique<BlockedState>(std::move(state));
}

void Blocking::Release(Session& session) {
  const bool answered = session.blocked->kind != BlockKind::kPause;
  Forget(session);
  if (answered && session.reply_mode == ReplyMode::kSkipping) session.reply_mode = ReplyMode::kOn;
  session.Resume();
}

void Blocking::Forget(Session& session) {
  const std::unique_ptr<BlockedState> state = std::move(session.blocked);
  by_kind_[static_cast<size_t>(state->kind)].erase(state->among_kind);
  if (state->deadline_ms != 0) deadlines_.erase({state->deadline_ms, &session});
  for (const BlockedState::Place& place : state->places) {
    place.awaited->second.sessions.erase(place.at);
    if (state->needs_key) --place.awaited->second.needing;
    if (place.awaited->second.sessions.empty()) awaited_.erase(awaited_.find(place.awaited->first));
  }
  interest_.Set(keyspace::Interest::kWaiting, !awaited_.empty());
}

std::optional<int64_t> Blocking::NextDeadlineMs() const {
  if (deadlines_.empty()) return std::nullopt;
  return deadlines_.begin()->first;
}

Session* Blocking::Overdue(int64_t now_ms) const {
  if (deadlines_.empty() || deadlines_.begin()->first > now_ms) return nullptr;
  return deadlines_.begin()->second;
}

void Blocking::AwaitedChanged(AwaitedHash::View key, bool exists) {
  const auto awaited = awaited_.find(key);
  if (awaited == awaited_.end() || (!exists && awaited->second.needing == 0)) return;
  MarkReady(*awaited);
}

void Blocking::MarkReady(AwaitedMap::value_type& awaited) {
  if (!std::exchange(awaited.second.ready, true)) ready_.push_back(awaited.first);
}

void Blocking::DbChanged(int db) {
  for (auto& awaited : awaited_) {
    if (db == -1 || awaited.first.db == db) MarkReady(awaited);
  }
}

std::vector<AwaitedKey> Blocking::TakeReady() {
  for (const AwaitedKey& key : ready_) {
    const auto awaited = awaited_.find(key);
    if (awaited != awaited_.end()) awaited->second.ready = false;
  }
  return std::exchange(ready_, {});
}

bool Blocking::SomeNeed(const AwaitedKey& key) const {
  const auto awaited = awaited_.find(key);
  return awaited != awaited_.end() && awaited->second.needing > 0;
}

const SessionQueue* Blocking::Waiting(const AwaitedKey& key) const {
  const auto awaited = awaited_.find(key);
  return awaited == awaited_.end() ? nullptr : &awaited->second.sessions;
}

}  // namespace rha::node::dispatch
