#include "local/daemon/bootstrap.h"

#include <sys/utsname.h>
#include <unistd.h>

#include <nlohmann/json.hpp>

#include "local/object/json.h"
#include "local/object/times.h"

namespace rha::local::daemon {
namespace {

using object::Json;
using registry::Registry;

// Creates the object, or changes what is there to it.
Status Ensure(Registry& registry, Json object) {
  const auto resource = registry.catalog().FindKind(object::Str(object, {"apiVersion"}),
                                                    object::Str(object, {"kind"}));
  const registry::Place place{*resource, object::Namespace(object), object::Name(object)};
  const Json status = object::Map(object, {"status"});
  object.erase("status");
  auto done = registry.Patch(place, {registry::PatchKind::kApply, object, true}, {});
  if (done.ok() && !status.empty()) {
    const Json patch{{"status", status}};
    registry::WriteOptions options;
    options.subresource = "status";
    done = registry.Patch(place, {registry::PatchKind::kMerge, patch}, options);
  }
  if (done.ok()) return Status::Ok();
  return Status(Code::kInternal, "make " + place.name + ": " + done.error().message);
}

Json Node(int64_t now_unix_ms, bool isolated) {
  utsname name{};
  ::uname(&name);
  const std::string cpus = std::to_string(::sysconf(_SC_NPROCESSORS_ONLN));
  const int64_t bytes = static_cast<int64_t>(::sysconf(_SC_PHYS_PAGES)) * ::sysconf(_SC_PAGESIZE);
  const Json room{{"cpu", cpus}, {"memory", std::to_string(bytes / 1024) + "Ki"}, {"pods", "500"}};
  const std::string now = object::Timestamp(now_unix_ms);
  return {{"apiVersion", "v1"},
          {"kind", "Node"},
          {"metadata",
           {{"name", kNodeName},
            {"labels",
             {{"kubernetes.io/hostname", kNodeName},
              {"kubernetes.io/os", "linux"},
              {"topology.kubernetes.io/zone", "local"}}}}},
          {"status",
           {{"capacity", room},
            {"allocatable", room},
            {"addresses", Json::array({{{"type", "InternalIP"}, {"address", "127.0.0.1"}},
                                       {{"type", "Hostname"}, {"address", kNodeName}}})},
            {"conditions", Json::array({{{"type", "Ready"},
                                         {"status", "True"},
                                         {"reason", "KubeletReady"},
                                         {"message", isolated ? "processes of this machine"
                                                              : "processes of this machine, "
                                                                "without namespaces"},
                                         {"lastTransitionTime", now}}})},
            {"nodeInfo",
             {{"kernelVersion", name.release},
              {"osImage", name.sysname},
              {"architecture", "amd64"},
              {"operatingSystem", "linux"},
              {"kubeletVersion", "v" RHA_VERSION "-local"},
              {"containerRuntimeVersion", "process://" RHA_VERSION}}}}}};
}

Json Namespace(const char* name) {
  return {{"apiVersion", "v1"}, {"kind", "Namespace"}, {"metadata", {{"name", name}}}};
}

}  // namespace

Status MakeSystemObjects(Registry& registry, uint16_t api_port, bool isolated) {
  for (const char* name : {"default", "kube-system", "kube-public", "kube-node-lease"}) {
    RHA_RETURN_IF_ERROR(Ensure(registry, Namespace(name)));
  }
  const Json all = Json::array({"*"});
  RHA_RETURN_IF_ERROR(Ensure(
      registry, {{"apiVersion", "rbac.authorization.k8s.io/v1"},
                 {"kind", "ClusterRole"},
                 {"metadata", {{"name", "cluster-admin"}}},
                 {"rules", Json::array({{{"apiGroups", all}, {"resources", all}, {"verbs", all}},
                                        {{"nonResourceURLs", all}, {"verbs", all}}})}}));
  RHA_RETURN_IF_ERROR(Ensure(registry, Node(registry.clock().UnixMillis(), isolated)));
  RHA_RETURN_IF_ERROR(
      Ensure(registry, {{"apiVersion", "v1"},
                        {"kind", "Service"},
                        {"metadata", {{"name", "kubernetes"}, {"namespace", "default"}}},
                        {"spec",
                         {{"clusterIP", kKubernetesIp},
                          {"ports", Json::array({{{"name", "https"},
                                                  {"port", 443},
                                                  {"targetPort", api_port},
                                                  {"protocol", "TCP"}}})}}}}));
  return Ensure(registry,
                {{"apiVersion", "v1"},
                 {"kind", "Endpoints"},
                 {"metadata", {{"name", "kubernetes"}, {"namespace", "default"}}},
                 {"subsets", Json::array({{{"addresses", Json::array({{{"ip", "127.0.0.1"}}})},
                                           {"ports", Json::array({{{"name", "https"},
                                                                   {"port", api_port},
                                                                   {"protocol", "TCP"}}})}}})}});
}

}  // namespace rha::local::daemon
