#include "cli/migrate/migration.h"

#include <algorithm>
#include <charconv>

#include "cli/view/archive.h"
#include "cli/view/text.h"
#include "common/k8s/base64.h"
#include "local/object/json.h"

namespace rha::cli {
namespace {

namespace object = local::object;

constexpr size_t kReleaseBytesMax = 32u << 20;

// What the operator writes itself (docs/operator.md).
bool IsSetByOperator(std::string_view directive) {
  static constexpr std::string_view kWords[] = {"port",
                                                "bind",
                                                "dir",
                                                "requirepass",
                                                "masterauth",
                                                "replicaof",
                                                "slaveof",
                                                "unixsocket",
                                                "daemonize",
                                                "include",
                                                "tls-port",
                                                "replica-announce-ip",
                                                "replica-announce-port"};
  return std::find(std::begin(kWords), std::end(kWords), directive) != std::end(kWords);
}

const Json* Walk(const Json& value, std::string_view path) {
  const Json* at = &value;
  while (!path.empty()) {
    const size_t dot = path.find('.');
    at = object::FindKey(*at, path.substr(0, dot));
    if (at == nullptr) return nullptr;
    path.remove_prefix(dot == std::string_view::npos ? path.size() : dot + 1);
  }
  return at;
}

bool SaysNothing(const Json& value) {
  if (value.is_object() || value.is_array()) {
    return std::all_of(value.begin(), value.end(), SaysNothing);
  }
  return value.is_null() || value == false || value == "";
}

std::string Unquoted(std::string text) {
  const size_t first = text.find_first_not_of(" \t\r");
  const size_t last = text.find_last_not_of(" \t\r");
  if (first == std::string::npos) return "";
  text = text.substr(first, last - first + 1);
  const bool quoted =
      text.size() >= 2 && (text[0] == '"' || text[0] == '\'') && text.back() == text[0];
  return quoted ? text.substr(1, text.size() - 2) : text;
}

void Comment(const std::string& text, std::string* out) { *out += "# " + text + "\n"; }

// The way the data go: a snapshot of the old primary in the volume of the new pod 0.
void AddSteps(const Migration& migration, std::string* out) {
  const std::string name = object::Name(migration.redisha);
  const bool volume = object::Str(migration.redisha, {"spec", "storage", "type"}) != "EmptyDir";
  const std::string size = object::Str(migration.redisha, {"spec", "storage", "size"}, "1Gi");
  int step = 0;
  const auto say = [&](const std::string& text) {
    Comment(std::to_string(++step) + ". " + text, out);
  };
  const auto run = [out](const std::string& text) { Comment("     " + text, out); };
  say("Install the operator, if it is not there: kubectl redisha doctor says.");
  if (migration.secret_goes) {
    say("Keep the password: its Secret goes with the source.");
    run("kubectl get secret " + migration.secret + " -o jsonpath='{.data." + migration.secret_key +
        "}' | base64 -d |");
    run("  kubectl create secret generic " + name +
        "-password --from-file=" + migration.secret_key + "=/dev/stdin");
  }
  if (volume) {
    say("Stop the writers, or what they write from here on stays behind. Take a snapshot:");
    const std::string in = migration.snapshot_pod + " -c " + migration.snapshot_container;
    const std::string password = migration.secret.empty()
                                     ? ""
                                     : "REDISCLI_AUTH=\"${REDIS_PASSWORD:-$(cat "
                                       "\"$REDIS_PASSWORD_FILE\")}\" ";
    run("kubectl exec " + in + " -- sh -c '" + password + "redis-cli --rdb /tmp/dump.rdb'");
    run("kubectl cp -c " + migration.snapshot_container + " " + migration.snapshot_pod +
        ":/tmp/dump.rdb dump.rdb");
    say("Put it into the volume of pod " + name +
        "-0, which then leads (docs/migrate/redis.md has "
        "claim and pod):");
    run("kubectl cp dump.rdb " + name + "-seed:/data/dump.rdb      # claim data-" + name + "-0, " +
        size);
  } else {
    say("The data are not carried over: they are in memory alone. Stop the writers.");
  }
  say("Apply this file and wait:");
  run("kubectl apply -f FILE && kubectl redisha status " + name + " --wait");
  if (volume) {
    say("Compare: kubectl redisha cli " + name + " -- DBSIZE, and the same at the source.");
  }
  say("Point the clients there, and start the writers:");
  for (const auto& [before, after] : migration.addresses) run(before + "  ->  " + after);
  say("When nothing is missed: " + migration.removal);
}

}  // namespace

Json SourceValues::Get(const std::string& path) {
  read_.insert(path);
  if (const Json* value = Walk(user_, path)) return *value;
  const Json* value = Walk(defaults_, path);
  return value == nullptr ? Json() : *value;
}

std::string SourceValues::Text(const std::string& path) {
  const Json value = Get(path);
  if (value.is_string()) return value.get<std::string>();
  return value.is_number() ? value.dump() : "";
}

bool SourceValues::Flag(const std::string& path, bool fallback) {
  const Json value = Get(path);
  return value.is_boolean() ? value.get<bool>() : fallback;
}

int64_t SourceValues::Number(const std::string& path, int64_t fallback) {
  const Json value = Get(path);
  if (value.is_number()) return value.get<int64_t>();
  int64_t number = fallback;
  if (value.is_string()) {
    const auto& text = value.get_ref<const std::string&>();
    std::from_chars(text.data(), text.data() + text.size(), number);
  }
  return number;
}

bool SourceValues::SetByUser(const std::string& path) const {
  const Json* value = Walk(user_, path);
  return value != nullptr && !SaysNothing(*value);
}

void SourceValues::Ignore(std::initializer_list<const char*> paths) {
  for (const char* path : paths) read_.insert(path);
}

void SourceValues::Collect(const Json& value, const std::string& path,
                           const std::vector<Advice>& advice, std::vector<LeftOut>* left) const {
  if (read_.contains(path) || SaysNothing(value)) return;
  const Advice* best = nullptr;
  for (const Advice& row : advice) {
    if (path == row.prefix) best = &row;
  }
  const bool known_below = std::any_of(read_.begin(), read_.end(), [&path](const auto& read) {
    return path.empty() || read.starts_with(path + ".");
  });
  const bool advised_below = std::any_of(advice.begin(), advice.end(), [&path](const Advice& row) {
    return row.prefix.starts_with(path + ".");
  });
  if (best == nullptr && value.is_object() && (known_below || advised_below)) {
    for (const auto& [key, inner] : value.items()) {
      Collect(inner, path.empty() ? key : path + "." + key, advice, left);
    }
    return;
  }
  left->push_back({path, best != nullptr ? std::string(best->text)
                                         : "no field; pods are shaped with spec.podTemplate"});
}

std::vector<LeftOut> SourceValues::Left(const std::vector<Advice>& advice) const {
  std::vector<LeftOut> left;
  Collect(user_, "", advice, &left);
  return left;
}

Json NewRedisHa(const std::string& name, const std::string& name_space) {
  Json redisha = {{"apiVersion", "ha.redisha.io/v1"},
                  {"kind", "RedisHA"},
                  {"metadata", {{"name", name}}},
                  {"spec", Json::object()}};
  if (!name_space.empty()) redisha["metadata"]["namespace"] = name_space;
  return redisha;
}

void SetReplicas(int64_t pods, Migration* to) {
  int64_t replicas = std::clamp<int64_t>(pods, 1, 15);
  if (replicas == 2) {
    replicas = 3;
    to->notes.push_back("2 pods have become 3: two voters cannot survive the loss of one");
  } else if (replicas != pods) {
    to->notes.push_back(std::to_string(pods) + " pods have become " + std::to_string(replicas));
  }
  to->redisha["spec"]["replicas"] = replicas;
}

void SetQuorum(int64_t quorum, Migration* to) {
  if (quorum <= 0) return;
  const int64_t replicas = object::Int(to->redisha, {"spec", "replicas"}, 3);
  if (quorum < replicas / 2 + 1 || quorum > replicas) {
    to->notes.push_back("quorum " + std::to_string(quorum) + " is left out: a majority of the " +
                        std::to_string(replicas) + " pods decides");
    return;
  }
  object::Make(to->redisha, {"spec", "sentinel", "quorum"}) = quorum;
}

void AddConfigLines(const std::vector<std::string>& lines, const std::string& path, Migration* to) {
  Json& spec = to->redisha["spec"];
  std::string append_only;
  for (const std::string& each : lines) {
    const std::string line = Unquoted(each);
    const size_t space = line.find_first_of(" \t");
    std::string directive = line.substr(0, space);
    for (char& c : directive) c = static_cast<char>(tolower(c));
    const std::string value = space == std::string::npos ? "" : Unquoted(line.substr(space + 1));
    if (directive.empty() || directive[0] == '#') continue;
    if (directive == "save") {
      int64_t seconds = 0;
      std::from_chars(value.data(), value.data() + value.size(), seconds);
      Json& persistence = object::Make(spec, {"persistence"});
      persistence["mode"] = value.empty() ? "None" : "RDB";
      if (seconds > 0) persistence["snapshotSeconds"] = seconds;
    } else if (directive == "appendonly") {
      append_only = value;
    } else if (directive == "appendfsync") {
      object::Make(spec, {"persistence"})["fsync"] = value == "always" ? "Always"
                                                     : value == "no"   ? "Never"
                                                                       : "EverySecond";
    } else if (directive == "auto-aof-rewrite-percentage") {
      int64_t percent = 100;
      std::from_chars(value.data(), value.data() + value.size(), percent);
      object::Make(spec, {"persistence"})["rewritePercent"] = percent;
    } else if (IsSetByOperator(directive)) {
      to->left.push_back({path + ": " + directive, "the operator sets it itself"});
    } else if (directive == "rename-command" || directive == "user" || directive == "loadmodule" ||
               directive == "client-output-buffer-limit") {
      to->left.push_back({path + ": " + line.substr(0, line.find(' ', space + 1)),
                          "spec.config has one value for each directive; see docs/differences.md"});
    } else {
      spec["config"][directive] = value;
    }
  }
  const std::string mode = object::Str(spec, {"persistence", "mode"});
  if (append_only == "yes") {
    SetPersistenceMode(mode == "None" ? "AOF" : "AOFAndRDB", to);
  } else if (!mode.empty() || !append_only.empty()) {
    SetPersistenceMode(mode.empty() ? "RDB" : mode, to);
  }
}

void SetPersistenceMode(const std::string& mode, Migration* to) {
  Json& persistence = object::Make(to->redisha, {"spec", "persistence"});
  persistence["mode"] = mode;
  if (mode == "AOF" || mode == "AOFAndRDB") return;
  persistence.erase("fsync");  // as in redis.conf they say nothing without the file
  persistence.erase("rewritePercent");
}

void AddPodField(const std::string& field, const Json& value, Migration* to) {
  if (SaysNothing(value)) return;
  object::Make(to->redisha, {"spec", "podTemplate", "spec"})[field] = value;
}

void SetUnlessEmpty(Json* object, const std::string& key, const Json& value) {
  if (!SaysNothing(value)) (*object)[key] = value;
}

Result<Json> DecodeHelmRelease(const Json& secret) {
  const std::string outer = object::Str(secret, {"data", "release"});
  if (outer.empty()) return Status(Code::kInvalid, "the Secret has no release in it");
  RHA_ASSIGN_OR_RETURN(const std::string inner, k8s::DecodeBase64(outer));
  RHA_ASSIGN_OR_RETURN(const std::string packed, k8s::DecodeBase64(inner));
  if (!packed.starts_with("\x1f\x8b")) return object::ParseJson(packed);  // Helm before 3
  RHA_ASSIGN_OR_RETURN(const std::string text, Gunzip(packed, kReleaseBytesMax));
  return object::ParseJson(text);
}

std::string MigrationText(const Migration& migration) {
  std::string out;
  Comment("From " + migration.source + ". Read it, then follow the steps at the end.", &out);
  out += ToYaml(migration.redisha);
  if (!migration.notes.empty()) {
    out += "#\n";
    Comment("Carried over, but not as it was:", &out);
    for (const std::string& note : migration.notes) Comment("- " + note, &out);
  }
  if (!migration.left.empty()) {
    out += "#\n";
    Comment("Not carried over:", &out);
    for (const LeftOut& left : migration.left) Comment("- " + left.path + ": " + left.advice, &out);
  }
  out += "#\n";
  Comment("Steps:", &out);
  AddSteps(migration, &out);
  return out;
}

}  // namespace rha::cli
