// Keeping in touch: dialling, pings, INFO, hellos and beats, each at its period.
#pragma once

#include "sidecar/core/context.h"
#include "sidecar/core/event.h"

namespace rha::sidecar::core {

void KeepGroupLinks(Context& c, Group& group);
void KeepPeerLinks(Context& c);

void DialNode(Context& c, const Group& group, Node& node);
void AskInfo(Context& c, Node& node);
void PingNode(Context& c, Node& node);
// Closes the link; the next tick dials: to another address, with other credentials.
void RedialNode(Context& c, Node& node);
void RedialPeer(Context& c, Peer& peer);

// To every node and peer now, whatever the periods say: after a change that others should know.
void SpreadNews(Context& c, Group& group);
void SendBeat(Context& c, Group& group, PeerId id);

// Bookkeeping common to nodes and peers.
// Somebody else answers at the address of `what`: said once, until it changes.
void NoteStranger(Context& c, std::string* stranger, const std::string& what,
                  const std::string& why);
// Why there is no link to `what`, or who answers there: said once, until it changes or there was
// a link.
void NoteLinkDown(Context& c, Link& link, std::string* stranger, const std::string& what,
                  DownReason reason, const std::string& why);
// For how long the other side has owed an answer.
Millis Silence(const Link& link, LogicalTime now);
// What the way there and back is known to take beyond what is nothing (kTripFree); half of
// down-after at most.
Millis Trip(const Link& link, Millis down_after);
// It has for longer than down-after and what the way there and back is known to take.
bool IsMute(const Link& link, Millis down_after, LogicalTime now);
void MarkUp(Link& link, LogicalTime now);
void MarkDown(Link& link, LogicalTime now);
void MarkReply(Link& link, bool acceptable, LogicalTime now);

}  // namespace rha::sidecar::core
