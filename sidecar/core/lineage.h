// Which data epoch a copy belongs to: what the node itself has kept with its data, or what the
// replication history proves that the copy names. A file of long ago says or names what was long
// ago, whatever happened since.
#pragma once

#include <string>
#include <vector>

#include "sidecar/core/context.h"
#include "sidecar/core/info.h"

namespace rha::sidecar::core {

// The epoch of the history that `info` shows, by its present or its former name; nothing: unknown.
std::optional<Epoch> EpochOf(const std::vector<DataMark>& lineage, const Info& info);
// Puts the mark in front, forgetting the oldest beyond kLineageMax. True: something changed.
bool Remember(std::vector<DataMark>& lineage, DataMark mark);

// After a new INFO of `node`: what its data is worth (Node::history). The own node's lineage is
// made durable.
void UpdateHistory(Context& c, Group& group, Node& node);

}  // namespace rha::sidecar::core
