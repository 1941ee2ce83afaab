// The files of a local cluster's folder.
#pragma once

#include <string>

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
};

}  // namespace rha::local::daemon
