// From the command line to a configuration, as redis-server reads it:
//
//   redisha-node                                  defaults
//   redisha-node FILE [--option value ...]        file first, flags after it
//   redisha-node - < FILE                         file from standard input
//   redisha-node --option value ...               flags alone
//   redisha-node --help | --version
//
// Thread rule: before the loop starts.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/base/status.h"
#include "node/app/config.h"

namespace rha::node::app {

struct CommandLine {
  enum class Ask { kRun, kHelp, kVersion };
  Ask ask = Ask::kRun;
  Config config;
};

// Errors are whole texts for the user, with the line they are about.
Result<CommandLine> ReadCommandLine(const std::vector<std::string>& args);

// The directives of `text`. `origin` names it in errors.
Status ApplyConfigText(std::string_view text, std::string_view origin, Config* config);
// Likewise a whole configuration: with what it names (requirepass-file), and checked as a whole.
Status ReadConfigText(std::string_view text, std::string_view origin, Config* config);

std::string HelpText();
std::string VersionText();

}  // namespace rha::node::app
