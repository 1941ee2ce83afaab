// CONFIG REWRITE: the file again, with what holds now.
//
// Known directives take their present values in their old places; comments and unknown lines stay;
// what the file would still not give is appended. Every word is quoted so that it is read back
// byte for byte, and the new text is read once before it takes the place of the old: a rewritten
// file always starts a server with the configuration that was rewritten.
// Thread rule: the loop's thread.
#pragma once

#include <string>
#include <string_view>

#include "common/base/status.h"
#include "node/app/config.h"

namespace rha::node::app {

// Reads the files that `old_text` includes. `everything`: what is at its default is told, too.
Result<std::string> RewriteConfigText(std::string_view old_text, const Config& config,
                                      bool everything = false);

// Rewrites config.config_file; a crash leaves the old file or the new one.
Status RewriteConfigFile(const Config& config, bool everything = false);

}  // namespace rha::node::app
