// The environment of a container as the configuration file of a sentinel, and the file that a
// sentinel has kept its memory in since. Pure; any thread.
#pragma once

#include <span>
#include <string>

#include "common/base/status.h"
#include "container/variables.h"

namespace rha::container {

std::span<const Variable> SentinelVariables();

// The lines that the environment asks for; empty if it asks for nothing.
Result<std::string> SentinelConfig(Settings* settings);

// `kept` is what the file of an earlier start holds. What the environment can say is as it says
// now; all else stays: epochs, votes, replicas and sentinels found, and who is primary.
Result<std::string> MergeSentinelConfig(const std::string& wanted, const std::string& kept);

}  // namespace rha::container
