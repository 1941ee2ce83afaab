// Channels, patterns and shard channels, and who listens.
//
// Messages are delivered to a channel's subscribers in the order of their subscriptions, then to
// patterns. Thread rule: the engine's thread.
#pragma once

#include <cstdint>
#include <functional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "common/resp/writer.h"
#include "node/dispatch/session.h"
#include "node/structs/keyed_hash.h"

namespace rha::node::dispatch {

enum class ChannelKind : uint8_t { kChannel, kPattern, kShard };

// What one session listens to.
struct PubsubState {
  std::set<std::string, std::less<>> channels, patterns, shard_channels;
  std::set<std::string, std::less<>>& of(ChannelKind kind) {
    return kind == ChannelKind::kChannel   ? channels
           : kind == ChannelKind::kPattern ? patterns
                                           : shard_channels;
  }
  bool empty() const { return channels.empty() && patterns.empty() && shard_channels.empty(); }

  // Of memory that one subscription takes, here and in the table.
  static size_t BytesOf(std::string_view name) { return 160 + 2 * name.size(); }
  size_t bytes = sizeof(PubsubState);
};

class Pubsub {
 public:
  using Subscribers =
      std::unordered_map<std::string, std::vector<Session*>, structs::KeyedHasher, std::equal_to<>>;

  explicit Pubsub(const structs::HashSecret& secret)
      : subscribers_{Subscribers(0, {secret}), Subscribers(0, {secret}), Subscribers(0, {secret})} {
  }

  // Both are silent: confirming is the command's part.
  void Subscribe(Session& session, ChannelKind kind, std::string_view name);
  void Unsubscribe(Session& session, ChannelKind kind, std::string_view name);
  // The session goes away or is reset.
  void Forget(Session& session);

  // Returns how many sessions received it.
  int64_t Publish(ChannelKind kind, std::string_view channel, std::string_view message);

  const Subscribers& of(ChannelKind kind) const { return subscribers_[static_cast<size_t>(kind)]; }
  bool idle() const {
    return of(ChannelKind::kChannel).empty() && of(ChannelKind::kPattern).empty();
  }

 private:
  Subscribers& table(ChannelKind kind) { return subscribers_[static_cast<size_t>(kind)]; }
  bool Remove(Session& session, ChannelKind kind, std::string_view name);

  Subscribers subscribers_[3];
};

// Redis' number in confirmations: channels and patterns together, shard channels on their own.
int64_t SubscriptionCount(const Session& session, ChannelKind kind);
// A session that may only use subscription commands (RESP2 with at least one subscription).
bool InPubsubMode(const Session& session);

}  // namespace rha::node::dispatch
