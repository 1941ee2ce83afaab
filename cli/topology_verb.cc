// `redisha topology NAME`: who follows whom, where, and what the sentinels think.
#include <cstdio>

#include "cli/pod/pods.h"
#include "cli/program.h"
#include "cli/subjects.h"
#include "cli/verbs.h"
#include "cli/view/text.h"
#include "cli/view/topology_text.h"
#include "local/object/json.h"

namespace rha::cli {
namespace {

constexpr k8s::ResourceType kNodes{"", "v1", "nodes", "Node", false};

// Who may not read machines sees none of their zones.
std::map<std::string, std::string> ReadZones(ClusterClient& client) {
  std::map<std::string, std::string> zones;
  const auto nodes = client.api().List(kNodes, {});
  if (!nodes.ok()) return zones;
  for (const auto& node : nodes->items) {
    const std::string zone =
        local::object::Str(*node, {"metadata", "labels", "topology.kubernetes.io/zone"});
    if (!zone.empty()) zones[local::object::Name(*node)] = zone;
  }
  return zones;
}

Status Run(const NamedOptions& options) {
  RHA_ASSIGN_OR_RETURN(const auto client, ClusterClient::Connect(options.access));
  Topology topology;
  RHA_ASSIGN_OR_RETURN(topology.subject, ReadSubject(*client, options.name));
  topology.facts = ReadFacts(*client, topology.subject);
  topology.zones = ReadZones(*client);
  const std::string text =
      options.output == "json" ? ToJson(TopologyJson(topology)) : TopologyText(topology);
  std::fputs(text.c_str(), stdout);
  return Status::Ok();
}

}  // namespace

int ShowTopology(const NamedOptions& options) {
  const Status done = Run(options);
  return done.ok() ? kDone : Fail(done);
}

}  // namespace rha::cli
