// The rows of the table of options that are about the process itself: files, logs, shutdown, title,
// what is measured.
// Any thread.
#pragma once

#include <vector>

#include "node/app/options.h"

namespace rha::node::app {

std::vector<Option> ProcessOptions();

}  // namespace rha::node::app
