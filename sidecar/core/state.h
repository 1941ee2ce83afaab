// The whole state of the Sentinel machine as plain data. Written only by the files of this folder;
// the shell reads it to render SENTINEL and INFO replies and metrics.
//
//   State ─┬─ peers: one per known sidecar, shared by all groups
//          └─ groups ─┬─ nodes: the primary and its replicas
//                     ├─ views: what each peer said about this group's primary
//                     ├─ member: the configured voters (configured groups only)
//                     └─ failover: the attempt this sidecar leads, if any
//
// Ordered containers only: the same events must give the same actions on every machine.
#pragma once

#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include "common/base/prng.h"
#include "sidecar/core/config.h"
#include "sidecar/core/info.h"
#include "sidecar/core/periods.h"
#include "sidecar/core/types.h"

namespace rha::sidecar::core {

class Mode;

// How long answers take on a link, and how much that varies: RFC 6298, in its scaled integers.
struct RoundTrip {
  Millis mean_eighths{0};
  Millis deviation_quarters{0};
  std::deque<LogicalTime> on_the_way;  // pings of this connection without a reply, oldest first
};

// A command link to a node or a peer and its pings.
struct Link {
  bool connected = false;
  bool dialing = false;
  LogicalTime connected_at = kLongAgo;  // last change to connected
  LogicalTime lost_at = kLongAgo;       // last change to not connected
  LogicalTime dialed_at = kLongAgo;
  LogicalTime last_ping = kLongAgo;  // sent
  LogicalTime unanswered_since =
      kNever;                         // first ping sent without an acceptable reply (act_ping_time)
  LogicalTime last_ok = kLongAgo;     // acceptable reply (last_avail_time)
  LogicalTime last_reply = kLongAgo;  // any reply (last_pong_time)
  RoundTrip trip;
  std::string error;  // why the last attempt to connect failed, in words
};

// How far a replica follows the re-pointing of a failover.
enum class ReconfStage : uint8_t { kNone, kSent, kInProgress, kDone };

// Why a configured group without a primary promotes nobody yet; see pick_member.cc.
enum class WaitReason : uint8_t { kNone, kLoading, kMissing, kLastPrimary, kPerson };
struct Wait {
  WaitReason reason = WaitReason::kNone;
  std::vector<int> members;    // whose copies are waited for; indices into Group::members
  LogicalTime until = kNever;  // kNever: until they are there
};

// How much a node's data is worth; see pick_member.cc for the order.
struct History {
  bool has_data = false;  // keys, or a copy of a known stream, which may be empty so far
  Epoch data_epoch = 0;   // config epoch of the primary whose stream it last held; 0 unknown
  int64_t offset = 0;
  std::string replid;

  bool operator==(const History&) const = default;
};

struct Node {
  NodeId id = kNoNode;
  Address address;
  int member = -1;     // index into Group::members; -1: not of a configured group
  bool local = false;  // the node beside this sidecar, reached over the unix socket
  LogicalTime created{};

  Link link;
  // Why whoever answers at this address is not believed to be it; empty: no such thing is known.
  std::string stranger;
  bool sdown = false;
  LogicalTime sdown_since = kLongAgo;

  // Its process is known to have died, by the own local socket or by a confirmed notice.
  bool certainly_dead = false;
  bool death_noticed = false;  // a notice came; waits for the own link to confirm
  LogicalTime death_noticed_at = kLongAgo;
  // Its host refuses connections, where one had been open; see JudgeRefusal().
  LogicalTime refused_since = kNever;
  bool refused_again = false;          // ... and some time later still does (kRefusedAgain)
  LogicalTime loading_since = kNever;  // answers -LOADING
  bool rebooted = false;               // run id changed; cleared with the first +PONG
  LogicalTime busy_since = kNever;     // answers -BUSY
  bool script_kill_sent = false;

  // From INFO.
  LogicalTime info_sent = kLongAgo;
  LogicalTime info_refresh = kLongAgo;
  bool info_pending = false;
  Info info;
  Role role_reported = Role::kUnknown;
  LogicalTime role_reported_at = kLongAgo;
  // It calls itself primary, and not for want of a role.
  bool leads() const { return role_reported == Role::kPrimary && !info.undecided; }
  // What users know of it: Redis meets everybody anew at a switch, and tells what is news since.
  Role role_told = Role::kUnknown;  // unknown: that of its place
  bool process_told = false;
  LogicalTime process_since = kLongAgo;      // when its present process was first heard of ...
  bool began_as_primary = false;             // ... which has called itself primary ever since
  LogicalTime wrong_primary_since = kNever;  // replica: reports another primary than the group's

  LogicalTime last_hello = kLongAgo;  // published to it
  History history;

  // Failover bookkeeping.
  bool promoted = false;
  ReconfStage reconf = ReconfStage::kNone;
  LogicalTime reconf_at = kLongAgo;
  LogicalTime reconfigured_at = kLongAgo;  // last Reconfigure sent to it
  LogicalTime sealed_at = kLongAgo;        // last one that seals
  LogicalTime promised_since = kNever;  // the order it obeys is beyond the group's epoch (copies.h)
  // Its writes are held back until then at most, as this sidecar asked; see handover.h.
  LogicalTime held_until = kLongAgo;
  bool paused = false;           // ... by CLIENT PAUSE
  bool busy_for_orders = false;  // it refused the last one for a script: not now
  bool refuses_orders = false;   // it was handing over, and nobody takes over: give that up first
};

// One other sidecar.
struct Peer {
  PeerId id = kNoPeer;
  std::string run_id;  // 40 hex digits
  Address address;     // may be empty while a member's name is not resolved
  int member = -1;
  LogicalTime created{};

  Link link;
  std::string stranger;  // as of a node
  bool sdown = false;
  LogicalTime sdown_since = kLongAgo;
  bool extended = false;           // speaks SENTINEL REDISHA
  bool extension_refused = false;  // answered it with an error on this link
  LogicalTime last_hello_received = kLongAgo;
  LogicalTime last_hello_sent = kLongAgo;
  LogicalTime last_heard = kLongAgo;  // hello, beat or any reply

  // From its beats.
  bool beat_seen = false;
  bool may_vote = false;
  Epoch current_epoch = 0;
};

// What a sidecar believes of a group, and does about it.
struct Belief {
  std::string primary_member;  // whom it takes for the primary; empty: nobody, or a classic group
  Epoch config_epoch = 0;      // ... and since when
  Epoch leading_epoch = 0;     // it leads a failover of this epoch; 0 none
  bool forced = false;         // ... on a user's command: the primary need not be down
  bool has_majority = false;

  bool operator==(const Belief&) const = default;
};

// For how long, in ms, others have owed a sidecar an answer; -1: it says nothing of that.
struct Hearing {
  int64_t primary_silent_ms = -1;  // -1 as well for a primary that is dead or has lost its role
  int64_t you_silent_ms = -1;      // whom it tells

  bool operator==(const Hearing&) const = default;
};

// How a sidecar's own node is, as its local socket shows it.
struct NodeReport {
  bool alive = false;
  bool undecided = false;
  bool loading = false;
  Role role = Role::kUnknown;
  int priority = kPriorityDefault;
  std::string run_id;
  History history;

  bool operator==(const NodeReport&) const = default;
};

// What one peer said about one group.
struct PeerView {
  bool says_down = false;  // last answer to "is the primary down"
  LogicalTime says_down_at = kLongAgo;
  LogicalTime asked_at = kLongAgo;
  LogicalTime beat_sent = kLongAgo;
  std::string leader;  // last vote it reported
  Epoch leader_epoch = 0;
  // From its beats (our own sidecars).
  LogicalTime beat_at = kLongAgo;
  Belief belief;
  Hearing hearing;  // of the group's primary; nothing if it goes by another one
  NodeReport node;
};

struct Member {
  MemberConfig config;
  NodeId node = kNoNode;
  PeerId peer = kNoPeer;  // kNoPeer for the own member
  LogicalTime resolved_at = kLongAgo;
  LogicalTime resolve_asked = kLongAgo;
};

// ---- the failover this sidecar leads -----------------------------------------------------------
struct WaitStart {
  LogicalTime asked_at = kNever;
  bool asked() const { return asked_at != kNever; }
};  // own vote made durable, then peers' votes
struct SealCopies {};
struct SelectReplica {};
struct SendPromotion {
  NodeId node;
  LogicalTime since;
};
// The primary that lives is asked to hand over; see handover.h.
struct HandOver {
  NodeId node;
  HandoverStep step = HandoverStep::kHandOver;  // ... or kPause
  LogicalTime answered_at = kNever;
  int refusals = 0;  // of the two
  std::string refusal = {};
};
struct WaitPromotion {
  NodeId node;
  LogicalTime since;
};
struct ReconfReplicas {
  NodeId node;
  LogicalTime since;
};
struct UpdateConfig {
  NodeId node;
};
using FailoverStage = std::variant<WaitStart, SealCopies, SelectReplica, SendPromotion, HandOver,
                                   WaitPromotion, ReconfReplicas, UpdateConfig>;

struct Failover {
  Epoch epoch = 0;
  LogicalTime started{};
  LogicalTime stage_since{};
  bool forced = false;                // SENTINEL FAILOVER: the primary may be alive
  bool coordinated = false;           // ... COORDINATED: only if the primary hands over
  bool as_it_is = false;              // it does not: whatever the replica has must do
  std::vector<std::string> given_up;  // ... FORCE: members a user does without
  bool bootstrap = false;             // there was no primary to replace
  NodeId old_primary = kNoNode;
  Epoch old_epoch = 0;        // in which that one was elected
  std::string chosen_run_id;  // the process that was judged and may be promoted; no later one
  FailoverStage stage;
};

struct Group {
  GroupConfig config;
  LogicalTime created{};
  NodeId primary = kNoNode;   // who is primary as far as is known; kNoNode: none yet
  Epoch config_epoch = 0;     // the epoch that made it so
  std::string config_leader;  // the sidecar that won this epoch; empty: unknown
  std::map<NodeId, Node> nodes;
  std::map<PeerId, PeerView> views;
  std::vector<Member> members;

  bool odown = false;
  LogicalTime odown_since = kLongAgo;
  LogicalTime primary_since = kLongAgo;  // last change of `primary`
  std::string primary_run_id;            // of its process then, as far as was known

  Epoch leader_epoch = 0;  // own vote
  std::string leader_id;
  std::optional<Failover> failover;
  LogicalTime last_attempt = kLongAgo;  // last own attempt or vote for another
  LogicalTime no_attempt_before = kLongAgo;
  int lost_elections = 0;  // since the last that was won, by anybody; see Patience()
  int in_vain = 0;  // attempts that found nobody to promote, since there is news of a replica
  LogicalTime attempt_at = kNever;  // own candidacy, staggered by rank

  LogicalTime no_primary_since = kNever;  // bootstrap clock
  Wait wait;                              // why nobody is promoted although it is due
  std::vector<DataMark> lineage;          // of the own node; see PersistedGroup
  Role label = Role::kUnknown;            // last SetRoleLabel

  const Mode& mode() const;  // which of the two kinds of group it is; see mode.h
  const Node* FindNode(NodeId id) const {
    auto it = nodes.find(id);
    return it == nodes.end() ? nullptr : &it->second;
  }
  Node* FindNode(NodeId id) {
    auto it = nodes.find(id);
    return it == nodes.end() ? nullptr : &it->second;
  }
  const Node* Primary() const { return FindNode(primary); }
  Node* Primary() { return FindNode(primary); }
};

// Something that waits until a state is durable.
struct AfterPersist {
  uint64_t seq = 0;
  RequestId request = 0;  // vote to answer; 0: none
  std::string group;
  Epoch epoch = 0;        // of the vote
  std::string leader;     // whom it is for
  bool down = false;      // the other half of the answer
  bool own_vote = false;  // not an answer: the own candidacy may ask the peers now
};

// What a host name stands for; see names.h.
struct HostName {
  std::string ip;  // empty: not known yet
  LogicalTime asked = kLongAgo;
};

struct State {
  explicit State(uint64_t seed) : prng(seed) {}

  std::string my_id;
  Globals globals;
  Periods periods;
  uint16_t own_port = 0;
  Address announce;
  std::string self;
  Epoch current_epoch = 0;
  LogicalTime implausible_noted = kLongAgo;  // last complaint about an epoch
  bool may_vote = true;
  LogicalTime started{};
  LogicalTime last_step{};
  LogicalTime woke_at = kLongAgo;  // it had stood still for longer than the lease
  LogicalTime next_wake{};
  bool refused_is_down = true;  // as Config says
  bool tilt = false;
  LogicalTime tilt_since = kLongAgo;
  uint64_t total_tilt = 0;
  bool stopping = false;
  LogicalTime stop_requested = kNever;
  bool crash_after_election = false;
  bool crash_after_promotion = false;

  std::map<std::string, Group> groups;
  std::map<PeerId, Peer> peers;
  std::map<std::string, HostName> names;
  uint32_t next_node = 1;
  uint32_t next_peer = 1;

  uint64_t persist_seq = 0;   // last one asked for
  uint64_t persist_done = 0;  // last one known to be durable
  LogicalTime persist_retry_at = kNever;
  bool persist_needed = false;
  std::vector<AfterPersist> after_persist;

  Prng prng;
};

}  // namespace rha::sidecar::core
