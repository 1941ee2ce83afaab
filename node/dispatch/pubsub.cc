#include "node/dispatch/pubsub.h"

#include <algorithm>

#include "common/base/glob.h"

namespace rha::node::dispatch {
namespace {

constexpr std::string_view kSubscribeWord[] = {"subscribe", "psubscribe", "ssubscribe"};
constexpr std::string_view kUnsubscribeWord[] = {"unsubscribe", "punsubscribe", "sunsubscribe"};

// Pushes go out even in reply mode OFF; only a dying session gets none.
void Confirm(Session& session, ChannelKind kind, bool subscribed, const std::string_view* name) {
  resp::Writer writer(&session.out(), session.protocol);
  writer.Push(3);
  writer.Bulk((subscribed ? kSubscribeWord : kUnsubscribeWord)[static_cast<size_t>(kind)]);
  if (name != nullptr) {
    writer.Bulk(*name);
  } else {
    writer.Null();
  }
  writer.Integer(SubscriptionCount(session, kind));
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
  }
  Confirm(session, kind, true, &name);
}

bool Pubsub::Remove(Session& session, ChannelKind kind, std::string_view name) {
  auto& names = session.pubsub->of(kind);
  const auto own = names.find(name);
  if (own == names.end()) return false;
  const auto found = table(kind).find(*own);
  std::erase(found->second, &session);
  if (found->second.empty()) table(kind).erase(found);
  names.erase(own);
  return true;
}

void Pubsub::Unsubscribe(Session& session, ChannelKind kind, std::string_view name) {
  if (session.pubsub != nullptr) Remove(session, kind, name);
  Confirm(session, kind, false, &name);
  if (session.pubsub != nullptr && session.pubsub->empty()) session.pubsub.reset();
}

void Pubsub::UnsubscribeAll(Session& session, ChannelKind kind) {
  std::vector<std::string> names;
  if (session.pubsub != nullptr) {
    names.assign(session.pubsub->of(kind).begin(), session.pubsub->of(kind).end());
  }
  if (names.empty()) Confirm(session, kind, false, nullptr);
  for (const std::string& name : names) Unsubscribe(session, kind, name);
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
      resp::Writer writer(&session->out(), session->protocol);
      writer.Push(3);
      writer.Bulk(kind == ChannelKind::kShard ? "smessage" : "message");
      writer.Bulk(channel);
      writer.Bulk(message);
      session->WantWrite();
      ++receivers;
    }
  }
  if (kind == ChannelKind::kShard) return receivers;
  for (const auto& [pattern, sessions] : table(ChannelKind::kPattern)) {
    if (!GlobMatches(pattern, channel)) continue;
    for (Session* session : sessions) {
      resp::Writer writer(&session->out(), session->protocol);
      writer.Push(4);
      writer.Bulk("pmessage");
      writer.Bulk(pattern);
      writer.Bulk(channel);
      writer.Bulk(message);
      session->WantWrite();
      ++receivers;
    }
  }
  return receivers;
}

}  // namespace rha::node::dispatch
