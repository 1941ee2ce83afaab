// Small files of the cluster's folder.
#pragma once

#include <string>

#include "common/base/status.h"

namespace rha::local::daemon {

Result<std::string> ReadFile(const std::string& path);
// Replaces the file in one step.
Status WriteFile(const std::string& path, const std::string& text, int mode);
Status MakeFolder(const std::string& path);

}  // namespace rha::local::daemon
