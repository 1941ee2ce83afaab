// The two kinds of group, and all that differs between them:
//
//   classic      `sentinel monitor`: Redis' Sentinel, beside stock sentinels and servers. Whoever
//                is heard of takes part; see classic_mode.cc.
//   configured   `redisha-group`: the members of the file, each a node of ours with a sidecar of
//                ours, and nobody else; see configured_mode.cc.
//
// A difference is one question. Where it is a matter of fact the answer is data (Facts), where it
// takes a few lines it is a function; both are asked as `group.mode().seals_copies`. Nothing else
// asks which of the two a group is.
//
// Invariants: a mode has no state, there is one object of each, and a group's never changes.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "sidecar/core/context.h"
#include "sidecar/core/extension.h"
#include "sidecar/core/healing.h"
#include "sidecar/core/pick_replica.h"

namespace rha::sidecar::core {

// What is simply so in a group of that kind. The two lists of answers are the first thing in
// classic_mode.cc and configured_mode.cc.
struct Facts {
  // Members and settings are those of the file: nobody is learned by gossip or given by a command,
  // nothing is changed at run time. Who leads first is elected.
  bool fixed;
  // All peers are sidecars of ours: they say in frequent beats what is learned elsewhere by hellos
  // and by asking, they are asked by the group's name, and they are quick.
  bool peers_are_ours;
  // Nothing is done without a majority: who hears none names no primary and stands for election in
  // vain, also on a user's command; and a majority must see for itself that the primary is down.
  bool majority_rules;
  // Who has forgotten its votes does not vote before it has learned which they may have been.
  bool votes_need_memory;
  // A role is an order of an epoch. A process begins without one, refuses what is older than the
  // newest it was given, takes the same one twice, and may be elected again for a later one.
  bool roles_carry_epochs;
  // Copies are sealed before one is chosen, so that a planned move loses nothing (copies.h). Where
  // they cannot be, the primary is asked to hand over (handover.h).
  bool seals_copies;
  // Nobody is promoted, or tried to be, while a better copy may still appear (pick_member.cc),
  // unless a person gives it up.
  bool waits_for_copies;
  // A leader that was away, or cannot reach whom it chose, gives up at once: the next attempt is a
  // second away.
  bool gives_up_early;
  // A refused connection may be the end of the primary's process (JudgeRefusal): nobody beside it
  // tells of it.
  bool judges_refusals;
  // Who takes no writes because its volume is full is alive: the next primary would have the same
  // trouble, and to move there loses what was not replicated.
  bool full_volume_is_alive;

  // How often peers hear a beat; nothing: as often as a hello.
  std::optional<Millis> beat_period;
  // How long the chosen one may be out of reach before its order is sent, and how long it may take
  // to lead; nothing: failover-timeout alone says.
  std::optional<Millis> reach_limit;
  std::optional<Millis> promotion_limit;
  // An attempt that found nobody to promote is made again after this; zero: after the usual second.
  Millis nobody_retry;
};

// A kind of group: its facts, and what it decides in its own way.
class Mode : public Facts {
 public:
  // ---- who is there ----------------------------------------------------------------------------
  // Whom the group begins with, and whom it had when it was made durable (`saved`; null: never).
  virtual void Populate(Context& c, Group& group, const PersistedGroup* saved) const = 0;
  // ... which is this, beyond the epochs and the vote.
  virtual void Save(const State& state, const Group& group, PersistedGroup* saved) const = 0;
  // How many sidecars there are to make a majority of, and whom a vote may be for.
  virtual int VoterCount(const Group& group) const = 0;
  virtual bool IsVoter(const State& state, const Group& group, const std::string& id) const = 0;

  // ---- what is believed ------------------------------------------------------------------------
  // Something was said in the name of `id` by who has proved to be `proven` (empty: nobody).
  virtual bool Believes(const std::string& id, const std::string& proven) const = 0;
  // The node that a beat calls the primary; kNoNode: none that can be one here.
  virtual NodeId PrimaryOf(Context& c, Group& group, const Beat& beat) const = 0;
  // The primary has called itself a replica for too long to be one.
  virtual bool HasLostItsRole(const Context& c, const Group& group, const Node& primary) const = 0;

  // ---- what is done, and when ------------------------------------------------------------------
  // How often a node's INFO is asked for while no failover waits for it.
  virtual Millis InfoPeriod(const Context& c, const Group& group, const Node& node) const = 0;
  // Who is promoted, or must be waited for (pick_replica.h).
  virtual Pick Choose(const State& state, const Group& group, LogicalTime now,
                      const std::vector<std::string>& given_up) const = 0;
  // This sidecar knows enough to correct nodes ...
  virtual bool MayHeal(const Context& c, const Group& group) const = 0;
  // ... each once it has been wrong for this long, for somebody else may be at it.
  virtual Millis HealingDelay(const Context& c, const Group& group, const Node& node,
                              Fault fault) const = 0;

  Mode(const Mode&) = delete;
  Mode& operator=(const Mode&) = delete;

 protected:
  explicit Mode(const Facts& facts) : Facts(facts) {}
  ~Mode() = default;
};

const Mode& ClassicMode();
const Mode& ConfiguredMode();

// The only place where the two are told apart. Of a group: group.mode().
const Mode& ModeOf(const GroupConfig& config);

}  // namespace rha::sidecar::core
