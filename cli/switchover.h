// Moving the primary: for `switchover` and for `restart`.
#pragma once

#include <functional>
#include <string>

#include "cli/cluster_client.h"
#include "cli/view/subject.h"

namespace rha::cli {

struct SwitchoverDone {
  std::string from, to;
  int64_t named_ms = 0;   // from the order until the sentinel names the new primary
  int64_t routed_ms = 0;  // … until the Service leads to it
};
// `to` empty: the sentinels choose. `say` is told of each step, with the milliseconds since the
// order.
Result<SwitchoverDone> MovePrimary(ClusterClient& client, const Subject& subject,
                                   const std::string& to,
                                   const std::function<void(int64_t, const std::string&)>& say);

}  // namespace rha::cli
