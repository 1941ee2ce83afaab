// Where a container has no mounts of its own: every path at which a volume would lie is replaced by
// the volume's folder, in arguments, environment and ConfigMaps. Empty where mounts can be had.
// A path is replaced as a whole or up to a slash ("/data", "/data/x", not "/database", "/x/data").
// Pure; any thread.
#pragma once

#include <map>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace rha::local::kubelet {

class PathMap {
 public:
  // The first folder given for a path stays.
  void Add(std::string path, std::string folder);
  bool empty() const { return pairs_.empty(); }
  std::string Replace(std::string_view text) const;

  // $TAR_OPTIONS that give what tar packs the names of the paths again: `kubectl cp` looks for
  // them.
  std::string TarOptions() const;

  nlohmann::json ToJson() const;
  static PathMap FromJson(const nlohmann::json& list);

 private:
  struct Pair {
    std::string path, folder;
  };
  std::vector<Pair> pairs_;  // longest path first
};

// Of a pod's mounts, those of `container` before the others'. Mounts with a subPathExpr are left
// out: they are known only once the variables are.
PathMap PathsOf(const nlohmann::json& pod, const std::string& container,
                const std::map<std::string, std::string>& volumes, const std::string& binaries);

}  // namespace rha::local::kubelet
