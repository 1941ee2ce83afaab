#include "local/registry/defaults.h"

#include <nlohmann/json.hpp>

#include "local/object/base64.h"
#include "local/object/json.h"

namespace rha::local::registry {
namespace {

using object::Default;
using object::Find;
using object::Json;
using object::Make;
using object::Str;

constexpr int kDefaultVolumeMode = 420;  // 0644

void DefaultProbe(Json& container, const char* name) {
  if (Find(container, {name}) == nullptr) return;
  Json& probe = container[name];
  Default(probe, {"timeoutSeconds"}, 1);
  Default(probe, {"periodSeconds"}, 10);
  Default(probe, {"successThreshold"}, 1);
  Default(probe, {"failureThreshold"}, 3);
  if (Find(probe, {"httpGet"}) != nullptr) {
    Default(probe, {"httpGet", "path"}, "/");
    Default(probe, {"httpGet", "scheme"}, "HTTP");
  }
}

void DefaultContainer(Json& container) {
  const std::string image = Str(container, {"image"});
  const bool latest =
      image.ends_with(":latest") ||
      image.find(':', image.rfind('/') == std::string::npos ? 0 : image.rfind('/')) ==
          std::string::npos;
  Default(container, {"imagePullPolicy"}, latest ? "Always" : "IfNotPresent");
  Default(container, {"resources"}, Json::object());
  Default(container, {"terminationMessagePath"}, "/dev/termination-log");
  Default(container, {"terminationMessagePolicy"}, "File");
  for (const char* probe : {"livenessProbe", "readinessProbe", "startupProbe"}) {
    DefaultProbe(container, probe);
  }
  if (Find(container, {"ports"}) != nullptr && container["ports"].is_array()) {
    for (auto& port : container["ports"]) Default(port, {"protocol"}, "TCP");
  }
  if (Find(container, {"env"}) != nullptr && container["env"].is_array()) {
    for (auto& env : container["env"]) {
      if (Find(env, {"valueFrom", "fieldRef"}) != nullptr) {
        Default(env, {"valueFrom", "fieldRef", "apiVersion"}, "v1");
      }
    }
  }
}

void DefaultVolume(Json& volume) {
  for (const char* kind : {"configMap", "secret", "downwardAPI", "projected"}) {
    if (Find(volume, {kind}) != nullptr) Default(volume, {kind, "defaultMode"}, kDefaultVolumeMode);
  }
  if (volume.is_object() && volume.size() == 1) volume["emptyDir"] = Json::object();
}

void DefaultTemplate(Json& spec) {
  if (Find(spec, {"template", "spec"}) != nullptr) DefaultPodSpec(spec["template"]["spec"]);
}

void DefaultStatefulSet(Json& object) {
  Json& spec = Make(object, {"spec"});
  Default(spec, {"replicas"}, 1);
  Default(spec, {"podManagementPolicy"}, "OrderedReady");
  Default(spec, {"revisionHistoryLimit"}, 10);
  Default(spec, {"updateStrategy", "type"}, "RollingUpdate");
  if (Str(spec, {"updateStrategy", "type"}) == "RollingUpdate") {
    Default(spec, {"updateStrategy", "rollingUpdate", "partition"}, 0);
  }
  Default(spec, {"persistentVolumeClaimRetentionPolicy", "whenDeleted"}, "Retain");
  Default(spec, {"persistentVolumeClaimRetentionPolicy", "whenScaled"}, "Retain");
  DefaultTemplate(spec);
  if (Find(spec, {"volumeClaimTemplates"}) == nullptr) return;
  for (auto& claim : spec["volumeClaimTemplates"]) {
    Default(claim, {"apiVersion"}, "v1");
    Default(claim, {"kind"}, "PersistentVolumeClaim");
    Default(claim, {"spec", "volumeMode"}, "Filesystem");
    Default(claim, {"status", "phase"}, "Pending");
  }
}

void DefaultDeployment(Json& object) {
  Json& spec = Make(object, {"spec"});
  Default(spec, {"replicas"}, 1);
  Default(spec, {"revisionHistoryLimit"}, 10);
  Default(spec, {"progressDeadlineSeconds"}, 600);
  Default(spec, {"strategy", "type"}, "RollingUpdate");
  if (Str(spec, {"strategy", "type"}) == "RollingUpdate") {
    Default(spec, {"strategy", "rollingUpdate", "maxSurge"}, "25%");
    Default(spec, {"strategy", "rollingUpdate", "maxUnavailable"}, "25%");
  }
  DefaultTemplate(spec);
}

void DefaultService(Json& object) {
  Json& spec = Make(object, {"spec"});
  Default(spec, {"type"}, "ClusterIP");
  Default(spec, {"sessionAffinity"}, "None");
  Default(spec, {"internalTrafficPolicy"}, "Cluster");
  Default(spec, {"ipFamilyPolicy"}, "SingleStack");
  Default(spec, {"ipFamilies"}, Json::array({"IPv4"}));
  if (Find(spec, {"ports"}) != nullptr && spec["ports"].is_array()) {
    for (auto& port : spec["ports"]) {
      Default(port, {"protocol"}, "TCP");
      if (const Json* number = Find(port, {"port"})) Default(port, {"targetPort"}, Json(*number));
    }
  }
  Default(object, {"status", "loadBalancer"}, Json::object());
}

void DefaultSecret(Json& object) {
  Default(object, {"type"}, "Opaque");
  if (Find(object, {"stringData"}) == nullptr) return;
  for (const auto& [key, value] : object::Map(object, {"stringData"}).items()) {
    if (value.is_string()) {
      Make(object, {"data", key}) = object::Base64Encode(value.get_ref<const std::string&>());
    }
  }
  object.erase("stringData");
}

void DefaultDefinition(Json& object) {
  const std::string kind = Str(object, {"spec", "names", "kind"});
  std::string singular = kind;
  for (char& c : singular) c = static_cast<char>(tolower(c));
  Default(object, {"spec", "names", "singular"}, singular);
  Default(object, {"spec", "names", "listKind"}, kind + "List");
  Default(object, {"spec", "conversion", "strategy"}, "None");
}

}  // namespace

void DefaultPodSpec(Json& spec) {
  Default(spec, {"restartPolicy"}, "Always");
  Default(spec, {"dnsPolicy"}, "ClusterFirst");
  Default(spec, {"schedulerName"}, "default-scheduler");
  Default(spec, {"terminationGracePeriodSeconds"}, 30);
  Default(spec, {"securityContext"}, Json::object());
  for (const char* list : {"containers", "initContainers"}) {
    if (Find(spec, {list}) == nullptr || !spec[list].is_array()) continue;
    for (auto& container : spec[list]) {
      if (container.is_object()) DefaultContainer(container);
    }
  }
  if (Find(spec, {"serviceAccountName"}) != nullptr) {
    Default(spec, {"serviceAccount"}, Json(spec["serviceAccountName"]));
  }
  if (Find(spec, {"volumes"}) == nullptr || !spec["volumes"].is_array()) return;
  for (auto& volume : spec["volumes"]) DefaultVolume(volume);
}

void ApplyBuiltInDefaults(const Resource& resource, Json& object) {
  const std::string& kind = resource.kind;
  if (kind == "Pod") {
    DefaultPodSpec(Make(object, {"spec"}));
    Default(object, {"spec", "enableServiceLinks"}, true);
    Default(object, {"status", "phase"}, "Pending");
    Default(object, {"status", "qosClass"}, "BestEffort");
  } else if (kind == "StatefulSet") {
    DefaultStatefulSet(object);
  } else if (kind == "Deployment") {
    DefaultDeployment(object);
  } else if (kind == "ReplicaSet") {
    Default(object, {"spec", "replicas"}, 1);
    DefaultTemplate(Make(object, {"spec"}));
  } else if (kind == "Service") {
    DefaultService(object);
  } else if (kind == "Secret") {
    DefaultSecret(object);
  } else if (kind == "CustomResourceDefinition") {
    DefaultDefinition(object);
  } else if (kind == "PersistentVolumeClaim") {
    Default(object, {"spec", "volumeMode"}, "Filesystem");
    Default(object, {"status", "phase"}, "Pending");
  } else if (kind == "Namespace") {
    Default(object, {"status", "phase"}, "Active");
    Make(object, {"metadata", "labels", "kubernetes.io/metadata.name"}) = object::Name(object);
  }
}

}  // namespace rha::local::registry
