// Everything that can happen to the Sentinel machine. The shell turns I/O into these, one at a
// time.
//
// Promises of the shell
//  * After it performed Disconnect*(id) or another Connect*(id), no event of the older link arrives
//    any more; LinkUp means connected, authenticated and named (CLIENT SETNAME).
//  * In a configured group LinkUp also means that the other side has proved to be that very member
//    of this RedisHA, so every reply is a member's. What arrives over a connection that others
//    opened says in `proven` who proved to be there: the member's id, or nothing.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "sidecar/core/types.h"

namespace rha::sidecar::core {

// The timer armed for Sentinel::NextWake() fired.
struct Tick {};

enum class DownReason : uint8_t {
  kClosed,    // was up; end of file or reset
  kRefused,   // connection refused, or the local socket file does not exist
  kTimeout,   // no answer to the connection attempt
  kError,     // anything else (authentication refused, no route, protocol error)
  kUnproven,  // somebody answered who is not the member that should be there
};

struct NodeLinkUp {
  NodeId node;
};
struct NodeLinkDown {
  NodeId node;
  DownReason reason = DownReason::kClosed;
  std::string why = {};  // in words
};
struct PeerLinkUp {
  PeerId peer;
};
struct PeerLinkDown {
  PeerId peer;
  DownReason reason = DownReason::kClosed;
  std::string why = {};
};

// kMisconf: it takes no writes, for its last snapshot could not be saved (a full volume, mostly).
enum class PingResult : uint8_t { kPong, kLoading, kMasterDown, kBusy, kMisconf, kError };
struct NodePingReply {
  NodeId node;
  PingResult result = PingResult::kPong;
};
struct PeerPingReply {
  PeerId peer;
  PingResult result = PingResult::kPong;
};

// The text of INFO; parsed in info.h.
struct InfoReply {
  NodeId node;
  std::string text;
};

// The transaction of a Reconfigure action was answered. Only INFO proves the role; this says when
// to ask.
struct ReconfigureDone {
  NodeId node;
  bool ok = true;
  std::string error;
};

// The answer to an AskToHandOver action. What comes of it, INFO says.
struct HandoverReply {
  NodeId node;
  HandoverStep step = HandoverStep::kHandOver;
  bool ok = true;
  std::string error;
};

// A message of channel __sentinel__:hello, from a node's channel (then nobody proved anything: who
// may publish may say what he likes) or from PUBLISH sent by a peer.
struct HelloReceived {
  std::string payload;
  std::string proven;
};

// SENTINEL IS-MASTER-DOWN-BY-ADDR <ip> <port> <epoch> <candidate|*>   (`group` empty)
// SENTINEL REDISHA ASK <group> <epoch> <candidate|*>                  (`primary` empty)
struct VoteRequest {
  RequestId request = 0;
  std::string group;
  Address primary;
  Epoch epoch = 0;
  std::string candidate;
  std::string proven;
};

// The answer to an AskPeer action; `group` is the action's. Leader "*": none.
struct VoteReply {
  PeerId peer;
  std::string group;
  bool down = false;
  std::string leader;
  Epoch leader_epoch = 0;
};

// SENTINEL REDISHA <args...> of any verb but ASK: BEAT, DEATH (extension.h). Answered by a Reply.
struct ExtensionReceived {
  RequestId request = 0;
  std::vector<std::string> args;
  std::string proven;
};

// The answer to a SendExtension action: ours say +OK, stock peers an error.
struct ExtensionReply {
  PeerId peer;
  bool ok = true;
};

// ---- commands of clients; each is answered by a Reply with the same `request`
// ----------------------
struct FailoverCommand {
  std::string group;
  bool force = false;                 // without it: only if nothing can be lost that anybody knows
  std::vector<std::string> given_up;  // FORCE accept-loss-of <member>...
  bool coordinated = false;           // only if the primary takes part
};
struct MonitorCommand {
  std::string group;
  Address primary;
  int quorum = 1;
};
struct RemoveCommand {
  std::string group;
};
struct ResetCommand {
  std::string pattern;
};  // glob; answered with the number of groups
// SENTINEL SET <group> <option> <value>...: options as Redis names them. Two-word options
// (rename-command a b) put "a b" in the value. Control characters are refused.
struct SetCommand {
  std::string group;
  std::vector<std::pair<std::string, std::string>> options;
};
// SENTINEL CONFIG SET <param> <value>...: all of them or none.
struct ConfigSetCommand {
  std::vector<std::pair<std::string, std::string>> options;
};
// SENTINEL DEBUG <period> <milliseconds>...
struct DebugCommand {
  std::vector<std::pair<std::string, std::string>> options;
};
// ACL SETUSER, DELUSER: these are the users now (Globals::users), of whom so many are gone.
struct UsersCommand {
  std::vector<std::vector<std::string>> users;
  std::optional<int64_t> removed;
};
struct FlushConfigCommand {};
struct SimulateFailureCommand {
  bool after_election = false;
  bool after_promotion = false;
};

struct CommandReceived {
  RequestId request = 0;
  std::variant<FailoverCommand, MonitorCommand, RemoveCommand, ResetCommand, SetCommand,
               ConfigSetCommand, DebugCommand, UsersCommand, FlushConfigCommand,
               SimulateFailureCommand>
      command;
};

// Everything up to Persist{seq} is durable (ok), or writing that state failed.
struct PersistDone {
  uint64_t seq = 0;
  bool ok = true;
};

// The answer to a Resolve action.
struct HostResolved {
  std::string host;
  std::optional<std::string> ip;
};

// SIGTERM: Sentinel::SafeToStop() tells when leaving harms nobody.
struct StopRequested {};

using Event = std::variant<Tick, NodeLinkUp, NodeLinkDown, PeerLinkUp, PeerLinkDown, NodePingReply,
                           PeerPingReply, InfoReply, ReconfigureDone, HandoverReply, HelloReceived,
                           VoteRequest, VoteReply, ExtensionReceived, ExtensionReply,
                           CommandReceived, PersistDone, HostResolved, StopRequested>;

}  // namespace rha::sidecar::core
