// The repository's manifests, built into the program.
#pragma once

#include <string_view>

namespace rha::cli {

extern const std::string_view kDefinitionManifest;  // crds/redisha.yaml
extern const std::string_view kOperatorManifest;    // deploy/operator.yaml

}  // namespace rha::cli
