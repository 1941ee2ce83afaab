// `redisha doctor [NAME]`: the cluster and the RedisHA in it, line by line, with what to do next.
#include <cstdio>

#include "cli/evidence.h"
#include "cli/program.h"
#include "cli/subjects.h"
#include "cli/verbs.h"
#include "cli/view/text.h"

namespace rha::cli {

int Doctor(const NamedOptions& options) {
  const auto client = ClusterClient::Connect(options.access);
  if (!client.ok()) return Fail(client.status());
  ClusterClient& cluster = **client;
  auto subjects = ReadSubjects(cluster, cluster.name_space(), options.name);
  // Without the resource type, or the right to read it, there is still a cluster to look at.
  const bool wrong_name =
      !subjects.ok() && !options.name.empty() && subjects.status().code() == Code::kNotFound;
  if (wrong_name) return Fail(subjects.status());
  const auto reached = cluster.api().GetPath("/version");
  if (!reached.ok()) {
    return Fail(Status(reached.status().code(), reached.status().message() +
                                                    "; is the cluster up, and is this its "
                                                    "kubeconfig? (" +
                                                    cluster.config().source + ")"));
  }
  const auto checks = Diagnose(
      Gather(cluster, subjects.ok() ? *subjects : std::vector<Subject>(), cluster.name_space()));
  std::fputs((options.output == "json" ? ToJson(ChecksJson(checks)) : ChecksText(checks)).c_str(),
             stdout);
  return ExitCodeOf(checks);
}

}  // namespace rha::cli
