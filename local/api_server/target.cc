#include "local/api_server/target.h"

#include <vector>

namespace rha::local::api_server {

std::optional<Target> ParseTargetPath(const std::string& path) {
  std::vector<std::string> parts;
  size_t begin = 1;
  while (begin < path.size()) {
    const size_t slash = path.find('/', begin);
    parts.push_back(path.substr(begin, slash - begin));
    begin = slash == std::string::npos ? path.size() : slash + 1;
  }
  Target target;
  size_t i = 0;
  if (parts.size() >= 3 && parts[0] == "api") {
    target.version = parts[1];
    i = 2;
  } else if (parts.size() >= 4 && parts[0] == "apis") {
    target.group = parts[1];
    target.version = parts[2];
    i = 3;
  } else {
    return std::nullopt;
  }
  // /namespaces/NS/RESOURCE…, but /namespaces/NS and /namespaces/NS/status are of the namespace.
  const size_t left = parts.size() - i;
  const bool own = left == 3 && (parts[i + 2] == "status" || parts[i + 2] == "finalize");
  if (parts[i] == "namespaces" && left >= 3 && !own) {
    target.name_space = parts[i + 1];
    i += 2;
  }
  target.resource = parts[i++];
  if (i < parts.size()) target.name = parts[i++];
  if (i < parts.size()) target.subresource = parts[i++];
  if (i < parts.size() || target.resource.empty()) return std::nullopt;
  return target;
}

}  // namespace rha::local::api_server
