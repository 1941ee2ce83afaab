// What `redisha topology` draws. Pure; any thread.
#pragma once

#include <map>
#include <string>

#include "cli/view/metrics_page.h"
#include "cli/view/subject.h"

namespace rha::cli {

struct Topology {
  Subject subject;
  std::map<std::string, PodFacts> facts;     // by pod
  std::map<std::string, std::string> zones;  // by machine; empty: unknown
};

std::string TopologyText(const Topology& topology);
// {primary, pods: [{name, role, node, zone, lagBytes, …}]}
Json TopologyJson(const Topology& topology);

}  // namespace rha::cli
