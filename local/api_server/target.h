// What a URL of the resource API addresses: /api/v1/namespaces/NS/pods/NAME/log. Pure; any thread.
#pragma once

#include <optional>
#include <string>

namespace rha::local::api_server {

struct Target {
  std::string group, version, name_space, resource, name, subresource;
};

// Nothing for a path that is not one of a resource.
std::optional<Target> ParseTargetPath(const std::string& path);

}  // namespace rha::local::api_server
