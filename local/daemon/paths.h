// The files of a local cluster's folder.
#pragma once

#include <string>

#include "common/base/status.h"

namespace rha::local::daemon {

struct Paths {
  explicit Paths(std::string folder) : root(std::move(folder)) {}
  std::string root;

  std::string Kubeconfig() const { return root + "/kubeconfig"; }
  std::string Certificates() const { return root + "/pki"; }
  std::string Secret() const { return root + "/secret"; }  // signs tokens
  std::string Port() const { return root + "/port"; }
  std::string Objects() const { return root + "/objects"; }
  std::string Pods() const { return root + "/pods"; }
  std::string Claims() const { return root + "/claims"; }
  std::string Lock() const { return root + "/lock"; }  // held while the daemon lives; has its pid
  std::string Log() const { return root + "/local.log"; }
  // A short name of the folder, for containers that see the machine's own paths: the address of a
  // Unix socket holds 107 bytes. Always the same, since programs remember paths.
  std::string Alias() const;
  // Makes the alias; kExists when something else lies there.
  Status LinkAlias() const;
  // Removes it if it is ours.
  void UnlinkAlias() const;
};

}  // namespace rha::local::daemon
