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
    ctx.pubsub().Subscribe(ctx.session, kind, name);
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
    ctx.pubsub().Unsubscribe(ctx.session, kind, name);
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
  const int64_t receivers = ctx.pubsub().Publish(kind, ctx.arg(1), ctx.arg(2));
  ctx.PropagateMessage();
  ctx.reply.Integer(receivers);
}
void Publish(Context& ctx) { PublishTo(ctx, ChannelKind::kChannel); }
void SPublish(Context& ctx) { PublishTo(ctx, ChannelKind::kShard); }

void ListChannels(Context& ctx, ChannelKind kind) {
  if (ctx.argc() > 3) return UnknownSubcommand(ctx);
  std::vector<std::string_view> names;
  for (const auto& [name, sessions] : ctx.pubsub().of(kind)) {
    if (ctx.argc() == 2 || GlobMatches(ctx.arg(2), name)) names.push_back(name);
  }
  ctx.reply.Array(static_cast<int64_t>(names.size()));
  for (const std::string_view name : names) ctx.reply.Bulk(name);
}

void CountSubscribers(Context& ctx, ChannelKind kind) {
  const auto& table = ctx.pubsub().of(kind);
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
  ctx.reply.Integer(static_cast<int64_t>(ctx.pubsub().of(ChannelKind::kPattern).size()));
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

constexpr uint32_t kSubscribeFlags = kPubsubFlag | kNoscript | kLoading | kStale | kSubscriberOk;
constexpr uint32_t kQueryFlags = kPubsubFlag | kLoading | kStale;

constexpr CommandSpec kRows[] = {
    {"subscribe", Subscribe, -2, kSubscribeFlags, kAclPubsub, {Keys(1, -1, kChannel)}},
    {"unsubscribe", Unsubscribe, -1, kSubscribeFlags, kAclPubsub},
    {"psubscribe", PSubscribe, -2, kSubscribeFlags, kAclPubsub, {Keys(1, -1, kChannelPattern)}},
    {"punsubscribe", PUnsubscribe, -1, kSubscribeFlags, kAclPubsub},
    {"ssubscribe", SSubscribe, -2, kSubscribeFlags, kAclPubsub, {Keys(1, -1, kShardChannel)}},
    {"sunsubscribe", SUnsubscribe, -1, kSubscribeFlags, kAclPubsub, {Keys(1, -1, kKeyNot)}},
    {"publish",
     Publish,
     3,
     kPubsubFlag | kLoading | kStale | kFast | kMayReplicate | kUndecidedOk,
     kAclPubsub,
     {At(1, kChannel)}},
    {"spublish",
     SPublish,
     3,
     kPubsubFlag | kLoading | kStale | kFast | kMayReplicate,
     kAclPubsub,
     {At(1, kShardChannel)}},
    {"pubsub", nullptr, -2, kContainer},
    {"pubsub|channels", Channels, -2, kQueryFlags, kAclPubsub},
    {"pubsub|numpat", NumPat, 2, kQueryFlags, kAclPubsub},
    {"pubsub|numsub", NumSub, -2, kQueryFlags, kAclPubsub},
    {"pubsub|shardchannels", ShardChannels, -2, kQueryFlags, kAclPubsub},
    {"pubsub|shardnumsub", ShardNumSub, -2, kQueryFlags, kAclPubsub},
    {"pubsub|help", Help, 2, kLoading | kStale},
};
static_assert(RowsAreSound(kRows));

}  // namespace

CommandRows PubsubRows() { return kRows; }

}  // namespace rha::node::commands
