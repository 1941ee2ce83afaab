#include "sidecar/core/witness.h"

#include <algorithm>

#include "sidecar/core/down.h"
#include "sidecar/core/links.h"
#include "sidecar/core/mutants.h"
#include "sidecar/core/names.h"

namespace rha::sidecar::core {
namespace {

bool MayHaveWitnesses(const Context& c, const Group& group) {
  const Node* primary = group.Primary();
  if (primary == nullptr || primary->certainly_dead || !Unreachable(c, group, *primary)) {
    return false;
  }
  // Whose answers come, but are errors, cannot be mistaken for one behind a bad way.
  if (c.now - primary->link.last_reply <= group.config.down_after) return false;
  const bool too_long =
      Silence(primary->link, c.now) > kHeardElsewhereFor * group.config.down_after;
  if (too_long && !Mutated(Mutant::kHeardForEver)) return false;
  return !Mutated(Mutant::kHearsayIgnored);
}

bool Follows(const Context& c, const Group& group, const Node& node) {
  return node.id != group.primary && node.link.connected && !node.sdown &&
         node.info.role == Role::kReplica && node.info.primary_link_up &&
         SameAddress(c.s, node.info.primary, group.Primary()->address);
}

bool SidecarHears(const Context& c, const Group& group, const PeerView& view) {
  const Millis limit = group.config.down_after;
  const Hearing& heard = view.hearing;
  if (heard.primary_silent_ms < 0 || heard.you_silent_ms < 0) return false;
  const bool hears_us = Millis{heard.you_silent_ms} <= limit / 2 || Mutated(Mutant::kDeafWitness);
  return hears_us && c.now - view.beat_at + Millis{heard.primary_silent_ms} <= limit;
}

struct Ago {
  Millis least{-1}, most{-1};  // -1: it does not say
};

// Since the last bytes of its primary. Redis' seconds are a difference of two times in seconds.
Ago HeardAgo(const Info& info) {
  if (info.primary_heard_ms)
    return {Millis{*info.primary_heard_ms}, Millis{*info.primary_heard_ms}};
  const int64_t seconds = info.primary_heard_seconds;
  if (seconds < 0) return {};
  return {Millis{1000 * std::max<int64_t>(seconds - 1, 0)}, Millis{1000 * (seconds + 1)}};
}

// It was asked when the primary was found mute, and has not answered yet.
bool IsAsked(const Context& c, const Group& group, const Node& node) {
  const LogicalTime asked = group.Primary()->sdown_since;
  return Follows(c, group, node) && node.info_pending && node.info_refresh <= asked &&
         c.now - asked < kWitnessWait;
}

// REQUIRES: MayHaveWitnesses()
bool Hears(const Context& c, const Group& group, const Node& node) {
  if (!Follows(c, group, node) || Mutated(Mutant::kReplicasNotHeard)) return false;
  const Millis limit = group.config.down_after;
  const Link& link = group.Primary()->link;
  const auto [least, most] = HeardAgo(node.info);
  if (least < Millis{0}) return false;
  const LogicalTime latest = node.info_refresh - least, earliest = node.info_refresh - most;
  const LogicalTime silent_since = c.now - Silence(link, c.now);
  const bool since_then =
      earliest > silent_since + Trip(link, limit) + Trip(node.link, limit) + kWitnessMargin;
  return since_then && (c.now - latest <= limit || Mutated(Mutant::kOldWitness));
}

}  // namespace

bool ReplicaHears(const Context& c, const Group& group, const Node& node) {
  return MayHaveWitnesses(c, group) && Hears(c, group, node);
}

bool SomebodyHears(Context& c, const Group& group) {
  if (!MayHaveWitnesses(c, group)) return false;
  const bool heard =
      std::any_of(group.views.begin(), group.views.end(),
                  [&](const auto& entry) { return SidecarHears(c, group, entry.second); }) ||
      std::any_of(group.nodes.begin(), group.nodes.end(),
                  [&](const auto& entry) { return Hears(c, group, entry.second); });
  if (heard) return true;
  const bool open = std::any_of(group.nodes.begin(), group.nodes.end(),
                                [&](const auto& entry) { return IsAsked(c, group, entry.second); });
  if (open) c.WakeBy(group.Primary()->sdown_since + kWitnessWait);
  return open;
}

}  // namespace rha::sidecar::core
