// The certificates of a local cluster: a CA of its own and a server certificate for loopback, made
// at the first start and kept in the data folder (keys mode 0600).
#pragma once

#include <string>

#include "common/base/status.h"

namespace rha::local::api_server {

struct Certificates {
  std::string ca_path, server_path, server_key_path;
  std::string ca_pem;
};

// Reads them from `folder`, or makes them there.
Result<Certificates> EnsureCertificates(const std::string& folder);

}  // namespace rha::local::api_server
