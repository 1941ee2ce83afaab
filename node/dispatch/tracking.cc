#include "node/dispatch/tracking.h"

#include <algorithm>
#include <memory>

#include "common/resp/writer.h"
#include "node/dispatch/pubsub.h"

namespace rha::node::dispatch {
namespace {

constexpr std::string_view kChannelOfMessages = "__redis__:invalidate";
constexpr size_t kPrefixBytes = 192;  // of a prefix of a session, beside its name

}  // namespace

Tracking::Tracking(keyspace::Keyspace& keyspace, SessionRegistry& sessions)
    : keyspace_(keyspace), sessions_(sessions), keys_(keyspace.secret(), keyspace.reclaimer()) {}

void Tracking::Enable(Session& session, const Options& options) {
  if (session.tracking == nullptr) {
    session.tracking = std::make_unique<TrackingState>();
    session.tracking->bytes = sizeof(TrackingState);
    keyspace_.interest().Set(keyspace::Interest::kTracking, ++clients_ > 0);
  }
  TrackingState& state = *session.tracking;
  state.mode = options.mode;
  state.no_loop = options.no_loop;
  state.redirect = options.redirect;
  state.redirect_broken = false;
  if (!state.broadcasts()) return;
  if (options.prefixes.empty()) AddPrefix(session, "");
  for (const std::string_view prefix : options.prefixes) AddPrefix(session, prefix);
}

void Tracking::AddPrefix(Session& session, std::string_view prefix) {
  if (!session.tracking->prefixes.emplace(prefix).second) return;
  session.tracking->bytes += kPrefixBytes + 2 * prefix.size();
  const auto [place, is_new] = prefixes_.try_emplace(std::string(prefix));
  place->second.sessions.push_back(&session);
  if (is_new) ++lengths_[prefix.size()];
}

void Tracking::Disable(Session& session) {
  if (session.tracking == nullptr) return;
  for (const std::string& name : session.tracking->prefixes) {
    const auto prefix = prefixes_.find(name);
    std::erase(prefix->second.sessions, &session);
    if (!prefix->second.sessions.empty()) continue;
    std::erase(changed_, &*prefix);
    if (--lengths_[name.size()] == 0) lengths_.erase(name.size());
    prefixes_.erase(prefix);
  }
  session.tracking.reset();
  if (--clients_ > 0) return;
  keyspace_.interest().Set(keyspace::Interest::kTracking, false);
  keys_.Clear();
}

// ---------------------------------------------------------------- what was read

void Tracking::Remember(Session& session, const CommandSpec& spec, Args args) {
  if (session.tracking == nullptr || !session.tracking->Remembers()) return;
  const auto wants = [this](uint64_t id) {
    const Session* reader = sessions_.Find(id);
    return reader != nullptr && reader->tracking != nullptr && !reader->tracking->broadcasts();
  };
  VisitKeys(spec.keys, args, [&](size_t at, uint16_t use) {
    if ((use & (kKeyChannel | kKeyNot)) == 0) keys_.Add(args[at], session.id, wants);
    return true;
  });
  Trim();
}

bool Tracking::IsOver() const {
  if (keys_max_ == 0 || keys_.keys() == 0) return false;
  const size_t bytes_max =
      std::max(kTrackedBytesFloor,
               std::min(keys_max_, SIZE_MAX / kTrackedBytesPerKey) * kTrackedBytesPerKey);
  return keys_.keys() > keys_max_ || keys_.bytes() > bytes_max;
}

void Tracking::Trim() {
  size_t left = kTrackedForgottenAtOnce + keys_.keys() / kTrackedForgottenShare;
  for (; left > 0 && IsOver(); --left) Forget(keys_.Random(keyspace_.prng()), nullptr);
}

// ---------------------------------------------------------------- what changes

void Tracking::KeyChanged(std::string_view key, const Session* by) {
  if (!prefixes_.empty()) NotePrefixes(key, by);
  if (keys_.keys() != 0) Forget(key, by);
}

void Tracking::Forget(std::string_view key, const Session* by) {
  const TrackedKeys::Ids ids = keys_.Take(key);
  if (ids.empty()) return;
  std::string array;
  resp::AppendRequest({key}, &array);
  for (const uint64_t id : ids) {
    Session* const reader = sessions_.Find(id);
    if (reader == nullptr || reader->tracking == nullptr) continue;
    const TrackingState& state = *reader->tracking;
    if (!state.broadcasts() && !(state.no_loop && reader == by)) Tell(*reader, array);
  }
}

void Tracking::NotePrefixes(std::string_view key, const Session* by) {
  for (const auto& [length, count] : lengths_) {
    if (length > key.size()) return;
    const auto prefix = prefixes_.find(key.substr(0, length));
    if (prefix == prefixes_.end()) continue;
    auto& changed = prefix->second.changed;
    if (changed.empty()) changed_.push_back(&*prefix);
    const auto [place, is_new] = changed.try_emplace(std::string(key));
    place->second = by == nullptr ? 0 : by->id;
    if (is_new) changed_bytes_ += sizeof(*place) + key.size();
  }
  if (changed_bytes_ > kTrackingListBytesMax) SendChanged();
}

void Tracking::SendChanged() {
  std::sort(changed_.begin(), changed_.end(),
            [](const auto* a, const auto* b) { return a->first < b->first; });
  for (Prefixes::value_type* prefix : changed_) {
    SendChangedOf(prefix->second);
    prefix->second.changed.clear();
  }
  changed_.clear();
  changed_bytes_ = 0;
}

void Tracking::SendChangedOf(const Prefix& prefix) {
  std::string all;
  std::vector<std::string_view> names;
  for (Session* session : prefix.sessions) {
    const bool own_left_out = session->tracking->no_loop;
    if (!own_left_out && !all.empty()) {
      Tell(*session, all);
      continue;
    }
    names.clear();
    for (const auto& [name, by] : prefix.changed) {
      if (!own_left_out || by != session->id) names.push_back(name);
    }
    if (names.empty()) continue;
    std::string array;
    resp::AppendRequest(names, &array);
    Tell(*session, array);
    if (!own_left_out) all = std::move(array);
  }
}

void Tracking::AllChanged() {
  if (clients_ == 0) return;
  keys_.Clear();
  for (const auto& [id, session] : sessions_.all()) {
    if (session->tracking != nullptr) Tell(*session, {});
  }
}

// ---------------------------------------------------------------- messages

void Tracking::Tell(Session& session, std::string_view keys) {
  TrackingState& state = *session.tracking;
  Session* to = &session;
  if (state.redirect != 0) {
    to = sessions_.Find(state.redirect);
    state.redirect_broken = to == nullptr || to->closing;
    if (state.redirect_broken) to = &session;
  }
  const bool subscriber = to->pubsub != nullptr && !to->pubsub->empty();
  // RESP2 has no pushes: only a subscriber expects what it has not asked for.
  if (to->protocol != 3 && (state.redirect == 0 || state.redirect_broken || !subscriber)) return;
  resp::Writer push(&to->push_out(), to->protocol);
  if (state.redirect_broken) {
    push.Push(2);
    push.Bulk("tracking-redir-broken");
    push.Integer(static_cast<int64_t>(state.redirect));
  } else {
    push.Push(to->protocol == 3 ? 2 : 3);
    push.Bulk(to->protocol == 3 ? "invalidate" : "message");
    if (to->protocol != 3) push.Bulk(kChannelOfMessages);
    keys.empty() ? push.Null() : push.Raw(keys);
  }
  to->asks_for_data = true;  // by the wish of another, maybe
  to->WantWrite();
}

}  // namespace rha::node::dispatch
