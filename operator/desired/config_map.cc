// ConfigMap NAME-config: the files of node and sentinel, in the syntax of redis.conf.
#include <nlohmann/json.hpp>

#include "operator/desired/desired.h"
#include "operator/desired/names.h"

namespace rha::op::desired {
namespace {

// Redis' default of 1 MB is passed by a replica that is a fraction of a second behind; what lies
// beyond costs it a full resync after a failover, and the dataset its redundancy meanwhile.
constexpr std::string_view kReplBacklog = "32mb";

class Lines {
 public:
  template <typename... Words>
  void Add(const Words&... words) {
    bool first = true;
    ((text_ += (first ? "" : " "), first = false, text_ += Text(words)), ...);
    text_ += '\n';
  }
  std::string Take() { return std::move(text_); }

 private:
  static std::string Text(int number) { return std::to_string(number); }
  static std::string Text(std::string_view text) { return std::string(text); }
  std::string text_;
};

std::string Heading(const api::RedisHa& redisha) {
  return "# Written by redisha-operator for RedisHA " + redisha.key.ToString() +
         "; edits here are undone.";
}

// How a program shows the others of its RedisHA that it is one of them.
void AddIdentity(const api::RedisHa& redisha, const Inputs& inputs, Lines* lines) {
  lines->Add("redisha-cluster-uid", inputs.ClusterUid(redisha));
  lines->Add("redisha-peer-key-file", kPeerKeyFile);
}

std::string_view FsyncWord(api::FsyncPolicy policy) {
  switch (policy) {
    case api::FsyncPolicy::kAlways:
      return "always";
    case api::FsyncPolicy::kNever:
      return "no";
    case api::FsyncPolicy::kEverySecond:
      break;
  }
  return "everysec";
}

std::string NodeConf(const api::RedisHa& redisha, const Inputs& inputs) {
  const api::Spec& spec = redisha.spec;
  Lines lines;
  lines.Add(Heading(redisha));
  lines.Add("port", kNodePort);
  lines.Add("unixsocket", kNodeSocket);
  lines.Add("dir", kDataPath);
  // The node waits for its sentinel to give it a role.
  lines.Add("redisha-managed", "yes");
  AddIdentity(redisha, inputs, &lines);
  if (spec.auth.enabled) {
    lines.Add("requirepass-file", kPasswordFile);
  } else {
    lines.Add("protected-mode", "no");  // else only clients of the pod itself would be served
  }
  if (spec.persistence.snapshots()) {
    lines.Add("save", spec.persistence.snapshot_seconds, 1);
  } else {
    lines.Add("save", "\"\"");
  }
  if (spec.persistence.append_only()) {  // else unsaid: images of earlier versions do not know it
    lines.Add("appendonly", "yes");
    lines.Add("appendfsync", FsyncWord(spec.persistence.fsync));
    if (spec.persistence.rewrite_percent != api::PersistenceSpec{}.rewrite_percent) {
      lines.Add("auto-aof-rewrite-percentage", spec.persistence.rewrite_percent);
    }
  }
  lines.Add("repl-backlog-size", kReplBacklog);
  for (const auto& [key, value] : spec.config) lines.Add(key, value.empty() ? "\"\"" : value);
  return lines.Take();
}

// While the number of voters is on its way to the one asked for, their majority must do.
int Quorum(const api::Spec& spec, int voters) {
  return voters == spec.replicas ? spec.sentinel.quorum : voters / 2 + 1;
}

std::string SentinelConf(const api::RedisHa& redisha, const Inputs& inputs) {
  const api::Spec& spec = redisha.spec;
  const int voters = inputs.Voters(redisha);
  const std::string& master = spec.sentinel.master_name;
  Lines lines;
  lines.Add(Heading(redisha));
  lines.Add("port", kSentinelPort);
  lines.Add("redisha-group", master, Quorum(spec, voters));
  for (int i = 0; i < voters; ++i) {
    lines.Add("redisha-member", PodName(redisha.key.name, i), PodHost(redisha.key, i));
  }
  lines.Add("redisha-node-port", kNodePort);
  lines.Add("redisha-local-socket", kNodeSocket);
  if (spec.auth.enabled && spec.auth.sentinel) lines.Add("requirepass-file", kPasswordFile);
  lines.Add("redisha-admin-password-file", kAdminPasswordFile);
  lines.Add("redisha-state-file", kStateFile);
  AddIdentity(redisha, inputs, &lines);
  lines.Add("redisha-initialised", inputs.initialised ? "yes" : "no");
  if (spec.durability == api::Durability::kMajority) lines.Add("redisha-durability", "quorum");
  lines.Add("redisha-metrics-port", kMetricsPort);
  lines.Add("sentinel down-after-milliseconds", master, spec.sentinel.down_after_ms);
  lines.Add("sentinel failover-timeout", master, spec.sentinel.failover_timeout_ms);
  lines.Add("sentinel parallel-syncs", master, spec.sentinel.parallel_syncs);
  return lines.Take();
}

}  // namespace

k8s::Json ConfigMap(const api::RedisHa& redisha, const Inputs& inputs) {
  k8s::Json object = NewChild(k8s::kConfigMaps, redisha, ConfigMapName(redisha.key.name));
  object["data"] = {{"node.conf", NodeConf(redisha, inputs)},
                    {"sentinel.conf", SentinelConf(redisha, inputs)}};
  return object;
}

}  // namespace rha::op::desired
