// All known copies are ranked by (has data, data epoch, offset). Then:
//
//   best copy          the others                             promoted
//   live, newest       whatever                               now
//   live, older        all known                              now
//                      one is loading and may hold more       when it is loaded, or after the
//                                                             cold start wait
//                      not                                    after the bootstrap grace
//   restarted          all known                              now
//                      one is loading and may hold more       when it is loaded
//                      majority has data, last primary there  after the bootstrap grace
//                      majority has data, last primary not    after the cold start wait
//                      less                                   when they are there, or a person says
//   empty              all known to be empty                  now
//                      never initialised                      after the bootstrap grace
//                      initialised                            when they are there, or a person says
//
// Where a write is told once a majority has it (copies.h), the best is taken when a majority of
// copies counts, or all are known; of who leads a failover only those that it has sealed.
#include <tuple>

#include "sidecar/core/copies.h"
#include "sidecar/core/links.h"
#include "sidecar/core/membership.h"
#include "sidecar/core/mutants.h"
#include "sidecar/core/pick_replica.h"

namespace rha::sidecar::core {
namespace {

const PeerView* ViewOfMember(const Group& group, const Node& node, LogicalTime now) {
  if (node.member < 0) return nullptr;
  const PeerId peer = group.members[node.member].peer;
  auto it = group.views.find(peer);
  return it != group.views.end() && Speaks(it->second, now) ? &it->second : nullptr;
}

// What an earlier process said over an earlier link does not count: this one may be empty. A
// primary that came back undecided, or calls itself a replica, is down as that, but it speaks.
bool Answers(const Group& group, const Node& node, LogicalTime now) {
  const bool replica =
      node.info.role == Role::kReplica && Silence(node.link, now) <= group.config.down_after;
  return node.link.connected && node.info_refresh != kLongAgo &&
         node.info_refresh >= node.link.connected_at && now - node.info_refresh <= kInfoFresh &&
         !node.certainly_dead && node.info.role != Role::kUnknown &&
         (!node.sdown || node.info.undecided || replica);
}

enum class Seen : uint8_t {
  kMissing,
  kUnproven,  // it holds data, but of which epoch, only its own sidecar could say
  kLoading,   // there is a copy; how much it holds, nobody knows yet
  kMeasured,  // also: known to be empty
};

// A node that does not say its data's epoch itself is judged by what its sidecar remembers of this
// process. Until that is heard the epoch is not old, but unknown.
bool EpochUnknown(const Node& node, const PeerView* view) {
  if (node.local || node.info.data_epoch || !node.history.has_data) return false;
  const bool told = view != nullptr && view->node.alive && view->node.run_id == node.info.run_id;
  return node.history.data_epoch == 0 && !told;
}

Seen SeenOf(const Group& group, const Node& node, LogicalTime now) {
  const PeerView* view = ViewOfMember(group, node, now);
  if (Answers(group, node, now)) {
    if (node.info.foreign_data) return Seen::kMissing;  // ours is on some other volume
    if (node.info.loading && !Mutated(Mutant::kLoadingPromoted)) return Seen::kLoading;
    return EpochUnknown(node, view) ? Seen::kUnproven : Seen::kMeasured;
  }
  if (view == nullptr || !view->node.alive) return Seen::kMissing;
  return view->node.loading ? Seen::kLoading : Seen::kMeasured;
}

struct Copy {
  const Node* node;
  History history;
  Seen seen = Seen::kMissing;
  bool given_up = false;  // a user does without it

  // In memory since before the failure, as a part of the stream.
  bool live() const { return (!node->info.undecided || node->info.sealed) && history.has_data; }
};

struct Survey {
  std::vector<Copy> copies;
  const Copy* best = nullptr;  // that can be told to become primary
  std::vector<int> missing;
  std::vector<int> loading;  // and may hold more than the best
  std::vector<int> beyond;   // holds more, says its sidecar, but is out of this member's reach
  int measured = 0;
  int with_data = 0;
  int proven = 0;  // and lack nothing that they have acknowledged
  bool last_primary_seen = false;
};

// Whom a person wants replaced is taken only if it holds more than all others.
bool Replaced(const Group& group, const Node& node) {
  return group.failover && group.failover->forced && node.id == group.failover->old_primary;
}

bool Better(const Group& group, const Copy& a, const Copy& b) {
  if (Mutated(Mutant::kPriorityFirst)) return a.node->member < b.node->member;
  if (MoreHistory(a.history, b.history)) return true;
  if (MoreHistory(b.history, a.history)) return false;
  const auto rank = [&](const Copy& copy) {
    return std::tuple(Replaced(group, *copy.node), !copy.live(), copy.node->info.priority,
                      copy.node->member);
  };
  return rank(a) < rank(b);
}

// This sidecar leads a failover and has sealed what it could.
bool Chooses(const Group& group) {
  return group.failover && std::holds_alternative<SelectReplica>(group.failover->stage);
}

// Only what the leader of a failover has sealed is what it will be.
bool MayStillChange(const Group& group, const Node& node) {
  return group.config.majority_first() && Chooses(group) && !SealedForUs(group, node) &&
         !Mutated(Mutant::kUnsealed);
}

// The group's primary is no candidate, unless it has lost its role.
bool Promotable(const Group& group, const Copy& copy, LogicalTime now) {
  if (copy.seen != Seen::kMeasured || !Answers(group, *copy.node, now)) return false;
  if (copy.node->id != group.primary) return copy.node->info.priority != 0;
  return copy.node->info.undecided || (copy.node->sdown && copy.node->info.role == Role::kReplica);
}

Survey Measure(const Group& group, LogicalTime now, const std::vector<std::string>& given_up) {
  Survey survey;
  for (const auto& [id, node] : group.nodes) {
    if (node.member < 0) continue;
    Copy copy{.node = &node, .seen = SeenOf(group, node, now)};
    // Also one that was loading when it was last heard: it may have led since.
    const bool heard = copy.seen == Seen::kMeasured || copy.seen == Seen::kLoading;
    if (heard && MayStillChange(group, node)) copy.seen = Seen::kMissing;
    const std::string& name = group.members[node.member].config.name;
    if (copy.seen != Seen::kMissing) copy.history = BestKnownHistory(group, node, now);
    copy.given_up = copy.seen != Seen::kMeasured &&
                    std::find(given_up.begin(), given_up.end(), name) != given_up.end();
    survey.copies.push_back(std::move(copy));
  }
  for (const Copy& copy : survey.copies) {
    if (!Promotable(group, copy, now)) continue;
    if (survey.best == nullptr || Better(group, copy, *survey.best)) survey.best = &copy;
  }
  for (const Copy& copy : survey.copies) {
    if (copy.given_up) continue;
    const Epoch epoch = copy.history.data_epoch;  // proven by the history its file names
    const bool older =
        epoch != 0 && survey.best != nullptr && epoch < survey.best->history.data_epoch;
    if (copy.seen == Seen::kMissing || copy.seen == Seen::kUnproven) {
      survey.missing.push_back(copy.node->member);
    }
    if (copy.seen == Seen::kLoading && !older) survey.loading.push_back(copy.node->member);
    if (copy.seen != Seen::kMeasured) continue;
    ++survey.measured;
    survey.with_data += copy.history.has_data ? 1 : 0;
    const bool proven = copy.node->info.copy_proven || Mutated(Mutant::kUnprovenCounts);
    survey.proven += proven && Answers(group, *copy.node, now) ? 1 : 0;
    survey.last_primary_seen |= copy.node->id == group.primary;
    if (Answers(group, *copy.node, now) || survey.best == nullptr) continue;
    const PeerView* view = ViewOfMember(group, *copy.node, now);
    if (view != nullptr && view->node.priority != 0 &&
        MoreHistory(copy.history, survey.best->history)) {
      survey.beyond.push_back(copy.node->member);
    }
  }
  return survey;
}

LogicalTime DownSince(const Group& group, LogicalTime now) {
  const LogicalTime since = group.primary == kNoNode ? group.no_primary_since : group.odown_since;
  return since == kNever || since == kLongAgo ? now : since;
}

Pick WaitFor(WaitReason reason, std::vector<int> members, LogicalTime until = kNever) {
  return {.result = PickResult::kWait,
          .wait = {.reason = reason, .members = std::move(members), .until = until}};
}

// Everything was down: nobody's memory goes on, only disks tell.
Pick DecideColdStart(const Group& group, const Survey& survey, const Pick& chosen,
                     LogicalTime now) {
  if (!survey.loading.empty()) return WaitFor(WaitReason::kLoading, survey.loading);
  // Until it is reached; or the sidecar beside it, which reaches it, leads.
  if (!survey.beyond.empty()) return WaitFor(WaitReason::kMissing, survey.beyond);
  const bool empty = !survey.best->history.has_data;
  if (survey.missing.empty()) {
    const bool others_have_data = empty && survey.with_data > 0;
    return others_have_data ? WaitFor(WaitReason::kPerson, {}) : chosen;
  }
  // A fact that outlives volumes: an empty majority does not begin anew over a volume that is late.
  const bool initialised = (group.config.initialised || group.config_epoch > 0) &&
                           !Mutated(Mutant::kInitialisedForgotten);
  const bool majority =
      (empty && !initialised ? survey.measured : survey.with_data) >= MajorityOf(group);
  if (empty && Mutated(Mutant::kEmptyPromoted)) return chosen;
  if (initialised && !majority) return WaitFor(WaitReason::kPerson, survey.missing);
  if (empty && (survey.with_data > 0 || !majority)) {
    return WaitFor(WaitReason::kMissing, survey.missing);
  }
  const bool short_wait =
      empty || survey.last_primary_seen || Mutated(Mutant::kLastPrimaryNotWaited);
  const LogicalTime until =
      DownSince(group, now) + (short_wait ? kBootstrapGrace : group.config.cold_start_wait);
  if (now >= until) return chosen;
  return WaitFor(short_wait ? WaitReason::kMissing : WaitReason::kLastPrimary, survey.missing,
                 until);
}

std::string Names(const Group& group, const std::vector<int>& members) {
  std::string names;
  for (const int member : members) {
    names += (names.empty() ? "" : ", ") + group.members[member].config.name;
  }
  return names;
}

}  // namespace

bool MoreHistory(const History& a, const History& b) {
  if (Mutated(Mutant::kLengthBeforeEpoch)) {
    return std::tuple(a.has_data, a.offset) > std::tuple(b.has_data, b.offset);
  }
  return std::tuple(a.has_data, a.data_epoch, a.offset) >
         std::tuple(b.has_data, b.data_epoch, b.offset);
}

History BestKnownHistory(const Group& group, const Node& node, LogicalTime now) {
  const PeerView* view = ViewOfMember(group, node, now);
  if (view == nullptr || !view->node.alive) return node.history;
  // Epoch and offset of one look: those of two would make a copy that is not. A beat tells what its
  // sidecar saw up to kInfoPeriodLocal before.
  if (node.info.data_epoch && Answers(group, node, now)) {
    const bool told_later = view->node.run_id == node.info.run_id && !node.info.sealed &&
                            view->beat_at > node.info_refresh + kInfoPeriodLocal;
    return told_later ? view->node.history : node.history;
  }
  if (node.info_refresh == kLongAgo) return view->node.history;
  if (!node.info.run_id.empty() && view->node.run_id != node.info.run_id) {
    return view->beat_at > node.info_refresh ? view->node.history : node.history;
  }
  // The same process seen twice: its own sidecar remembers the epoch, the later look has the higher
  // offset (0 while it was loading).
  History merged = node.history;
  merged.has_data |= view->node.history.has_data;
  merged.data_epoch = std::max(merged.data_epoch, view->node.history.data_epoch);
  merged.offset = std::max(merged.offset, view->node.history.offset);
  return merged;
}

// Whose copies must be there, or given up, before anybody may lead: what was told may be there
// alone.
std::vector<int> Indispensable(const Group& group, const Survey& survey) {
  const bool initialised = group.config.initialised || group.config_epoch > 0;
  if (!group.config.majority_first() || !initialised) return {};
  std::vector<int> members;
  if (survey.proven < MajorityOf(group)) {
    members = survey.missing;
    members.insert(members.end(), survey.loading.begin(), survey.loading.end());
  }
  if (!Chooses(group)) return members;  // the others may yet change
  for (const Copy& copy : survey.copies) {
    const bool known = copy.seen == Seen::kMeasured && copy.node != survey.best->node;
    if (known && MoreHistory(copy.history, survey.best->history)) {
      members.push_back(copy.node->member);
    }
  }
  return members;
}

Pick PickMember(const Group& group, LogicalTime now, const std::vector<std::string>& given_up) {
  const Survey survey = Measure(group, now, given_up);
  if (survey.best == nullptr) {
    if (!survey.loading.empty()) return WaitFor(WaitReason::kLoading, survey.loading);
    return survey.missing.empty() ? Pick{} : WaitFor(WaitReason::kMissing, survey.missing);
  }
  const Pick chosen{.result = PickResult::kChosen, .node = survey.best->node->id, .wait = {}};
  if (std::vector<int> members = Indispensable(group, survey); !members.empty()) {
    return WaitFor(WaitReason::kPerson, std::move(members));
  }
  if (!survey.best->live()) return DecideColdStart(group, survey, chosen, now);
  const bool newest = survey.best->history.data_epoch >= group.config_epoch;
  if (newest) return chosen;
  // The last primary led so briefly that nobody followed it.
  const LogicalTime loaded = DownSince(group, now) + group.config.cold_start_wait;
  if (!survey.loading.empty() && now < loaded) {
    return WaitFor(WaitReason::kLoading, survey.loading, loaded);
  }
  const LogicalTime until = DownSince(group, now) + kBootstrapGrace;
  if (survey.missing.empty() || now >= until) return chosen;
  return WaitFor(WaitReason::kMissing, survey.missing, until);
}

std::string DescribeWait(const Group& group, const Wait& wait) {
  const std::string names = Names(group, wait.members);
  switch (wait.reason) {
    case WaitReason::kNone:
      return "";
    case WaitReason::kLoading:
      return names + " to load its data";
    case WaitReason::kMissing:
      return names + ", which may hold more";
    case WaitReason::kLastPrimary: {
      const Node* last = group.Primary();
      return last == nullptr ? names : group.members[last->member].config.name + ", which led last";
    }
    case WaitReason::kPerson:
      if (names.empty()) return "a member with data that may become primary";
      return names + ", without which data may be lost, or SENTINEL FAILOVER " + group.config.name +
             " FORCE";
  }
  return "";
}

std::string DescribeWaitUntil(const Group& group, const Wait& wait, LogicalTime now) {
  const std::string text = DescribeWait(group, wait);
  if (text.empty() || wait.until == kNever || wait.until <= now) return text;
  return text + "; " + std::to_string((wait.until - now + Millis{999}) / Millis{1000}) +
         " s more at most";
}

std::string DescribeCopies(const Group& group, LogicalTime now) {
  std::string text;
  for (const Copy& copy : Measure(group, now, {}).copies) {
    text += (text.empty() ? "" : ", ") + group.members[copy.node->member].config.name;
    if (copy.seen == Seen::kMeasured && copy.history.has_data) {
      text += " holds epoch " + std::to_string(copy.history.data_epoch) + " offset " +
              std::to_string(copy.history.offset);
    } else if (copy.seen == Seen::kMeasured) {
      text += " is empty";
    } else if (copy.seen == Seen::kLoading) {
      text += " is loading";
    } else if (copy.seen == Seen::kUnproven) {
      text += " holds offset " + std::to_string(copy.history.offset) + " of an unknown epoch";
    } else {
      const LogicalTime seen = std::max(copy.node->info_refresh, copy.node->link.lost_at);
      text += " has not been seen";
      if (seen != kLongAgo) text += " for " + std::to_string((now - seen) / Millis{1000}) + " s";
      if (copy.node->id == group.primary) text += " and led last";
    }
  }
  return text;
}

}  // namespace rha::sidecar::core
