// StatefulSet NAME: the pods, each with a node and the sentinel that watches it.
#include <nlohmann/json.hpp>

#include "operator/desired/desired.h"
#include "operator/desired/names.h"
#include "operator/desired/pod_template.h"

namespace rha::op::desired {
namespace {

using k8s::Json;

constexpr int kUser = 65532;  // "nonroot" of the usual base images
constexpr int kTerminationGraceSeconds = 60;
constexpr int kRevisionHistoryLimit = 5;

std::string Text(std::string_view text) { return std::string(text); }

Json FieldEnv(const char* name, const char* path) {
  return {{"name", name},
          {"valueFrom", {{"fieldRef", {{"apiVersion", "v1"}, {"fieldPath", path}}}}}};
}

Json Mount(std::string_view name, std::string_view path, bool read_only) {
  Json mount = {{"name", Text(name)}, {"mountPath", Text(path)}};
  if (read_only) mount["readOnly"] = true;
  return mount;
}

Json ContainerPort(const char* name, int port) {
  return {{"name", name}, {"containerPort", port}, {"protocol", "TCP"}};
}

Json HttpProbe(const char* path, Json timing) {
  timing["httpGet"] = {{"path", path}, {"port", kMetricsPort}, {"scheme", "HTTP"}};
  return timing;
}

// Where a server listens: the pod's address, and its loopback, which is what `kubectl port-forward`
// and other containers of the pod use.
void AddBind(const Inputs& inputs, Json* args) {
  for (const char* word : {"--bind", "$(POD_IP)"}) args->push_back(word);
  if (!inputs.shared_loopback) args->push_back("127.0.0.1");
}

// What both containers have in common.
Json Container(const char* name, const api::RedisHa& redisha, const Inputs& inputs) {
  const api::Spec& spec = redisha.spec;
  Json mounts = Json::array({Mount(kDataVolume, kDataPath, false),
                             Mount("config", kConfigPath, true), Mount("run", kRunPath, false)});
  mounts.push_back(Mount("peer", kPeerPath, true));
  if (spec.auth.enabled) mounts.push_back(Mount("auth", kAuthPath, true));
  // A container that ends says why at the end of its log: the status then shows these lines.
  return {{"name", name},
          {"terminationMessagePolicy", "FallbackToLogsOnError"},
          {"image", inputs.image},
          {"imagePullPolicy", spec.image_pull_policy},
          {"env", Json::array({FieldEnv("POD_NAME", "metadata.name"),
                               FieldEnv("POD_NAMESPACE", "metadata.namespace"),
                               FieldEnv("POD_IP", "status.podIP")})},
          {"volumeMounts", std::move(mounts)},
          {"securityContext",
           {{"allowPrivilegeEscalation", false},
            {"readOnlyRootFilesystem", true},
            {"capabilities", {{"drop", {"ALL"}}}}}}};
}

Json NodeContainer(const api::RedisHa& redisha, const Inputs& inputs) {
  Json node = Container("node", redisha, inputs);
  node["command"] = {"redisha-node"};
  Json& args = node["args"] = {Text(kConfigPath) + "/node.conf", "--replica-announce-ip",
                               "$(POD_IP)", "--redisha-node-name", "$(POD_NAME)"};
  AddBind(inputs, &args);
  node["ports"] = Json::array({ContainerPort("redis", kNodePort)});
  // The sentinel answers for the node: only it knows whether the role is settled and in sync.
  node["readinessProbe"] =
      HttpProbe("/readyz", {{"periodSeconds", 1}, {"timeoutSeconds", 1}, {"failureThreshold", 3}});
  node["livenessProbe"] = {{"tcpSocket", {{"port", kNodePort}}},
                           {"initialDelaySeconds", 10},
                           {"periodSeconds", 10},
                           {"timeoutSeconds", 5},
                           {"failureThreshold", 6}};
  if (redisha.spec.resources) node["resources"] = *redisha.spec.resources;
  return node;
}

Json SentinelContainer(const api::RedisHa& redisha, const Inputs& inputs) {
  Json sentinel = Container("sentinel", redisha, inputs);
  sentinel["command"] = {"redisha-sentinel"};
  Json& args = sentinel["args"] = {Text(kConfigPath) + "/sentinel.conf", "--announce-ip",
                                   "$(POD_IP)", "--self", "$(POD_NAME)"};
  AddBind(inputs, &args);
  sentinel["ports"] = Json::array(
      {ContainerPort("sentinel", kSentinelPort), ContainerPort("http-metrics", kMetricsPort)});
  sentinel["livenessProbe"] = HttpProbe("/healthz", {{"initialDelaySeconds", 5},
                                                     {"periodSeconds", 5},
                                                     {"timeoutSeconds", 3},
                                                     {"failureThreshold", 6}});
  sentinel["volumeMounts"].push_back(Mount("admin", kAdminPath, true));
  // The only one that talks to the API server: a node that is broken into may not label pods.
  sentinel["volumeMounts"].push_back(Mount("token", kTokenPath, true));
  if (redisha.spec.sentinel.resources) sentinel["resources"] = *redisha.spec.sentinel.resources;
  return sentinel;
}

// What a pod's service account is given by default, for one container instead of all.
Json TokenVolume() {
  static constexpr int kTokenSeconds = 3607;  // as the API server's own; the kubelet renews it
  const Json token = {{"path", "token"}, {"expirationSeconds", kTokenSeconds}};
  const Json authority = {{"name", "kube-root-ca.crt"},
                          {"items", Json::array({{{"key", "ca.crt"}, {"path", "ca.crt"}}})}};
  const Json ns = {{"path", "namespace"},
                   {"fieldRef", {{"apiVersion", "v1"}, {"fieldPath", "metadata.namespace"}}}};
  return {{"name", "token"},
          {"projected",
           {{"sources", Json::array({{{"serviceAccountToken", token}},
                                     {{"configMap", authority}},
                                     {{"downwardAPI", {{"items", Json::array({ns})}}}}})}}}};
}

// One key of a Secret as a file of the same or another name.
Json SecretVolume(const char* name, const std::string& secret, std::string_view key,
                  std::string_view file) {
  return {{"name", name},
          {"secret",
           {{"secretName", secret},
            {"items", Json::array({{{"key", Text(key)}, {"path", Text(file)}}})}}}};
}

Json Volumes(const api::RedisHa& redisha) {
  const api::Spec& spec = redisha.spec;
  const std::string peer_secret = PeerSecretName(redisha.key.name);
  Json volumes =
      Json::array({{{"name", "config"}, {"configMap", {{"name", ConfigMapName(redisha.key.name)}}}},
                   {{"name", "run"}, {"emptyDir", Json::object()}},
                   SecretVolume("peer", peer_secret, kPeerKey, kPeerKey),
                   SecretVolume("admin", peer_secret, kAdminPasswordKey, kAdminPasswordKey),
                   TokenVolume()});
  if (spec.auth.enabled) {
    volumes.push_back(
        SecretVolume("auth", AuthSecretName(redisha), spec.auth.secret_key, "password"));
  }
  if (spec.storage.type == api::StorageType::kEmptyDir) {
    volumes.push_back(
        {{"name", Text(kDataVolume)}, {"emptyDir", {{"sizeLimit", spec.storage.size}}}});
  }
  return volumes;
}

Json PodSpec(const api::RedisHa& redisha, const Inputs& inputs) {
  Json pod = {
      {"serviceAccountName", redisha.key.name},
      {"automountServiceAccountToken", false},
      {"terminationGracePeriodSeconds", kTerminationGraceSeconds},
      {"securityContext",
       {{"runAsNonRoot", true},
        {"runAsUser", kUser},
        {"runAsGroup", kUser},
        {"fsGroup", kUser},
        {"fsGroupChangePolicy", "OnRootMismatch"},
        {"seccompProfile", {{"type", "RuntimeDefault"}}}}},
      {"containers",
       Json::array({NodeContainer(redisha, inputs), SentinelContainer(redisha, inputs)})},
      {"volumes", Volumes(redisha)},
      {"topologySpreadConstraints",
       Json::array({{{"maxSkew", 1},
                     {"topologyKey", "kubernetes.io/hostname"},
                     {"whenUnsatisfiable", "ScheduleAnyway"},
                     {"labelSelector", {{"matchLabels", SelectorLabels(redisha.key.name)}}}}})}};
  if (!redisha.spec.image_pull_secrets.empty()) {
    for (const std::string& secret : redisha.spec.image_pull_secrets) {
      pod["imagePullSecrets"].push_back({{"name", secret}});
    }
  }
  return pod;
}

Json PodTemplate(const api::RedisHa& redisha, const Inputs& inputs,
                 const std::string& config_hash) {
  Json pod_template = {{"metadata", {{"labels", Json::object()}}},
                       {"spec", PodSpec(redisha, inputs)}};
  if (redisha.spec.pod_template) MergePodTemplate(*redisha.spec.pod_template, &pod_template);
  // Ours last: the selector and the operator's caches depend on them.
  Json& metadata = pod_template["metadata"];
  metadata["labels"].update(CommonLabels(redisha.key.name));
  metadata["labels"].update(SelectorLabels(redisha.key.name));
  metadata["annotations"][std::string(kAnnotationConfigHash)] = config_hash;
  return pod_template;
}

Json VolumeClaim(const api::RedisHa& redisha, const Inputs& inputs) {
  const api::StorageSpec& storage = redisha.spec.storage;
  // apiVersion and kind as the server fills them in.
  Json claim = {
      {"apiVersion", "v1"},
      {"kind", "PersistentVolumeClaim"},
      {"metadata", {{"name", Text(kDataVolume)}, {"labels", SelectorLabels(redisha.key.name)}}},
      {"spec",
       {{"accessModes", {"ReadWriteOnce"}},
        {"volumeMode", "Filesystem"},
        {"resources", {{"requests", {{"storage", storage.size}}}}}}}};
  if (!inputs.cluster_uid.empty()) {
    claim["metadata"]["annotations"] = {{Text(kAnnotationClusterUid), inputs.cluster_uid}};
  }
  if (!storage.storage_class_name.empty()) {
    claim["spec"]["storageClassName"] = storage.storage_class_name;
  }
  return claim;
}

}  // namespace

k8s::Json StatefulSet(const api::RedisHa& redisha, const Inputs& inputs,
                      const std::string& config_hash) {
  Json object = NewChild(k8s::kStatefulSets, redisha, redisha.key.name);
  Json& spec = object["spec"];
  object["metadata"]["annotations"] = {
      {Text(kAnnotationVoters), std::to_string(inputs.Voters(redisha))},
      {Text(kAnnotationImage), inputs.image}};
  spec = {{"replicas", inputs.Pods(redisha)},
          {"serviceName", PodsServiceName(redisha.key.name)},
          // A pod is ready only with a majority of sentinels: started in order, none would be.
          {"podManagementPolicy", "Parallel"},
          {"revisionHistoryLimit", kRevisionHistoryLimit},
          {"updateStrategy", {{"type", "RollingUpdate"}}},
          {"selector", {{"matchLabels", SelectorLabels(redisha.key.name)}}},
          {"template", PodTemplate(redisha, inputs, config_hash)}};
  if (redisha.spec.storage.type == api::StorageType::kPersistentVolumeClaim) {
    spec["volumeClaimTemplates"] = Json::array({VolumeClaim(redisha, inputs)});
  }
  return object;
}

}  // namespace rha::op::desired
