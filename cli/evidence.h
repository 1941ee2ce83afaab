// Gathering what `doctor` and `report` judge. Blocking.
#pragma once

#include "cli/cluster_client.h"
#include "cli/view/diagnosis.h"

namespace rha::cli {

// What cannot be read is said in the evidence, never an error.
Evidence Gather(ClusterClient& client, std::vector<Subject> subjects,
                const std::string& name_space);

}  // namespace rha::cli
