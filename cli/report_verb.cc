// `redisha report [NAME]`: what somebody who helps would ask for, in one file, without secrets.
#include <fcntl.h>
#include <unistd.h>

#include <cstdio>
#include <set>

#include "cli/evidence.h"
#include "cli/pod/logs.h"
#include "cli/pod/pods.h"
#include "cli/program.h"
#include "cli/subjects.h"
#include "cli/verbs.h"
#include "cli/view/archive.h"
#include "cli/view/names.h"
#include "cli/view/redaction.h"
#include "cli/view/status_text.h"
#include "cli/view/text.h"
#include "common/base/unique_fd.h"
#include "common/env/files.h"
#include "common/k8s/time_format.h"
#include "local/object/json.h"

namespace rha::cli {
namespace {

namespace object = local::object;

constexpr int64_t kLogLinesMax = 20'000;  // of each container
constexpr const char* kHelmType = "helm.sh/release.v1";

class Bundle {
 public:
  Bundle(ClusterClient& client, int64_t now_us) : client_(client), now_us_(now_us) {}

  // First of all: what must not be in it.
  void LearnSecrets(const std::vector<Subject>& subjects) {
    k8s::Api api = client_.api();
    const auto all = api.List(k8s::kSecrets, {.ns = client_.name_space()});
    if (all.ok()) {
      for (const auto& secret : all->items) {
        if (object::Str(*secret, {"type"}) != kHelmType) redaction_.AddSecretObject(*secret);
      }
      return;
    }
    for (const Subject& subject : subjects) {
      const std::string name = object::Name(subject.redisha);
      const std::string auth = object::Str(subject.redisha, {"status", "endpoints", "authSecret"});
      for (const std::string& secret : {name + "-peer", auth.substr(0, auth.find('/'))}) {
        if (secret.empty()) continue;
        const auto read = api.Get({&k8s::kSecrets, {client_.name_space(), secret}});
        if (read.ok()) {
          redaction_.AddSecretObject(*read);
        } else {
          Note("Secret " + secret + " could not be read, so its values could not be looked for: " +
               read.status().message());
        }
      }
    }
  }

  void AddText(const std::string& name, const std::string& text) {
    tar_.Add("redisha-report/" + name, redaction_.Text(text), now_us_ / 1'000'000);
  }
  void AddObject(const std::string& name, const Json& value) {
    tar_.Add("redisha-report/" + name, ToJson(redaction_.Object(value)), now_us_ / 1'000'000);
  }
  void AddList(const std::string& name, const k8s::ResourceType& type,
               const k8s::ListOptions& options) {
    const auto listed = client_.api().List(type, options);
    if (!listed.ok()) return Note(name + ": " + listed.status().message());
    Json items = Json::array();
    for (const auto& item : listed->items) items.push_back(redaction_.Object(*item));
    AddObject(name, items);
  }
  void Note(const std::string& what) { notes_ += what + "\n"; }

  std::string Take() {
    AddText("not-read.txt", notes_.empty() ? "everything was read\n" : notes_);
    return Gzip(tar_.Take());
  }
  const std::string& notes() const { return notes_; }

 private:
  ClusterClient& client_;
  const int64_t now_us_;
  Redaction redaction_;
  Tar tar_;
  std::string notes_;
};

std::string LogText(ClusterClient& client, const Json& pod, const std::string& container,
                    bool previous, Bundle& bundle) {
  const LogQuery query{.containers = {container}, .tail_lines = kLogLinesMax, .previous = previous};
  std::vector<std::string> problems;
  std::string text;
  for (const LogLine& line : ReadLogs(client, {Json::object(), {pod}}, query, &problems)) {
    text += line.text + "\n";
  }
  for (const std::string& problem : problems) bundle.Note(problem);
  return text;
}

void AddPod(ClusterClient& client, const Json& pod, Bundle& bundle) {
  const std::string folder = "pods/" + object::Name(pod) + "/";
  bundle.AddObject(folder + "pod.json", pod);
  for (const Json& container : object::Items(pod, {"spec", "containers"})) {
    const std::string name = object::Str(container, {"name"});
    bundle.AddText(folder + name + ".log", LogText(client, pod, name, false, bundle));
    const std::string before = LogText(client, pod, name, true, bundle);
    if (!before.empty()) bundle.AddText(folder + name + ".previous.log", before);
  }
}

std::string Printed(const resp::Value& value) {
  if (!value.is_aggregate()) {
    return value.type == resp::Value::Type::kInteger ? std::to_string(value.integer) : value.text;
  }
  std::string text;
  for (const auto& item : value.items) text += Printed(item) + "\n";
  return text;
}

// What node and sentinel say, by their own protocol.
void AddAnswers(ClusterClient& client, const Subject& subject, Bundle& bundle) {
  const auto passwords = ReadPasswords(client, subject, true);
  if (!passwords.ok()) return bundle.Note("INFO, SENTINEL: " + passwords.status().message());
  const std::string group = object::Str(subject.redisha, {"status", "endpoints", "masterName"});
  for (const Json& pod : subject.pods) {
    const std::string folder = "pods/" + object::Name(pod) + "/";
    const auto ask = [&]() -> Status {
      RHA_ASSIGN_OR_RETURN(NodeDoor node, NodeDoor::Open(client, pod, *passwords));
      RHA_ASSIGN_OR_RETURN(const auto info, node.Call({"INFO", "everything"}));
      bundle.AddText(folder + "info.txt", info.text);
      RHA_ASSIGN_OR_RETURN(Tunnel tunnel, Tunnel::Open(client.access(), object::Namespace(pod), pod,
                                                       {kSentinelPort}));
      RHA_ASSIGN_OR_RETURN(RedisClient sentinel, ConnectSentinel(tunnel, *passwords));
      std::string text;
      for (const char* what : {"MASTER", "REPLICAS", "SENTINELS"}) {
        RHA_ASSIGN_OR_RETURN(const auto reply, sentinel.Call({"SENTINEL", what, group}));
        text += std::string("# ") + what + "\n" + Printed(reply);
      }
      bundle.AddText(folder + "sentinel.txt", text);
      return {};
    };
    if (const Status asked = ask(); !asked.ok()) {
      bundle.Note(object::Name(pod) + ": " + asked.message());
    }
  }
}

void AddSubject(ClusterClient& client, const Subject& subject, Bundle& bundle) {
  const std::string name = object::Name(subject.redisha);
  const std::string space = object::Namespace(subject.redisha);
  bundle.AddObject(name + "/redisha.json", subject.redisha);
  const std::string selector = "app.kubernetes.io/name=redisha,app.kubernetes.io/instance=" + name;
  for (const auto& [file, type] : {std::pair{"statefulsets", &k8s::kStatefulSets},
                                   {"services", &k8s::kServices},
                                   {"configmaps", &k8s::kConfigMaps},
                                   {"secrets", &k8s::kSecrets},
                                   {"claims", &k8s::kPersistentVolumeClaims},
                                   {"budgets", &k8s::kPodDisruptionBudgets},
                                   {"policies", &k8s::kNetworkPolicies},
                                   {"roles", &k8s::kRoles}}) {
    bundle.AddList(name + "/" + file + ".json", *type, {.ns = space, .label_selector = selector});
  }
  for (const Json& pod : subject.pods) AddPod(client, pod, bundle);
  for (const auto& [pod, page] : ReadPages(client, subject)) {
    if (page.ok()) {
      bundle.AddText("pods/" + pod + "/metrics.txt", *page);
    } else {
      bundle.Note(pod + ": " + page.status().message());
    }
  }
  AddAnswers(client, subject, bundle);
}

void AddOperators(ClusterClient& client, const Evidence& evidence, Bundle& bundle) {
  std::set<std::string> spaces;
  for (const Json& deployment : evidence.operators.items) {
    spaces.insert(object::Namespace(deployment));
    bundle.AddObject("operator/" + object::Name(deployment) + ".json", deployment);
  }
  for (const std::string& space : spaces) {
    const auto pods = client.api().List(
        k8s::kPods, {.ns = space, .label_selector = "app.kubernetes.io/name=redisha-operator"});
    if (!pods.ok()) {
      bundle.Note("operator: " + pods.status().message());
      continue;
    }
    for (const auto& pod : pods->items) AddPod(client, *pod, bundle);
  }
}

Status WriteFile(const std::string& path, const std::string& bytes) {
  const UniqueFd file(::open(path.c_str(), O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600));
  if (!file.valid()) return ErrnoStatus("create " + path);
  return env::WriteAll(file.get(), bytes, path);
}

std::string DefaultFile(int64_t now_us) {
  std::string time = k8s::FormatTime(now_us);
  std::erase_if(time, [](char c) { return c == ':' || c == '-'; });
  return "redisha-report-" + time + ".tar.gz";
}

Status Run(const ReportOptions& options) {
  RHA_ASSIGN_OR_RETURN(const auto client, ClusterClient::Connect(options.access));
  RHA_ASSIGN_OR_RETURN(const auto subjects,
                       ReadSubjects(*client, client->name_space(), options.name));
  const int64_t now_us = NowUnixMicros();
  const std::string path = options.file.empty() ? DefaultFile(now_us) : options.file;
  Bundle bundle(*client, now_us);
  bundle.LearnSecrets(subjects);
  const Evidence evidence = Gather(*client, subjects, client->name_space());
  bundle.AddText("doctor.txt", ChecksText(Diagnose(evidence)));
  bundle.AddText("status.txt", StatusTable(subjects, {.wide = true}, now_us));
  bundle.AddObject("version.json", {{"redisha", RHA_VERSION}, {"server", evidence.version}});
  for (const Subject& subject : subjects) AddSubject(*client, subject, bundle);
  bundle.AddList("events.json", k8s::kEvents, {.ns = client->name_space()});
  AddOperators(*client, evidence, bundle);
  RHA_RETURN_IF_ERROR(WriteFile(path, bundle.Take()));
  if (!bundle.notes().empty()) {
    std::fprintf(stderr, "redisha: not everything was read (not-read.txt in it):\n%s",
                 bundle.notes().c_str());
  }
  std::printf("%s\n", path.c_str());
  return {};
}

}  // namespace

int Report(const ReportOptions& options) {
  const Status done = Run(options);
  return done.ok() ? kDone : Fail(done);
}

}  // namespace rha::cli
