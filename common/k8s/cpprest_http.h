// HttpTransport over cpprestsdk. The only file that knows the library is cpprest_http.cc.
//
// Two connections pools: one for ordinary requests, one for watches, whose silence is normal.
// Any thread may use the transport. The process-wide thread pool of the library is sized on the
// first use (limits.h kHttpThreads). Never call Send or Stream from one of its threads.
#pragma once

#include <chrono>
#include <functional>
#include <memory>

#include "common/base/status.h"
#include "common/k8s/config.h"
#include "common/k8s/http.h"
#include "common/k8s/limits.h"

namespace rha::k8s {

struct TransportOptions {
  std::chrono::milliseconds timeout = kRequestTimeout;
  std::string user_agent = "redisha";
  // The library reads the machine's certificates for every new connection, which takes 20 to 60 ms
  // of a CPU, and where the configuration names a CA they count for nothing. True: not then. It is
  // a setting of the process, by its environment, so for programs that use TLS for nothing else and
  // start no others. Make the first such transport before there are other threads.
  bool leave_system_certificates = false;
  // Called once per answer (code 0: none came); for metrics. Any thread.
  std::function<void(HttpMethod method, int code)> on_answer;
};

Result<std::unique_ptr<HttpTransport>> MakeCpprestTransport(const ClusterConfig& config,
                                                            const TransportOptions& options = {});

}  // namespace rha::k8s
