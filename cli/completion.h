// Completion of the command line: scripts for shells, all of which ask the program itself.
//
//   redisha __complete WORD… CURRENT    candidates, one a line, then ":4", as kubectl expects it of
//                                       a plugin's kubectl_complete-NAME (4: no file names)
// Pure but for `names`, which asks the cluster; any thread.
#pragma once

#include <functional>
#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace rha::cli {

inline constexpr const char* kCompleteVerb = "__complete";

// `words` are what stands behind the program's name, the last one is being typed. `names` gives
// those of the RedisHA resources there are.
std::vector<std::string> Candidates(const CLI::App& app, const std::vector<std::string>& words,
                                    const std::function<std::vector<std::string>()>& names);

// For bash, zsh or fish; "" for another.
std::string CompletionScript(const std::string& shell);

}  // namespace rha::cli
