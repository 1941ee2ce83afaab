// Options of what this server does not have, so that a file written for Redis loads: accepted
// where they change nothing that anybody relies on, shown and rewritten.
//
// Each row lists the values that are harmless here. Any other ends the start, and fails CONFIG SET,
// with a line that says what to do instead: nobody shall believe in a protection that is not there.
// Any thread.
#pragma once

#include <vector>

#include "node/app/options.h"

namespace rha::node::app {

std::vector<Option> RememberedOptions();

}  // namespace rha::node::app
