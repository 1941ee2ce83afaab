// Applying manifests, for the verb and for `local up`.
#pragma once

#include <string>
#include <string_view>

#include "cli/cluster_client.h"

namespace rha::cli {

struct ApplySettings {
  std::string name_space;  // for objects that name none
  bool force = false;
  bool quiet = false;
};
// All YAML documents in order, stopping at the first that is refused.
Status ApplyManifest(ClusterClient& client, std::string_view text, const ApplySettings& settings);

}  // namespace rha::cli
