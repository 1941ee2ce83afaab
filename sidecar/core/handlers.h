// One function per event, each in its own file on_<event>.cc; Sentinel::Step calls exactly one.
#pragma once

#include "sidecar/core/context.h"
#include "sidecar/core/event.h"

namespace rha::sidecar::core {

// Refuses what only a member may say, and only about itself.
inline constexpr char kNotProven[] =
    "NOPROOF only the member itself may say this, once it has proved who it is";

void OnTick(Context& c);
void OnNodeLink(Context& c, const NodeLinkUp& event);
void OnNodeLink(Context& c, const NodeLinkDown& event);
void OnPeerLink(Context& c, const PeerLinkUp& event);
void OnPeerLink(Context& c, const PeerLinkDown& event);
void OnPingReply(Context& c, const NodePingReply& event);
void OnPingReply(Context& c, const PeerPingReply& event);
void OnInfo(Context& c, const InfoReply& event);
void OnReconfigureDone(Context& c, const ReconfigureDone& event);
void OnHandoverReply(Context& c, const HandoverReply& event);
void OnHello(Context& c, const HelloReceived& event);
void OnVoteRequest(Context& c, const VoteRequest& event);
void OnVoteReply(Context& c, const VoteReply& event);
void OnExtension(Context& c, const ExtensionReceived& event);
void OnExtensionReply(Context& c, const ExtensionReply& event);
void OnCommand(Context& c, const CommandReceived& event);
void OnPersistDone(Context& c, const PersistDone& event);
void OnHostResolved(Context& c, const HostResolved& event);

// Before every event: was this process stopped since the last one?
void NoticeLateness(Context& c);
// What every event about a group ends with: who is down, is an election due, can the failover go
// on, does a node need correction. Cheap when nothing changed.
void Evaluate(Context& c, Group& group);
// Confirms or drops the claim that a node's process has died (down.h).
void JudgeDeath(Context& c, Group& group, Node& node);

}  // namespace rha::sidecar::core
