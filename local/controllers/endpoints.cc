// Endpoints and EndpointSlices: which pods stand behind a Service.
#include <map>
#include <nlohmann/json.hpp>

#include "local/controllers/all.h"
#include "local/controllers/client.h"
#include "local/object/json.h"
#include "local/object/selector.h"

namespace rha::local::controllers {
namespace {

using object::Bool;
using object::Int;
using object::Items;
using object::Json;
using object::Map;
using object::Str;

// The number a pod serves a service's port on; 0: it has no port of that name.
int64_t TargetPort(const Json& port, const Json& pod) {
  const Json* target = object::Find(port, {"targetPort"});
  if (target == nullptr) return Int(port, {"port"});
  if (target->is_number()) return target->get<int64_t>();
  for (const auto& container : Items(pod, {"spec", "containers"})) {
    for (const auto& each : Items(container, {"ports"})) {
      if (target->is_string() && Str(each, {"name"}) == target->get<std::string>()) {
        return Int(each, {"containerPort"});
      }
    }
  }
  return 0;
}

Json PortEntry(const Json& port, int64_t number) {
  Json entry{{"port", number}, {"protocol", Str(port, {"protocol"}, "TCP")}};
  const std::string name = Str(port, {"name"});
  if (!name.empty()) entry["name"] = name;
  return entry;
}

// Pods that serve the same numbers share a group (named ports may differ between pods).
struct Group {
  Json ports = Json::array();
  std::vector<Object> pods;
};

class EndpointsController final : public Controller {
 public:
  explicit EndpointsController(registry::Registry& registry)
      : client_(registry, "endpoint-controller") {}

  const char* Name() const override { return "endpoints"; }

  void OnEvent(const store::Event& event, WorkSink& sink) override {
    const auto& [id, name_space, name] = event.key;
    if (id == kServices) sink.Add({name_space, name});
    if (id != kPods) return;
    for (const auto& service : client_.List(kServices, name_space)) {
      const auto selector = object::FromLabelMap(Map(*service, {"spec", "selector"}));
      if (selector.requirements.empty()) continue;
      const bool before = event.previous != nullptr && selector.Matches(*event.previous);
      if (before || selector.Matches(*event.object)) sink.Add({name_space, object::Name(*service)});
    }
  }

  std::optional<Millis> Reconcile(const Work& work) override {
    const Object service = client_.Get(kServices, work.name_space, work.name);
    if (service == nullptr || IsDeleting(*service))
      return std::nullopt;  // the collector removes them
    const auto selector = object::FromLabelMap(Map(*service, {"spec", "selector"}));
    if (selector.requirements.empty()) return std::nullopt;
    std::map<std::string, Group> groups;
    for (const auto& pod : client_.List(kPods, work.name_space)) {
      if (!selector.Matches(*pod) || Str(*pod, {"status", "podIP"}).empty()) continue;
      const std::string phase = Str(*pod, {"status", "phase"});
      if (phase == "Failed" || phase == "Succeeded") continue;
      Json ports = Json::array();
      for (const auto& port : Items(*service, {"spec", "ports"})) {
        const int64_t number = TargetPort(port, *pod);
        if (number > 0) ports.push_back(PortEntry(port, number));
      }
      Group& group = groups[object::Dump(ports)];
      group.ports = ports;
      group.pods.push_back(pod);
    }
    WriteEndpoints(*service, groups);
    WriteSlices(*service, groups);
    return std::nullopt;
  }

 private:
  static bool Serving(const Json& service, const Json& pod) {
    const bool anyway = Bool(service, {"spec", "publishNotReadyAddresses"});
    return anyway || (IsPodReady(pod) && !IsDeleting(pod));
  }

  static Json TargetRef(const Json& pod) {
    return {{"kind", "Pod"},
            {"namespace", object::Namespace(pod)},
            {"name", object::Name(pod)},
            {"uid", object::Uid(pod)}};
  }

  static Json Head(const Json& service, const char* api_version, const char* kind) {
    return {{"apiVersion", api_version},
            {"kind", kind},
            {"metadata",
             {{"name", object::Name(service)},
              {"namespace", object::Namespace(service)},
              {"labels", Map(service, {"metadata", "labels"})},
              {"ownerReferences", Json::array({OwnerReference(service)})}}}};
  }

  // Leaves what is already so alone.
  void Write(const Json& wanted, const std::string& id) {
    const Object present = client_.Get(id, object::Namespace(wanted), object::Name(wanted));
    if (present == nullptr) {
      client_.Create(wanted);
      return;
    }
    Json patch = Json::object();
    for (const auto& [key, value] : wanted.items()) {
      const Json* old = object::FindKey(*present, key);
      if (key == "metadata") {
        if (Map(*present, {"metadata", "labels"}) != Map(wanted, {"metadata", "labels"})) {
          patch["metadata"]["labels"] = Map(wanted, {"metadata", "labels"});
        }
      } else if (old == nullptr || *old != value) {
        patch[key] = value;
      }
    }
    if (!patch.empty()) client_.Patch(*present, patch);
  }

  void WriteEndpoints(const Json& service, const std::map<std::string, Group>& groups) {
    Json endpoints = Head(service, "v1", "Endpoints");
    endpoints["subsets"] = Json::array();
    for (const auto& [key, group] : groups) {
      Json subset{{"ports", group.ports}};
      for (const auto& pod : group.pods) {
        Json address{{"ip", Str(*pod, {"status", "podIP"})},
                     {"nodeName", Str(*pod, {"spec", "nodeName"})},
                     {"targetRef", TargetRef(*pod)}};
        const std::string host = Str(*pod, {"spec", "hostname"});
        if (!host.empty() && Str(*pod, {"spec", "subdomain"}) == object::Name(service)) {
          address["hostname"] = host;
        }
        if (Serving(service, *pod)) {
          subset["addresses"].push_back(address);
        } else if (!IsDeleting(*pod)) {
          subset["notReadyAddresses"].push_back(address);
        }
      }
      if (subset.size() > 1) endpoints["subsets"].push_back(subset);
    }
    Write(endpoints, "endpoints");
  }

  // One slice for each group; slices of groups that are gone are deleted.
  void WriteSlices(const Json& service, const std::map<std::string, Group>& groups) {
    const std::string id = "endpointslices.discovery.k8s.io";
    const std::string base = object::Name(service) + "-";
    std::map<std::string, Json> wanted;
    for (const auto& [key, group] : groups) {
      Json slice = Head(service, "discovery.k8s.io/v1", "EndpointSlice");
      const std::string name =
          base + "slice" + (wanted.empty() ? "" : std::to_string(wanted.size()));
      slice["metadata"]["name"] = name;
      slice["metadata"]["labels"]["kubernetes.io/service-name"] = object::Name(service);
      slice["metadata"]["labels"]["endpointslice.kubernetes.io/managed-by"] =
          "endpointslice-controller.k8s.io";
      slice["addressType"] = "IPv4";
      slice["ports"] = group.ports;
      slice["endpoints"] = Json::array();
      for (const auto& pod : group.pods) {
        Json endpoint{{"addresses", Json::array({Str(*pod, {"status", "podIP"})})},
                      {"conditions",
                       {{"ready", Serving(service, *pod)},
                        {"serving", IsPodReady(*pod)},
                        {"terminating", IsDeleting(*pod)}}},
                      {"nodeName", Str(*pod, {"spec", "nodeName"})},
                      {"targetRef", TargetRef(*pod)}};
        const std::string host = Str(*pod, {"spec", "hostname"});
        if (!host.empty()) endpoint["hostname"] = host;
        slice["endpoints"].push_back(endpoint);
      }
      wanted[name] = slice;
    }
    for (const auto& present :
         client_.Owned(id, object::Namespace(service), object::Uid(service))) {
      if (!wanted.contains(object::Name(*present))) client_.Delete(*present);
    }
    for (const auto& [name, slice] : wanted) Write(slice, id);
  }

  Client client_;
};

}  // namespace

ControllerPtr MakeEndpointsController(registry::Registry& registry) {
  return std::make_unique<EndpointsController>(registry);
}

}  // namespace rha::local::controllers
