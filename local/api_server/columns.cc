// The printer columns of the kinds built in, as k8s.io/kubernetes/pkg/printers has them.
#include <map>
#include <nlohmann/json.hpp>

#include "local/api_server/table.h"
#include "local/object/json.h"
#include "local/object/times.h"

namespace rha::local::api_server {
namespace {

using object::Int;
using object::Items;
using object::Json;
using object::Map;
using object::Str;
using registry::Column;

std::string Age(const Json& object, int64_t now) {
  return object::Age(Str(object, {"metadata", "creationTimestamp"}), now);
}

std::string OrNone(const std::string& text) { return text.empty() ? "<none>" : text; }

// "<set to the pod's value>" for lists such as container names and images.
std::string Joined(const Json& list, std::string_view field) {
  std::string text;
  for (const auto& item : list) text += (text.empty() ? "" : ",") + Str(item, {field});
  return OrNone(text);
}

std::string Labels(const Json& labels) {
  std::string text;
  for (const auto& [key, value] : labels.items()) {
    text +=
        (text.empty() ? "" : ",") + key + "=" + (value.is_string() ? value.get<std::string>() : "");
  }
  return OrNone(text);
}

std::string Ratio(int64_t a, int64_t b) { return std::to_string(a) + "/" + std::to_string(b); }

// Why a pod is not simply in its phase: waiting, terminated or leaving containers.
std::string PodReason(const Json& pod) {
  std::string reason = Str(pod, {"status", "reason"}, Str(pod, {"status", "phase"}));
  bool running = false;
  for (const auto& status : Items(pod, {"status", "containerStatuses"})) {
    const std::string waiting = Str(status, {"state", "waiting", "reason"});
    const Json* ended = object::Find(status, {"state", "terminated"});
    if (!waiting.empty()) {
      reason = waiting;
    } else if (ended != nullptr) {
      reason = Str(*ended, {"reason"}, "ExitCode:" + std::to_string(Int(*ended, {"exitCode"})));
    } else if (object::Bool(status, {"ready"})) {
      running = true;
    }
  }
  if (reason == "Completed" && running) reason = "Running";
  if (!Str(pod, {"metadata", "deletionTimestamp"}).empty()) reason = "Terminating";
  return reason;
}

Json PodCells(const Json& pod, int64_t now) {
  int64_t ready = 0, restarts = 0;
  int64_t last_restart = 0;
  for (const auto& status : Items(pod, {"status", "containerStatuses"})) {
    ready += object::Bool(status, {"ready"}) ? 1 : 0;
    restarts += Int(status, {"restartCount"});
    const auto ended =
        object::ParseTimestamp(Str(status, {"lastState", "terminated", "finishedAt"}));
    if (ended) last_restart = std::max(last_restart, *ended);
  }
  std::string restart_text = std::to_string(restarts);
  if (restarts > 0 && last_restart > 0) {
    restart_text += " (" + object::HumanDuration(now - last_restart) + " ago)";
  }
  const auto total = static_cast<int64_t>(Items(pod, {"spec", "containers"}).size());
  return {object::Name(pod),
          Ratio(ready, total),
          PodReason(pod),
          restart_text,
          Age(pod, now),
          OrNone(Str(pod, {"status", "podIP"})),
          OrNone(Str(pod, {"spec", "nodeName"})),
          "<none>",
          "<none>"};
}

Json ServiceCells(const Json& service, int64_t now) {
  std::string ports;
  for (const auto& port : Items(service, {"spec", "ports"})) {
    ports += (ports.empty() ? "" : ",") + std::to_string(Int(port, {"port"})) + "/" +
             Str(port, {"protocol"}, "TCP");
  }
  return {object::Name(service),
          Str(service, {"spec", "type"}),
          OrNone(Str(service, {"spec", "clusterIP"})),
          "<none>",
          OrNone(ports),
          Age(service, now),
          Labels(Map(service, {"spec", "selector"}))};
}

Json StatefulSetCells(const Json& set, int64_t now) {
  const Json& containers = Items(set, {"spec", "template", "spec", "containers"});
  return {object::Name(set),
          Ratio(Int(set, {"status", "readyReplicas"}), Int(set, {"spec", "replicas"})),
          Age(set, now), Joined(containers, "name"), Joined(containers, "image")};
}

Json DeploymentCells(const Json& deployment, int64_t now) {
  const Json& containers = Items(deployment, {"spec", "template", "spec", "containers"});
  return {
      object::Name(deployment),
      Ratio(Int(deployment, {"status", "readyReplicas"}), Int(deployment, {"spec", "replicas"})),
      Int(deployment, {"status", "updatedReplicas"}),
      Int(deployment, {"status", "availableReplicas"}),
      Age(deployment, now),
      Joined(containers, "name"),
      Joined(containers, "image"),
      Labels(Map(deployment, {"spec", "selector", "matchLabels"}))};
}

Json ReplicaSetCells(const Json& set, int64_t now) {
  const Json& containers = Items(set, {"spec", "template", "spec", "containers"});
  return {object::Name(set),
          Int(set, {"spec", "replicas"}),
          Int(set, {"status", "replicas"}),
          Int(set, {"status", "readyReplicas"}),
          Age(set, now),
          Joined(containers, "name"),
          Joined(containers, "image"),
          Labels(Map(set, {"spec", "selector", "matchLabels"}))};
}

Json ConfigMapCells(const Json& object, int64_t now) {
  return {object::Name(object), Map(object, {"data"}).size() + Map(object, {"binaryData"}).size(),
          Age(object, now)};
}

Json SecretCells(const Json& object, int64_t now) {
  return {object::Name(object), Str(object, {"type"}), Map(object, {"data"}).size(),
          Age(object, now)};
}

Json ServiceAccountCells(const Json& object, int64_t now) {
  return {object::Name(object), Items(object, {"secrets"}).size(), Age(object, now)};
}

Json NamespaceCells(const Json& object, int64_t now) {
  return {object::Name(object), Str(object, {"status", "phase"}), Age(object, now)};
}

Json NodeCells(const Json& node, int64_t now) {
  std::string status = "NotReady";
  for (const auto& condition : Items(node, {"status", "conditions"})) {
    if (Str(condition, {"type"}) == "Ready" && Str(condition, {"status"}) == "True")
      status = "Ready";
  }
  std::string ip = "<none>";
  for (const auto& address : Items(node, {"status", "addresses"})) {
    if (Str(address, {"type"}) == "InternalIP") ip = Str(address, {"address"});
  }
  const Json& info = Map(node, {"status", "nodeInfo"});
  return {object::Name(node),
          status,
          "<none>",
          Age(node, now),
          Str(info, {"kubeletVersion"}),
          ip,
          "<none>",
          Str(info, {"osImage"}),
          Str(info, {"kernelVersion"}),
          Str(info, {"containerRuntimeVersion"})};
}

std::string AccessModes(const Json& modes) {
  std::string text;
  for (const auto& mode : modes) {
    const std::string name = mode.is_string() ? mode.get<std::string>() : "";
    text += text.empty() ? "" : ",";
    text += name == "ReadWriteOnce"   ? "RWO"
            : name == "ReadOnlyMany"  ? "ROX"
            : name == "ReadWriteMany" ? "RWX"
                                      : "RWOP";
  }
  return text;
}

Json ClaimCells(const Json& claim, int64_t now) {
  return {object::Name(claim),
          Str(claim, {"status", "phase"}),
          Str(claim, {"spec", "volumeName"}),
          Str(claim, {"status", "capacity", "storage"}),
          AccessModes(Items(claim, {"spec", "accessModes"})),
          Str(claim, {"spec", "storageClassName"}),
          "<unset>",
          Age(claim, now)};
}

Json EventCells(const Json& event, int64_t now) {
  const Json& about = Map(event, {"involvedObject"});
  std::string kind = Str(about, {"kind"});
  for (char& c : kind) c = static_cast<char>(tolower(c));
  const std::string last = Str(event, {"lastTimestamp"}, Str(event, {"eventTime"}));
  const std::string first = Str(event, {"firstTimestamp"}, Str(event, {"eventTime"}));
  const int64_t count = Int(event, {"count"}, 1);
  std::string seen = object::Age(last, now);
  if (count > 1) {
    seen += " (x" + std::to_string(count) + " over " + object::Age(first, now) + ")";
  }
  return {seen,
          Str(event, {"type"}),
          Str(event, {"reason"}),
          kind + "/" + Str(about, {"name"}),
          Str(event, {"message"}),
          Str(about, {"fieldPath"}),
          Str(event, {"source", "component"}, Str(event, {"reportingComponent"})),
          object::Age(first, now),
          count,
          object::Name(event)};
}

Json EndpointsCells(const Json& object, int64_t now) {
  std::string text;
  for (const auto& subset : Items(object, {"subsets"})) {
    for (const auto& port : Items(subset, {"ports"})) {
      for (const auto& address : Items(subset, {"addresses"})) {
        text += (text.empty() ? "" : ",") + Str(address, {"ip"}) + ":" +
                std::to_string(Int(port, {"port"}));
      }
    }
  }
  return {object::Name(object), OrNone(text), Age(object, now)};
}

Json EndpointSliceCells(const Json& object, int64_t now) {
  std::string ports, addresses;
  for (const auto& port : Items(object, {"ports"})) {
    ports += (ports.empty() ? "" : ",") + std::to_string(Int(port, {"port"}));
  }
  for (const auto& endpoint : Items(object, {"endpoints"})) {
    for (const auto& address : Items(endpoint, {"addresses"})) {
      addresses +=
          (addresses.empty() ? "" : ",") + (address.is_string() ? address.get<std::string>() : "");
    }
  }
  return {object::Name(object), Str(object, {"addressType"}), ports.empty() ? "<unset>" : ports,
          addresses.empty() ? "<unset>" : addresses, Age(object, now)};
}

std::string IntOrText(const Json* value) {
  if (value == nullptr || value->is_null()) return "N/A";
  return value->is_string() ? value->get<std::string>() : object::Dump(*value);
}

Json BudgetCells(const Json& object, int64_t now) {
  return {object::Name(object), IntOrText(object::Find(object, {"spec", "minAvailable"})),
          IntOrText(object::Find(object, {"spec", "maxUnavailable"})),
          Int(object, {"status", "disruptionsAllowed"}), Age(object, now)};
}

Json LeaseCells(const Json& object, int64_t now) {
  return {object::Name(object), Str(object, {"spec", "holderIdentity"}), Age(object, now)};
}

Json CreatedAtCells(const Json& object, int64_t /*now*/) {
  return {object::Name(object), Str(object, {"metadata", "creationTimestamp"})};
}

Json BindingCells(const Json& object, int64_t now) {
  return {object::Name(object),
          Str(object, {"roleRef", "kind"}) + "/" + Str(object, {"roleRef", "name"}),
          Age(object, now)};
}

Json RevisionCells(const Json& object, int64_t now) {
  std::string owner = "<none>";
  for (const auto& each : Items(object, {"metadata", "ownerReferences"})) {
    owner = Str(each, {"kind"}) + "/" + Str(each, {"name"});
  }
  for (char& c : owner) c = static_cast<char>(tolower(c));
  return {object::Name(object), owner, Int(object, {"revision"}), Age(object, now)};
}

Json PolicyCells(const Json& object, int64_t now) {
  return {object::Name(object), Labels(Map(object, {"spec", "podSelector", "matchLabels"})),
          Age(object, now)};
}

Json PlainCells(const Json& object, int64_t now) {
  return {object::Name(object), Age(object, now)};
}

// "Name Ready *Containers": '*' marks a column of -o wide, '_' is a space, '#' a number.
std::vector<Column> Columns(std::string_view words) {
  std::vector<Column> columns;
  while (!words.empty()) {
    const size_t space = words.find(' ');
    std::string word(words.substr(0, space));
    words = space == std::string_view::npos ? std::string_view() : words.substr(space + 1);
    Column column{"", "string", "", "", 0};
    if (word.starts_with('*')) column.priority = 1;
    if (word.ends_with('#')) column.type = "integer";
    for (const char c : word) {
      if (c != '*' && c != '#') column.name += c == '_' ? ' ' : c;
    }
    columns.push_back(std::move(column));
  }
  return columns;
}

const std::map<std::string, Printer>& Printers() {
  static const auto* printers = new std::map<std::string, Printer>{
      {"Pod",
       {Columns("Name Ready Status Restarts Age *IP *Node *Nominated_Node *Readiness_Gates"),
        PodCells}},
      {"Service",
       {Columns("Name Type Cluster-IP External-IP Port(s) Age *Selector"), ServiceCells}},
      {"StatefulSet", {Columns("Name Ready Age *Containers *Images"), StatefulSetCells}},
      {"Deployment",
       {Columns("Name Ready Up-to-date# Available# Age *Containers *Images *Selector"),
        DeploymentCells}},
      {"ReplicaSet",
       {Columns("Name Desired# Current# Ready# Age *Containers *Images *Selector"),
        ReplicaSetCells}},
      {"ConfigMap", {Columns("Name Data# Age"), ConfigMapCells}},
      {"Secret", {Columns("Name Type Data# Age"), SecretCells}},
      {"ServiceAccount", {Columns("Name Secrets# Age"), ServiceAccountCells}},
      {"Namespace", {Columns("Name Status Age"), NamespaceCells}},
      {"Node",
       {Columns("Name Status Roles Age Version *Internal-IP *External-IP *OS-Image *Kernel-Version "
                "*Container-Runtime"),
        NodeCells}},
      {"PersistentVolumeClaim",
       {Columns("Name Status Volume Capacity Access_Modes StorageClass VolumeAttributesClass Age"),
        ClaimCells}},
      {"Event",
       {Columns(
            "Last_Seen Type Reason Object Message *Subobject *Source *First_Seen *Count# *Name"),
        EventCells}},
      {"Endpoints", {Columns("Name Endpoints Age"), EndpointsCells}},
      {"EndpointSlice", {Columns("Name AddressType Ports Endpoints Age"), EndpointSliceCells}},
      {"PodDisruptionBudget",
       {Columns("Name Min_Available Max_Unavailable Allowed_Disruptions# Age"), BudgetCells}},
      {"Lease", {Columns("Name Holder Age"), LeaseCells}},
      {"CustomResourceDefinition", {Columns("Name Created_At"), CreatedAtCells}},
      {"Role", {Columns("Name Created_At"), CreatedAtCells}},
      {"ClusterRole", {Columns("Name Created_At"), CreatedAtCells}},
      {"RoleBinding", {Columns("Name Role Age"), BindingCells}},
      {"ClusterRoleBinding", {Columns("Name Role Age"), BindingCells}},
      {"ControllerRevision", {Columns("Name Controller Revision# Age"), RevisionCells}},
      {"NetworkPolicy", {Columns("Name Pod-Selector Age"), PolicyCells}},
  };
  return *printers;
}

}  // namespace

const Printer& PrinterOf(const std::string& kind) {
  static const auto* plain = new Printer{Columns("Name Age"), PlainCells};
  const auto it = Printers().find(kind);
  return it == Printers().end() ? *plain : it->second;
}

}  // namespace rha::local::api_server
