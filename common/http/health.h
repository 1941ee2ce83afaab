// Answers for probes: 200 with what is fine, or 503 with every reason why not, one per line.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "common/http/server.h"

namespace rha::http {

struct Health {
  std::vector<std::string> failing;  // empty: healthy
  std::string summary;               // one line for people, shown when healthy
};

// `check` follows the thread rule of handlers.
Handler HealthHandler(std::function<Health()> check);

}  // namespace rha::http
