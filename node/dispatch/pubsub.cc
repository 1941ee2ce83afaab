#include "node/dispatch/pubsub.h"

#include <algorithm>

#include "common/base/glob.h"

namespace rha::node::dispatch {
namespace {

void Push(Session& session, std::initializer_list<std::string_view> words) {
  resp::Writer writer(&session.push_out(), session.protocol);
  writer.Push(static_cast<int64_t>(words.size()));
  for (const std::string_view word : words) writer.Bulk(word);
  session.WantWrite();
}

}  // namespace

int64_t SubscriptionCount(const Session& session, ChannelKind kind) {
  if (session.pubsub == nullptr) return 0;
  const PubsubState& state = *session.pubsub;
  return static_cast<int64_t>(kind == ChannelKind::kShard
                                  ? state.shard_channels.size()
                                  : state.channels.size() + state.patterns.size());
}

bool InPubsubMode(const Session& session) {
  return session.pubsub != nullptr && session.protocol == 2 && !session.pubsub->empty();
}

void Pubsub::Subscribe(Session& session, ChannelKind kind, std::string_view name) {
  if (session.pubsub == nullptr) session.pubsub = std::make_unique<PubsubState>();
  if (session.pubsub->of(kind).emplace(name).second) {
    table(kind)[std::string(name)].push_back(&session);
    session.pubsub->bytes += PubsubState::BytesOf(name);
  }
}

bool Pubsub::Remove(Session& session, ChannelKind kind, std::string_view name) {
  auto& names = session.pubsub->of(kind);
  const auto own = names.find(name);
  if (own == names.end()) return false;
  const auto found = table(kind).find(*own);
  std::erase(found->second, &session);
  if (found->second.empty()) table(kind).erase(found);
  session.pubsub->bytes -= PubsubState::BytesOf(*own);
  names.erase(own);
  return true;
}

void Pubsub::Unsubscribe(Session& session, ChannelKind kind, std::string_view name) {
  if (session.pubsub == nullptr) return;
  Remove(session, kind, name);
  if (session.pubsub->empty()) session.pubsub.reset();
}

void Pubsub::Forget(Session& session) {
  if (session.pubsub == nullptr) return;
  for (const auto kind : {ChannelKind::kChannel, ChannelKind::kPattern, ChannelKind::kShard}) {
    auto& names = session.pubsub->of(kind);
    while (!names.empty()) Remove(session, kind, std::string(*names.begin()));
  }
  session.pubsub.reset();
}

int64_t Pubsub::Publish(ChannelKind kind, std::string_view channel, std::string_view message) {
  int64_t receivers = 0;
  if (const auto found = table(kind).find(std::string(channel)); found != table(kind).end()) {
    for (Session* session : found->second) {
      Push(*session, {kind == ChannelKind::kShard ? "smessage" : "message", channel, message});
      ++receivers;
    }
  }
  if (kind == ChannelKind::kShard) return receivers;
  for (const auto& [pattern, sessions] : table(ChannelKind::kPattern)) {
    if (!GlobMatches(pattern, channel)) continue;
    for (Session* session : sessions) {
      Push(*session, {"pmessage", pattern, channel, message});
      ++receivers;
    }
  }
  return receivers;
}

}  // namespace rha::node::dispatch
