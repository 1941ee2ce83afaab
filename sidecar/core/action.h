// Everything the Sentinel machine can ask of the world. The shell performs the list in order and
// decides nothing.
//
// Nothing here waits: results come back as events. A vote is answered only after PersistDone, so
// the shell may write the state on another thread; it must not report ok before the data is on
// disk.
#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "sidecar/core/persisted.h"
#include "sidecar/core/types.h"

namespace rha::sidecar::core {

// Dials the node (command channel, and a second one subscribed to __sentinel__:hello); replaces an
// existing link of that id. `local`: over the unix socket of the configuration, hellos over
// `address`. The shell does not redial by itself; it reports NodeLinkDown and the machine decides.
struct ConnectNode {
  NodeId node;
  std::string group;
  Address address;
  bool local = false;
};
struct DisconnectNode {
  NodeId node;
};
struct ConnectPeer {
  PeerId peer;
  Address address;
};
struct DisconnectPeer {
  PeerId peer;
};

struct SendNodePing {
  NodeId node;
};
struct SendPeerPing {
  PeerId peer;
};
struct SendInfo {
  NodeId node;
};
struct SendScriptKill {
  NodeId node;
};

// PUBLISH __sentinel__:hello <payload>.
struct PublishHelloToNode {
  NodeId node;
  std::string payload;
};
struct PublishHelloToPeer {
  PeerId peer;
  std::string payload;
};

// extended: SENTINEL REDISHA ASK <group> <epoch> <candidate>
// else:     SENTINEL IS-MASTER-DOWN-BY-ADDR <primary.host> <primary.port> <epoch> <candidate>
// The reply [down, leader, leader_epoch] becomes a VoteReply carrying `group`.
struct AskPeer {
  PeerId peer;
  std::string group;
  Address primary;
  Epoch epoch = 0;
  std::string candidate;
  bool extended = false;
};

// SENTINEL REDISHA <args...>; the reply becomes an ExtensionReply.
struct SendExtension {
  PeerId peer;
  std::vector<std::string> args;
};

// Makes the node a replica of `primary`, or primary itself; clients are told to look again.
// Configured: REDISHA ROLE <epoch> <leader> (PRIMARY | REPLICA <host> <port> | SEAL) [COPIES
//             <copies>], which the node refuses if it knows a newer (epoch, leader); then, unless
//             it is sealed, CLIENT KILL TYPE normal and pubsub.
// Classic:    MULTI; [FAILOVER ABORT;] SLAVEOF <primary>|NO ONE; CONFIG REWRITE;
//             CLIENT KILL TYPE normal; CLIENT KILL TYPE pubsub; EXEC
struct Reconfigure {
  NodeId node;
  std::optional<Address> primary = std::nullopt;
  bool seal = false;           // neither: it stands still until the next one
  int copies = 1;              // of a change, before a primary may tell it
  bool again = false;          // it is that already: its clients stay
  bool ends_handover = false;  // which it has begun, and by which it would refuse the rest
  Epoch epoch = 0;
  std::string leader;  // who won this epoch
};

// To a classic group's primary; answered by a HandoverReply.
// kHandOver: FAILOVER TO <to> TIMEOUT <limit>    kAbort:   FAILOVER ABORT
// kPause:    CLIENT PAUSE <limit> WRITE          kUnpause: CLIENT UNPAUSE
struct AskToHandOver {
  NodeId node;
  HandoverStep step = HandoverStep::kHandOver;
  Address to = {};
  Millis limit{0};
};

struct ReplyOk {};
struct ReplyError {
  std::string text;
};  // without the leading '-', with the code: "ERR No such master ..."
struct ReplyInteger {
  int64_t value = 0;
};
struct ReplyVote {
  bool down = false;
  std::string leader = "*";
  Epoch leader_epoch = 0;
};
struct Reply {
  RequestId request = 0;
  std::variant<ReplyOk, ReplyError, ReplyInteger, ReplyVote> value;
  // It waits for the Persist of its step, and is an error if that fails. False: "heard" is true
  // whatever the disk does.
  bool promise = true;
};

// Make `state` durable, then say PersistDone{seq}. Of several waiting ones only the newest need be
// written; PersistDone of its seq covers the older.
struct Persist {
  uint64_t seq = 0;
  PersistedState state;
};

// To every subscriber: PUBLISH <channel> <payload>, names and payloads as Redis'. `warning`: Redis
// would also run the notification script.
struct PublishEvent {
  std::string channel;
  std::string payload;
  bool warning = false;
  std::string group = {};  // whose event it is; empty: of no group
};

// The label of this sidecar's own pod. Sent on every change and once a role is first known.
struct SetRoleLabel {
  std::string group;
  Role role = Role::kUnknown;
};

// Look up a member's host name; answer with HostResolved.
struct Resolve {
  std::string host;
};

struct Log {
  bool warning = false;
  std::string text;
};

// SENTINEL SIMULATE-FAILURE: end the process with code 99 at once.
struct CrashProcess {};

using Action = std::variant<ConnectNode, DisconnectNode, ConnectPeer, DisconnectPeer, SendNodePing,
                            SendPeerPing, SendInfo, SendScriptKill, PublishHelloToNode,
                            PublishHelloToPeer, AskPeer, SendExtension, Reconfigure, AskToHandOver,
                            Reply, Persist, PublishEvent, SetRoleLabel, Resolve, Log, CrashProcess>;
using Actions = std::vector<Action>;

}  // namespace rha::sidecar::core
