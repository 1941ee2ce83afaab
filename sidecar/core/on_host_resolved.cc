#include "sidecar/core/handlers.h"
#include "sidecar/core/topology.h"

namespace rha::sidecar::core {

void OnHostResolved(Context& c, const HostResolved& event) {
  if (!event.ip) return;  // asked again after kResolvePeriod
  if (const auto name = c.s.names.find(event.host); name != c.s.names.end()) {
    name->second.ip = *event.ip;
  }
  for (auto& [name, group] : c.s.groups) {
    for (Member& member : group.members) {
      if (member.config.host == event.host) SetMemberHost(c, group, member, *event.ip);
    }
  }
}

}  // namespace rha::sidecar::core
