// What our sidecars tell one another beyond Sentinel's protocol: SENTINEL REDISHA <args...>.
//
//   BEAT 1 <key>=<value>...   who am I, what do I believe, how is my own node (every kBeatPeriod)
//   DEATH 1 <key>=<value>...  the process of my own node has just died
//
// Unknown keys are skipped, so later versions may add some. A stock peer answers with an error,
// after which it is left alone.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "sidecar/core/state.h"
#include "sidecar/core/types.h"

namespace rha::sidecar::core {

struct Beat {
  std::string id;   // of the sender
  Address address;  // of the sender's sentinel port
  Epoch current_epoch = 0;
  bool may_vote = true;
  std::string group;
  Address primary;
  std::string config_leader;
  bool says_down = false;  // believes that this primary is down
  Belief belief;
  Hearing hearing;
  NodeReport node;

  bool operator==(const Beat&) const = default;
};

struct Death {
  std::string id;  // of the sender, the sidecar beside the dead node
  std::string group;
  std::string run_id;  // of the process that died; empty if it was never seen
};

std::vector<std::string> EncodeBeat(const Beat& beat);
std::vector<std::string> EncodeDeath(const Death& death);
// `args` with the verb in front, as received.
std::optional<Beat> DecodeBeat(const std::vector<std::string>& args);
std::optional<Death> DecodeDeath(const std::vector<std::string>& args);

}  // namespace rha::sidecar::core
