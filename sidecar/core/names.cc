#include "sidecar/core/names.h"

#include <arpa/inet.h>

#include <map>
#include <string>

#include "sidecar/core/mode.h"
#include "sidecar/core/text.h"

namespace rha::sidecar::core {
namespace {

const std::string& IpOf(const State& state, const std::string& host) {
  const auto found = state.names.find(host);
  return found == state.names.end() || found->second.ip.empty() ? host : found->second.ip;
}

bool SameName(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](char x, char y) { return Lower(x) == Lower(y); });
}

// A name without a connection is asked for again: it may have moved.
void Need(const Address& address, const Link& link, std::map<std::string, bool>* needed) {
  if (address.host.empty() || IsIpAddress(address.host)) return;
  bool& again = (*needed)[address.host];
  again = again || !link.connected;
}

}  // namespace

bool IsIpAddress(std::string_view host) {
  const std::string text(host);
  in6_addr ignored;
  return inet_pton(AF_INET, text.c_str(), &ignored) == 1 ||
         inet_pton(AF_INET6, text.c_str(), &ignored) == 1;
}

bool IsUsableHost(const State& state, std::string_view host) {
  return state.globals.resolve_hostnames || IsIpAddress(host);
}

bool SameAddress(const State& state, const Address& a, const Address& b) {
  if (a.port != b.port) return false;
  return SameName(a.host, b.host) || IpOf(state, a.host) == IpOf(state, b.host);
}

Address Resolved(const State& state, const Address& address) {
  return {IpOf(state, address.host), address.port};
}

Address Shown(const State& state, const Address& address) {
  return state.globals.announce_hostnames ? address : Resolved(state, address);
}

void KeepNames(Context& c) {
  std::map<std::string, bool> needed;
  for (const auto& [name, group] : c.s.groups) {
    if (group.mode().fixed) continue;
    for (const auto& [id, node] : group.nodes) Need(node.address, node.link, &needed);
    for (const auto& [id, view] : group.views) {
      const Peer& peer = c.s.peers.at(id);
      Need(peer.address, peer.link, &needed);
    }
  }
  std::erase_if(c.s.names, [&](const auto& name) { return needed.count(name.first) == 0; });
  for (const auto& [host, again] : needed) {
    HostName& name = c.s.names[host];
    if ((!again && !name.ip.empty()) || !c.Elapsed(name.asked, kResolvePeriod)) continue;
    name.asked = c.now;
    c.Do(Resolve{host});
  }
}

}  // namespace rha::sidecar::core
