#include "local/kubelet/volumes.h"

#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "common/base/random_id.h"
#include "local/kubelet/path_map.h"
#include "local/object/base64.h"
#include "local/object/json.h"

namespace rha::local::kubelet {
namespace {

namespace fs = std::filesystem;
using object::Find;
using object::Items;
using object::Json;
using object::Map;
using object::Str;

constexpr const char* kDataLink = "..data";

Status MakeFolder(const std::string& path, mode_t mode) {
  std::error_code error;
  fs::create_directories(path, error);
  if (error) return Status(Code::kIo, "make " + path + ": " + error.message());
  ::chmod(path.c_str(), mode);
  return Status::Ok();
}

bool SafePath(const std::string& path) {
  return !path.empty() && path.front() != '/' && path.find("..") == std::string::npos;
}

Result<std::string> ValueOf(const Json& object, const std::string& key, bool secret) {
  if (const Json* text = Find(object, {"data", key}); text != nullptr && text->is_string()) {
    const auto& raw = text->get_ref<const std::string&>();
    return secret ? object::Base64Decode(raw) : Result<std::string>(raw);
  }
  if (const Json* bytes = Find(object, {"binaryData", key});
      bytes != nullptr && bytes->is_string()) {
    return object::Base64Decode(bytes->get_ref<const std::string&>());
  }
  return Status(Code::kNotFound, "references non-existent key: " + key);
}

// All keys of a ConfigMap or Secret, or the `items` chosen.
Status AddObject(const Json& source, bool secret, const PodInputs& inputs, Payload& payload) {
  const std::string name = Str(source, {"name"}, Str(source, {"secretName"}));
  const store::Object object = inputs.lookup(secret ? "secrets" : "configmaps", name);
  if (object == nullptr) {
    if (object::Bool(source, {"optional"})) return Status::Ok();
    return Status(Code::kNotFound,
                  std::string(secret ? "secret" : "configmap") + " \"" + name + "\" not found");
  }
  if (const Json* items = Find(source, {"items"}); items != nullptr && items->is_array()) {
    for (const auto& item : *items) {
      const std::string path = Str(item, {"path"});
      if (!SafePath(path)) return Status(Code::kInvalid, "bad path in volume: " + path);
      auto value = ValueOf(*object, Str(item, {"key"}), secret);
      if (!value.ok() && object::Bool(source, {"optional"})) continue;
      if (!value.ok()) return std::move(value).status();
      payload[path] = *std::move(value);
    }
    return Status::Ok();
  }
  for (const char* field : {"data", "binaryData"}) {
    for (const auto& [key, value] : Map(*object, {field}).items()) {
      RHA_ASSIGN_OR_RETURN(payload[key], ValueOf(*object, key, secret));
    }
  }
  return Status::Ok();
}

// The text of a ConfigMap may name paths; a Secret's bytes are nobody's to change.
Status AddConfigMap(const Json& source, const PodInputs& inputs, const PathMap& paths,
                    Payload& payload) {
  Payload own;
  RHA_RETURN_IF_ERROR(AddObject(source, false, inputs, own));
  for (auto& [path, text] : own) {
    payload[path] = paths.empty() ? std::move(text) : paths.Replace(text);
  }
  return Status::Ok();
}

void AddFields(const Json& pod, const Json& source, const PodInputs& inputs, Payload& payload) {
  for (const auto& item : Items(source, {"items"})) {
    const std::string path = Str(item, {"path"});
    if (SafePath(path)) {
      payload[path] = FieldValue(pod, Str(item, {"fieldRef", "fieldPath"}), inputs);
    }
  }
}

std::string ReadFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

bool SamePayload(const std::string& folder, const Payload& payload) {
  const std::string data = folder + "/" + kDataLink;
  if (!fs::exists(data)) return false;
  size_t present = 0;
  for (const auto& entry : fs::recursive_directory_iterator(fs::canonical(data))) {
    present += entry.is_regular_file() ? 1 : 0;
  }
  if (present != payload.size()) return false;
  for (const auto& [path, text] : payload) {
    if (!fs::exists(data + "/" + path) || ReadFile(data + "/" + path) != text) return false;
  }
  return true;
}

// Where the volume lies; empty: in `folder`, to be filled from objects.
Result<std::string> PlainVolume(const Json& volume, const std::string& folder,
                                const PodInputs& inputs) {
  if (Find(volume, {"emptyDir"}) != nullptr) {
    RHA_RETURN_IF_ERROR(MakeFolder(folder, 0777));
    return folder;
  }
  if (const Json* claim = Find(volume, {"persistentVolumeClaim"})) {
    const std::string name = Str(*claim, {"claimName"});
    const store::Object found = inputs.lookup("persistentvolumeclaims", name);
    if (found == nullptr) {
      return Status(Code::kNotFound, "persistentvolumeclaim \"" + name + "\" not found");
    }
    const std::string bound = Str(*found, {"spec", "volumeName"});
    if (bound.empty()) return Status(Code::kUnavailable, "claim " + name + " is not bound yet");
    const std::string path = inputs.claims_folder + "/" + bound;
    RHA_RETURN_IF_ERROR(MakeFolder(path, 0777));
    return path;
  }
  if (Find(volume, {"hostPath"}) != nullptr) return Str(volume, {"hostPath", "path"});
  return std::string();
}

}  // namespace

std::string FieldValue(const Json& pod, const std::string& path, const PodInputs& inputs) {
  const size_t quote = path.find("['");
  if (quote != std::string::npos && path.ends_with("']")) {
    const std::string key = path.substr(quote + 2, path.size() - quote - 4);
    const bool labels = path.starts_with("metadata.labels");
    return Str(pod, {"metadata", labels ? "labels" : "annotations", key});
  }
  if (path == "metadata.name") return object::Name(pod);
  if (path == "metadata.namespace") return object::Namespace(pod);
  if (path == "metadata.uid") return object::Uid(pod);
  if (path == "spec.nodeName") return Str(pod, {"spec", "nodeName"});
  if (path == "spec.serviceAccountName") return Str(pod, {"spec", "serviceAccountName"});
  if (path == "status.podIP" || path == "status.podIPs") return Str(pod, {"status", "podIP"});
  if (path == "status.hostIP" || path == "status.hostIPs") return inputs.host_ip;
  std::string lines;
  for (const char* map : {"labels", "annotations"}) {
    if (path != std::string("metadata.") + map) continue;
    for (const auto& [key, value] : Map(pod, {"metadata", map}).items()) {
      lines += key + "=" + object::Dump(value) + "\n";
    }
  }
  return lines;
}

Result<Payload> PayloadOf(const Json& pod, const Json& volume, const PodInputs& inputs,
                          const PathMap& paths) {
  Payload payload;
  if (const Json* source = Find(volume, {"configMap"})) {
    RHA_RETURN_IF_ERROR(AddConfigMap(*source, inputs, paths, payload));
  } else if (const Json* secret = Find(volume, {"secret"})) {
    RHA_RETURN_IF_ERROR(AddObject(*secret, true, inputs, payload));
  } else if (const Json* fields = Find(volume, {"downwardAPI"})) {
    AddFields(pod, *fields, inputs, payload);
  } else if (const Json* projected = Find(volume, {"projected"})) {
    for (const auto& each : Items(*projected, {"sources"})) {
      if (const Json* map = Find(each, {"configMap"})) {
        RHA_RETURN_IF_ERROR(AddConfigMap(*map, inputs, paths, payload));
      } else if (const Json* hidden = Find(each, {"secret"})) {
        RHA_RETURN_IF_ERROR(AddObject(*hidden, true, inputs, payload));
      } else if (const Json* down = Find(each, {"downwardAPI"})) {
        AddFields(pod, *down, inputs, payload);
      } else if (const Json* token = Find(each, {"serviceAccountToken"})) {
        payload[Str(*token, {"path"}, "token")] = inputs.token();
      }
    }
  } else {
    return Status(Code::kUnsupported, "volume \"" + Str(volume, {"name"}) +
                                          "\" is of a kind that a local cluster does not have");
  }
  return payload;
}

std::string AccountKubeconfig(const Json& pod, const std::map<std::string, std::string>& volumes,
                              const PodInputs& inputs) {
  std::string token_folder;
  for (const auto& volume : Items(pod, {"spec", "volumes"})) {
    for (const auto& source : Items(volume, {"projected", "sources"})) {
      if (Find(source, {"serviceAccountToken"}) == nullptr) continue;
      token_folder = volumes.at(Str(volume, {"name"}));
    }
  }
  const std::string server = "https://" + inputs.api_host + ":" + inputs.api_port;
  Json user = Json::object();
  Json cluster{{"server", server}};
  if (!token_folder.empty()) {
    user["tokenFile"] = token_folder + "/token";
    cluster["certificate-authority"] = token_folder + "/ca.crt";
  }
  const Json context{{"cluster", "pod"}, {"user", "pod"}, {"namespace", object::Namespace(pod)}};
  return object::Dump({{"apiVersion", "v1"},
                       {"kind", "Config"},
                       {"current-context", "pod"},
                       {"clusters", Json::array({{{"name", "pod"}, {"cluster", cluster}}})},
                       {"users", Json::array({{{"name", "pod"}, {"user", user}}})},
                       {"contexts", Json::array({{{"name", "pod"}, {"context", context}}})}}) +
         "\n";
}

// FOLDER/KEY → ..data/KEY, ..data → ..VERSION: switching ..data changes all files at once, as the
// kubelet of Kubernetes does.
Status WritePayload(const std::string& folder, const Payload& payload) {
  RHA_RETURN_IF_ERROR(MakeFolder(folder, 0755));
  if (SamePayload(folder, payload)) return Status::Ok();
  const std::string version = ".." + RandomHex(10), link = folder + "/" + kDataLink;
  for (const auto& [path, text] : payload) {
    const fs::path file = fs::path(folder) / version / path;
    RHA_RETURN_IF_ERROR(MakeFolder(file.parent_path(), 0755));
    std::ofstream out(file, std::ios::binary);
    out << text;
    out.close();
    if (!out) return ErrnoStatus("write " + file.string());
    ::chmod(file.c_str(), 0644);
  }
  RHA_RETURN_IF_ERROR(MakeFolder(folder + "/" + version, 0755));
  std::error_code error;
  const std::string before = fs::is_symlink(link) ? fs::read_symlink(link, error).string() : "";
  fs::create_symlink(version, link + "_tmp", error);
  fs::rename(link + "_tmp", link, error);
  if (error) return Status(Code::kIo, "switch " + link + ": " + error.message());
  for (const auto& [path, text] : payload) {
    const std::string top = path.substr(0, path.find('/'));
    if (!fs::is_symlink(folder + "/" + top)) {
      fs::create_symlink(std::string(kDataLink) + "/" + top, folder + "/" + top, error);
    }
  }
  if (!before.empty()) fs::remove_all(folder + "/" + before, error);
  return Status::Ok();
}

Result<std::map<std::string, std::string>> PrepareVolumes(const Json& pod,
                                                          const std::string& pod_folder,
                                                          const PodInputs& inputs) {
  std::map<std::string, std::string> folders;
  std::vector<const Json*> made_of_objects;
  const auto failed = [](const std::string& name, const Status& why) {
    return Status(why.code(),
                  "MountVolume.SetUp failed for volume \"" + name + "\" : " + why.message());
  };
  for (const auto& volume : Items(pod, {"spec", "volumes"})) {
    const std::string name = Str(volume, {"name"}), own = pod_folder + "/volumes/" + name;
    auto folder = PlainVolume(volume, own, inputs);
    if (!folder.ok()) return failed(name, folder.status());
    if (folder->empty()) made_of_objects.push_back(&volume);
    folders[name] = folder->empty() ? own : *folder;
  }
  const PathMap paths = inputs.isolated ? PathMap() : PathsOf(pod, "", folders, inputs.binaries);
  for (const Json* volume : made_of_objects) {
    const std::string name = Str(*volume, {"name"});
    const auto payload = PayloadOf(pod, *volume, inputs, paths);
    if (!payload.ok()) return failed(name, payload.status());
    const Status written = WritePayload(folders[name], *payload);
    if (!written.ok()) return failed(name, written);
  }
  return folders;
}

}  // namespace rha::local::kubelet
