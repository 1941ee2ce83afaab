// What `redisha doctor` concludes from what it has found. Pure; any thread.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "cli/view/metrics_page.h"
#include "cli/view/subject.h"

namespace rha::cli {

enum class Level { kOk, kWarn, kFail };
struct Check {
  Level level = Level::kOk;
  std::string what;   // "operator"
  std::string found;  // a sentence
  std::string next;   // what to do; empty when ok
};

// Something that may not have been readable: the objects, or why not.
struct Listed {
  std::vector<Json> items;
  std::string problem;
};

struct Permission {
  std::string words;  // "create pods/portforward"
  std::string wanted_by;
  std::optional<bool> allowed;  // nothing: the server could not be asked
};

struct Evidence {
  std::string cli_version;
  Json version;                                   // /version
  std::string definition_yaml_version;            // spec fingerprint of the CRD that is built in
  std::optional<std::string> definition_version;  // of the one installed; nothing: none there
  Listed operators;                               // Deployments
  std::vector<Permission> permissions;
  Listed storage_classes, claims, node_leases, policies, dns;
  int64_t now_us = 0;        // of this machine
  int64_t api_time_us = -1;  // of the API server
  std::vector<Subject> subjects;
  std::map<std::string, PodFacts> facts;  // by namespace/pod
};

std::vector<Check> Diagnose(const Evidence& evidence);
std::string ChecksText(const std::vector<Check>& checks);
Json ChecksJson(const std::vector<Check>& checks);
// kFail: 4, kWarn: 3.
int ExitCodeOf(const std::vector<Check>& checks);

}  // namespace rha::cli
