#include "local/kubelet/container_spec.h"

#include <unistd.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "local/kubelet/path_map.h"
#include "local/kubelet/volumes.h"
#include "local/object/base64.h"
#include "local/object/json.h"
#include "local/schema/quantity.h"

namespace rha::local::kubelet {
namespace {

using object::Bool;
using object::Find;
using object::Items;
using object::Json;
using object::Map;
using object::Str;
using Variables = std::vector<std::pair<std::string, std::string>>;

constexpr const char* kDefaultPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

void Set(Variables& variables, const std::string& name, std::string value) {
  for (auto& [key, present] : variables) {
    if (key == name) {
      present = std::move(value);
      return;
    }
  }
  variables.emplace_back(name, std::move(value));
}

Result<std::string> KeyValue(const Json& reference, bool secret, const SpecContext& context) {
  const std::string name = Str(reference, {"name"}), key = Str(reference, {"key"});
  const auto object = context.inputs.lookup(secret ? "secrets" : "configmaps", name);
  const bool optional = Bool(reference, {"optional"});
  const std::string what = secret ? "secret" : "configmap";
  if (object == nullptr) {
    if (optional) return std::string();
    return Status(Code::kNotFound, what + " \"" + name + "\" not found");
  }
  const Json* value = Find(*object, {"data", key});
  if (value == nullptr || !value->is_string()) {
    if (optional) return std::string();
    return Status(Code::kNotFound, "couldn't find key " + key + " in " + what + " " + name);
  }
  const auto& text = value->get_ref<const std::string&>();
  return secret ? object::Base64Decode(text) : Result<std::string>(text);
}

// limits.cpu in whole cores, limits.memory in bytes; without a limit, what the machine has.
std::string ResourceValue(const Json& container, const std::string& resource) {
  const size_t dot = resource.find('.');
  if (dot == std::string::npos) return "0";
  const Json* value =
      Find(container, {"resources", resource.substr(0, dot), resource.substr(dot + 1)});
  double amount = resource.ends_with("cpu") ? static_cast<double>(::sysconf(_SC_NPROCESSORS_ONLN))
                                            : static_cast<double>(::sysconf(_SC_PHYS_PAGES)) *
                                                  static_cast<double>(::sysconf(_SC_PAGESIZE));
  if (value != nullptr) {
    amount = value->is_string()
                 ? schema::ParseQuantity(value->get_ref<const std::string&>()).value_or(0)
                 : value->get<double>();
  }
  return std::to_string(static_cast<int64_t>(std::ceil(amount)));
}

Result<std::string> SourceValue(const Json& source, const Json& container,
                                const SpecContext& context) {
  if (const Json* field = Find(source, {"fieldRef"})) {
    return FieldValue(context.pod, Str(*field, {"fieldPath"}), context.inputs);
  }
  if (const Json* secret = Find(source, {"secretKeyRef"})) return KeyValue(*secret, true, context);
  if (const Json* map = Find(source, {"configMapKeyRef"})) return KeyValue(*map, false, context);
  if (const Json* resource = Find(source, {"resourceFieldRef"})) {
    return ResourceValue(container, Str(*resource, {"resource"}));
  }
  return Status(Code::kUnsupported, "env valueFrom of an unknown kind");
}

Status AddFromSources(const Json& container, const SpecContext& context, const PathMap& paths,
                      Variables& variables) {
  for (const auto& source : Items(container, {"envFrom"})) {
    const bool secret = Find(source, {"secretRef"}) != nullptr;
    const Json& reference = Map(source, {secret ? "secretRef" : "configMapRef"});
    const std::string name = Str(reference, {"name"});
    const auto object = context.inputs.lookup(secret ? "secrets" : "configmaps", name);
    if (object == nullptr) {
      if (Bool(reference, {"optional"})) continue;
      return Status(Code::kNotFound,
                    std::string(secret ? "secret" : "configmap") + " \"" + name + "\" not found");
    }
    for (const auto& [key, value] : Map(*object, {"data"}).items()) {
      if (!value.is_string()) continue;
      const auto& text = value.get_ref<const std::string&>();
      Set(variables, Str(source, {"prefix"}) + key,
          secret ? object::Base64Decode(text).value_or("") : paths.Replace(text));
    }
  }
  return Status::Ok();
}

// Containers without a root of their own get a home in the pod's folder; variables say where the
// account's token and the names of the cluster are.
void AddSubstitutes(const SpecContext& context, const PathMap& paths, Variables& variables) {
  const std::string home = context.pod_folder + "/root";
  Set(variables, "PATH", paths.Replace(kDefaultPath));
  Set(variables, "HOME", home);
  Set(variables, "TMPDIR", home);
  Set(variables, "REDISHA_HOSTS_FILE", context.pod_folder + "/etc/hosts");
  Set(variables, "KUBECONFIG", context.pod_folder + "/etc/kubeconfig");
}

Result<Variables> EnvironmentOf(const Json& container, const SpecContext& context,
                                const PathMap& paths) {
  Variables variables{
      {"PATH", kDefaultPath},
      {"HOME", "/root"},
      {"HOSTNAME", Str(context.pod, {"spec", "hostname"}, object::Name(context.pod))},
      {"KUBERNETES_SERVICE_HOST", context.inputs.api_host},
      {"KUBERNETES_SERVICE_PORT", context.inputs.api_port},
      {"KUBERNETES_SERVICE_PORT_HTTPS", context.inputs.api_port}};
  if (!context.inputs.isolated) AddSubstitutes(context, paths, variables);
  RHA_RETURN_IF_ERROR(AddFromSources(container, context, paths, variables));
  for (const auto& entry : Items(container, {"env"})) {
    std::string value = ExpandVariables(paths.Replace(Str(entry, {"value"})), variables);
    if (const Json* source = Find(entry, {"valueFrom"})) {
      RHA_ASSIGN_OR_RETURN(value, SourceValue(*source, container, context));
    }
    Set(variables, Str(entry, {"name"}), std::move(value));
  }
  return variables;
}

Result<Json> MountsOf(const Json& container, const SpecContext& context,
                      const Variables& variables) {
  Json mounts = Json::array();
  for (const auto& mount : Items(container, {"volumeMounts"})) {
    const std::string name = Str(mount, {"name"});
    const auto folder = context.volumes.find(name);
    if (folder == context.volumes.end()) {
      return Status(Code::kNotFound, "volume \"" + name + "\" not found");
    }
    std::string source = folder->second;
    const std::string sub =
        ExpandVariables(Str(mount, {"subPathExpr"}, Str(mount, {"subPath"})), variables);
    if (sub.find("..") != std::string::npos) return Status(Code::kInvalid, "bad subPath " + sub);
    if (!sub.empty()) source += "/" + sub;
    mounts.push_back({{"source", source},
                      {"target", Str(mount, {"mountPath"})},
                      {"readOnly", Bool(mount, {"readOnly"})},
                      {"subPath", !sub.empty()}});
  }
  return mounts;
}

}  // namespace

std::string ExpandVariables(const std::string& text, const Variables& variables) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '$' || i + 1 == text.size()) {
      out += text[i];
      continue;
    }
    if (text[i + 1] == '$') {
      out += '$';
      ++i;
      continue;
    }
    const size_t close = text[i + 1] == '(' ? text.find(')', i) : std::string::npos;
    if (close == std::string::npos) {
      out += '$';
      continue;
    }
    const std::string name = text.substr(i + 2, close - i - 2);
    const auto found = std::find_if(variables.begin(), variables.end(),
                                    [&](const auto& each) { return each.first == name; });
    out += found == variables.end() ? text.substr(i, close - i + 1) : found->second;
    i = close;
  }
  return out;
}

Result<Json> MakeContainerSpec(const Json& container, const SpecContext& context) {
  const bool isolated = context.inputs.isolated;
  const PathMap paths = isolated ? PathMap()
                                 : PathsOf(context.pod, Str(container, {"name"}), context.volumes,
                                           context.inputs.binaries);
  RHA_ASSIGN_OR_RETURN(const Variables variables, EnvironmentOf(container, context, paths));
  RHA_ASSIGN_OR_RETURN(Json mounts, MountsOf(container, context, variables));
  Json argv = Json::array(), env = Json::array();
  for (const char* list : {"command", "args"}) {
    for (const auto& word : Items(container, {list})) {
      if (!word.is_string()) continue;
      // Before the variables: their values have been through it.
      argv.push_back(ExpandVariables(paths.Replace(word.get<std::string>()), variables));
    }
  }
  if (Items(container, {"command"}).empty()) {
    return Status(Code::kInvalid,
                  "container \"" + Str(container, {"name"}) +
                      "\" has no command: a local cluster pulls no images, so it cannot know the "
                      "entrypoint of " +
                      Str(container, {"image"}));
  }
  for (const auto& [key, value] : variables) env.push_back(key + "=" + value);
  return Json{{"argv", std::move(argv)},
              {"env", std::move(env)},
              {"mounts", std::move(mounts)},
              {"cwd", paths.Replace(Str(container, {"workingDir"}, "/"))},
              {"isolated", isolated},
              {"paths", paths.ToJson()},
              {"root", context.pod_folder + "/root"},
              {"etc", context.pod_folder + "/etc"},
              {"binaries", context.inputs.binaries},
              {"hostname", Str(context.pod, {"spec", "hostname"}, object::Name(context.pod))},
              {"readOnlyRoot", Bool(container, {"securityContext", "readOnlyRootFilesystem"})}};
}

}  // namespace rha::local::kubelet
