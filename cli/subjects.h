// Reading RedisHA resources and their pods.
#pragma once

#include <string>
#include <vector>

#include "cli/cluster_client.h"
#include "cli/view/subject.h"

namespace rha::cli {

// One by its name, or (name empty) all of the namespace; `name_space` empty: of all namespaces.
// An error says what to do: the type is not installed, or which names there are.
Result<std::vector<Subject>> ReadSubjects(ClusterClient& client, const std::string& name_space,
                                          const std::string& name);
Result<Subject> ReadSubject(ClusterClient& client, const std::string& name);

// Of the machine, in microseconds; for ages.
int64_t NowUnixMicros();

}  // namespace rha::cli
