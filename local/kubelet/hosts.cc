#include "local/kubelet/hosts.h"

#include <nlohmann/json.hpp>

#include "local/object/json.h"
#include "local/object/selector.h"

namespace rha::local::kubelet {
namespace {

using object::Json;
using object::Map;
using object::Str;

// "IP name.ns.svc.cluster.local name.ns.svc name.ns", and "name" inside the namespace.
std::string Line(const std::string& ip, const std::string& name, const std::string& its_space,
                 const std::string& our_space) {
  const std::string qualified = name + "." + its_space;
  std::string line =
      ip + "\t" + qualified + ".svc.cluster.local " + qualified + ".svc " + qualified;
  if (its_space == our_space) line += " " + name;
  return line + "\n";
}

bool PodReady(const Json& pod) {
  for (const auto& condition : object::Items(pod, {"status", "conditions"})) {
    if (Str(condition, {"type"}) == "Ready") return Str(condition, {"status"}) == "True";
  }
  return false;
}

}  // namespace

std::string HostsText(const std::vector<store::Object>& services,
                      const std::vector<store::Object>& pods, const std::string& name_space) {
  std::string text = "127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n";
  for (const auto& service : services) {
    const std::string ip = Str(*service, {"spec", "clusterIP"});
    const std::string name = object::Name(*service), space = object::Namespace(*service);
    if (ip != "None") {
      if (!ip.empty()) text += Line(ip, name, space, name_space);
      continue;
    }
    const auto selector = object::FromLabelMap(Map(*service, {"spec", "selector"}));
    if (selector.requirements.empty()) continue;
    const bool anyway = object::Bool(*service, {"spec", "publishNotReadyAddresses"});
    for (const auto& pod : pods) {
      const std::string pod_ip = Str(*pod, {"status", "podIP"});
      const bool here = object::Namespace(*pod) == space && !pod_ip.empty();
      if (!here || !selector.Matches(*pod) || (!anyway && !PodReady(*pod))) continue;
      const std::string host = Str(*pod, {"spec", "hostname"});
      if (!host.empty() && Str(*pod, {"spec", "subdomain"}) == name) {
        text += Line(pod_ip, host + "." + name, space, name_space);
      }
      text += Line(pod_ip, name, space, name_space);
    }
  }
  return text;
}

// Names that /etc/hosts lacks fail at once: nobody answers at that address.
std::string ResolvConf(const std::string& name_space) {
  return "search " + name_space +
         ".svc.cluster.local svc.cluster.local cluster.local\n"
         "nameserver 127.0.0.1\noptions ndots:1 timeout:1 attempts:1\n";
}

}  // namespace rha::local::kubelet
