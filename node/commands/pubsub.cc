// Channels: SUBSCRIBE and its family, PUBLISH, PUBSUB.
#include "node/dispatch/pubsub.h"

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "common/base/glob.h"
#include "node/commands/families.h"
#include "node/commands/help.h"
#include "node/commands/parse.h"
#include "node/dispatch/engine.h"

namespace rha::node::commands {
namespace {

using dispatch::ChannelKind;

constexpr std::string_view kSubscribeWord[] = {"subscribe", "psubscribe", "ssubscribe"};
constexpr std::string_view kUnsubscribeWord[] = {"unsubscribe", "punsubscribe", "sunsubscribe"};

// Confirmations, one for each name, are pushes and not replies; they go out even in reply mode OFF.
// In EXEC a command is exactly one item of the array: there the first confirmation is that item,
// and the others come behind the array.
class Confirmations {
 public:
  explicit Confirmations(Context& ctx, ChannelKind kind)
      : ctx_(ctx), kind_(kind), in_exec_(ctx.session.transaction.open) {}

  void Add(std::span<const std::string_view> words, std::optional<std::string_view> name) {
    const bool is_item = in_exec_ && std::exchange(first_, false);
    Session& session = ctx_.session;
    resp::Writer push(in_exec_ ? &session.push_out() : &session.out(), session.protocol);
    resp::Writer& to = is_item ? ctx_.reply : push;
    is_item ? to.Array(3) : to.Push(3);
    to.Bulk(words[static_cast<size_t>(kind_)]);
    name ? to.Bulk(*name) : to.Null();
    to.Integer(dispatch::SubscriptionCount(session, kind_));
    session.WantWrite();
  }

 private:
  Context& ctx_;
  const ChannelKind kind_;
  const bool in_exec_;
  bool first_ = true;
};

void SubscribeTo(Context& ctx, ChannelKind kind) {
  Confirmations confirmations(ctx, kind);
  for (const std::string_view name : ctx.args.subspan(1)) {
    ctx.engine.pubsub().Subscribe(ctx.session, kind, name);
    confirmations.Add(kSubscribeWord, name);
  }
}

void UnsubscribeFrom(Context& ctx, ChannelKind kind) {
  std::vector<std::string> names(ctx.args.begin() + 1, ctx.args.end());
  if (names.empty() && ctx.session.pubsub != nullptr) {
    const auto& all = ctx.session.pubsub->of(kind);
    names.assign(all.begin(), all.end());
  }
  Confirmations confirmations(ctx, kind);
  if (names.empty()) confirmations.Add(kUnsubscribeWord, std::nullopt);
  for (const std::string& name : names) {
    ctx.engine.pubsub().Unsubscribe(ctx.session, kind, name);
    confirmations.Add(kUnsubscribeWord, name);
  }
}

void Subscribe(Context& ctx) { SubscribeTo(ctx, ChannelKind::kChannel); }
void PSubscribe(Context& ctx) { SubscribeTo(ctx, ChannelKind::kPattern); }
void SSubscribe(Context& ctx) { SubscribeTo(ctx, ChannelKind::kShard); }
void Unsubscribe(Context& ctx) { UnsubscribeFrom(ctx, ChannelKind::kChannel); }
void PUnsubscribe(Context& ctx) { UnsubscribeFrom(ctx, ChannelKind::kPattern); }
void SUnsubscribe(Context& ctx) { UnsubscribeFrom(ctx, ChannelKind::kShard); }

void PublishTo(Context& ctx, ChannelKind kind) {
  const int64_t receivers = ctx.engine.pubsub().Publish(kind, ctx.arg(1), ctx.arg(2));
  ctx.PropagateMessage();
  ctx.reply.Integer(receivers);
}
void Publish(Context& ctx) { PublishTo(ctx, ChannelKind::kChannel); }
void SPublish(Context& ctx) { PublishTo(ctx, ChannelKind::kShard); }

void ListChannels(Context& ctx, ChannelKind kind) {
  if (ctx.argc() > 3) return UnknownSubcommand(ctx);
  std::vector<std::string_view> names;
  for (const auto& [name, sessions] : ctx.engine.pubsub().of(kind)) {
    if (ctx.argc() == 2 || GlobMatches(ctx.arg(2), name)) names.push_back(name);
  }
  ctx.reply.Array(static_cast<int64_t>(names.size()));
  for (const std::string_view name : names) ctx.reply.Bulk(name);
}

void CountSubscribers(Context& ctx, ChannelKind kind) {
  const auto& table = ctx.engine.pubsub().of(kind);
  ctx.reply.Array(static_cast<int64_t>((ctx.argc() - 2) * 2));
  for (size_t i = 2; i < ctx.argc(); ++i) {
    const auto found = table.find(std::string(ctx.arg(i)));
    ctx.reply.Bulk(ctx.arg(i));
    ctx.reply.Integer(found == table.end() ? 0 : static_cast<int64_t>(found->second.size()));
  }
}

void Channels(Context& ctx) { ListChannels(ctx, ChannelKind::kChannel); }
void ShardChannels(Context& ctx) { ListChannels(ctx, ChannelKind::kShard); }
void NumSub(Context& ctx) { CountSubscribers(ctx, ChannelKind::kChannel); }
void ShardNumSub(Context& ctx) { CountSubscribers(ctx, ChannelKind::kShard); }
void NumPat(Context& ctx) {
  ctx.reply.Integer(static_cast<int64_t>(ctx.engine.pubsub().of(ChannelKind::kPattern).size()));
}

void Help(Context& ctx) {
  WriteHelp(
      ctx,
      {"CHANNELS [<pattern>]",
       "    Return the currently active channels matching a <pattern> (default: '*').", "NUMPAT",
       "    Return number of subscriptions to patterns.", "NUMSUB [<channel> ...]",
       "    Return the number of subscribers for the specified channels, excluding",
       "    pattern subscriptions(default: no channels).", "SHARDCHANNELS [<pattern>]",
       "    Return the currently active shard level channels matching a <pattern> (default: '*').",
       "SHARDNUMSUB [<shardchannel> ...]",
       "    Return the number of subscribers for the specified shard level channel(s)"});
}

constexpr uint32_t kSubscribeFlags = kPubsubFlag | kNoscript | kLoading | kStale;
constexpr uint32_t kQueryFlags = kPubsubFlag | kLoading | kStale;

constexpr CommandSpec kRows[] = {
    {.name = "subscribe",
     .handler = Subscribe,
     .arity = -2,
     .flags = kSubscribeFlags | kSentinelFlag,
     .acl = kAclPubsub,
     .group = Group::kPubsub,
     .since = "2.0.0",
     .summary = "Listen for messages published to the given channels",
     .complexity = "O(N) where N is the number of channels to subscribe to."},
    {.name = "unsubscribe",
     .handler = Unsubscribe,
     .arity = -1,
     .flags = kSubscribeFlags | kSentinelFlag,
     .acl = kAclPubsub,
     .group = Group::kPubsub,
     .since = "2.0.0",
     .summary = "Stop listening for messages posted to the given channels",
     .complexity = "O(N) where N is the number of clients already subscribed to a channel."},
    {.name = "psubscribe",
     .handler = PSubscribe,
     .arity = -2,
     .flags = kSubscribeFlags | kSentinelFlag,
     .acl = kAclPubsub,
     .group = Group::kPubsub,
     .since = "2.0.0",
     .summary = "Listen for messages published to channels matching the given patterns",
     .complexity = "O(N) where N is the number of patterns the client is already subscribed to."},
    {.name = "punsubscribe",
     .handler = PUnsubscribe,
     .arity = -1,
     .flags = kSubscribeFlags | kSentinelFlag,
     .acl = kAclPubsub,
     .group = Group::kPubsub,
     .since = "2.0.0",
     .summary = "Stop listening for messages posted to channels matching the given patterns",
     .complexity =
         "O(N+M) where N is the number of patterns the client is already subscribed and M is the "
         "number of total patterns subscribed in the system (by any client)."},
    {.name = "ssubscribe",
     .handler = SSubscribe,
     .arity = -2,
     .flags = kSubscribeFlags,
     .acl = kAclPubsub,
     .group = Group::kPubsub,
     .since = "7.0.0",
     .summary = "Listen for messages published to the given shard channels",
     .complexity = "O(N) where N is the number of shard channels to subscribe to."},
    {.name = "sunsubscribe",
     .handler = SUnsubscribe,
     .arity = -1,
     .flags = kSubscribeFlags,
     .acl = kAclPubsub,
     .group = Group::kPubsub,
     .since = "7.0.0",
     .summary = "Stop listening for messages posted to the given shard channels",
     .complexity = "O(N) where N is the number of clients already subscribed to a shard channel."},
    {.name = "publish",
     .handler = Publish,
     .arity = 3,
     .flags =
         kPubsubFlag | kLoading | kStale | kFast | kMayReplicate | kSentinelFlag | kUndecidedOk,
     .acl = kAclPubsub,
     .group = Group::kPubsub,
     .since = "2.0.0",
     .summary = "Post a message to a channel",
     .complexity =
         "O(N+M) where N is the number of clients subscribed to the receiving channel and M is "
         "the total number of subscribed patterns (by any client)."},
    {.name = "spublish",
     .handler = SPublish,
     .arity = 3,
     .flags = kPubsubFlag | kLoading | kStale | kFast | kMayReplicate,
     .acl = kAclPubsub,
     .group = Group::kPubsub,
     .since = "7.0.0",
     .summary = "Post a message to a shard channel",
     .complexity =
         "O(N) where N is the number of clients subscribed to the receiving shard channel."},
    {.name = "pubsub",
     .arity = -2,
     .flags = kContainer,
     .group = Group::kPubsub,
     .since = "2.8.0",
     .summary = "A container for Pub/Sub commands",
     .complexity = "Depends on subcommand."},
    {.name = "pubsub|channels",
     .handler = Channels,
     .arity = -2,
     .flags = kQueryFlags,
     .acl = kAclPubsub,
     .group = Group::kPubsub,
     .since = "2.8.0",
     .summary = "List active channels",
     .complexity =
         "O(N) where N is the number of active channels, and assuming constant time pattern "
         "matching (relatively short channels and patterns)"},
    {.name = "pubsub|numpat",
     .handler = NumPat,
     .arity = 2,
     .flags = kQueryFlags,
     .acl = kAclPubsub,
     .group = Group::kPubsub,
     .since = "2.8.0",
     .summary = "Get the count of unique patterns pattern subscriptions"},
    {.name = "pubsub|numsub",
     .handler = NumSub,
     .arity = -2,
     .flags = kQueryFlags,
     .acl = kAclPubsub,
     .group = Group::kPubsub,
     .since = "2.8.0",
     .summary = "Get the count of subscribers for channels",
     .complexity = "O(N) for the NUMSUB subcommand, where N is the number of requested channels"},
    {.name = "pubsub|shardchannels",
     .handler = ShardChannels,
     .arity = -2,
     .flags = kQueryFlags,
     .acl = kAclPubsub,
     .group = Group::kPubsub,
     .since = "7.0.0",
     .summary = "List active shard channels",
     .complexity =
         "O(N) where N is the number of active shard channels, and assuming constant time "
         "pattern matching (relatively short shard channels)."},
    {.name = "pubsub|shardnumsub",
     .handler = ShardNumSub,
     .arity = -2,
     .flags = kQueryFlags,
     .acl = kAclPubsub,
     .group = Group::kPubsub,
     .since = "7.0.0",
     .summary = "Get the count of subscribers for shard channels",
     .complexity =
         "O(N) for the SHARDNUMSUB subcommand, where N is the number of requested shard channels"},
    {.name = "pubsub|help",
     .handler = Help,
     .arity = 2,
     .flags = kLoading | kStale,
     .group = Group::kPubsub,
     .since = "6.2.0",
     .summary = "Show helpful text about the different subcommands"},
};
static_assert(RowsAreSound(kRows));

}  // namespace

CommandRows PubsubRows() { return kRows; }

}  // namespace rha::node::commands
