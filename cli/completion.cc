#include "cli/completion.h"

#include <CLI/CLI.hpp>
#include <algorithm>

namespace rha::cli {
namespace {

constexpr const char* kBash = R"sh(# source <(redisha completion bash)
_redisha() {
  local line
  COMPREPLY=()
  while IFS= read -r line; do
    [[ $line == :* ]] || COMPREPLY+=("$line")
  done < <(redisha __complete "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
}
complete -o default -F _redisha redisha
)sh";

constexpr const char* kZsh = R"sh(#compdef redisha
# source <(redisha completion zsh)
_redisha() {
  local -a candidates
  candidates=(${(f)"$(redisha __complete "${(@)words[2,CURRENT]}" 2>/dev/null | grep -v '^:')"})
  if (( ${#candidates} )); then compadd -a candidates; else _files; fi
}
(( $+functions[compdef] )) && compdef _redisha redisha
)sh";

constexpr const char* kFish = R"sh(# redisha completion fish | source
function __redisha_complete
  set -l words (commandline -opc) (commandline -ct)
  redisha __complete $words[2..-1] 2>/dev/null | string match -v ':*'
end
complete -c redisha -f -a '(__redisha_complete)'
)sh";

std::vector<const CLI::App*> Subcommands(const CLI::App& app) {
  return app.get_subcommands([](const CLI::App* sub) { return !sub->get_group().empty(); });
}

const CLI::App* Subcommand(const CLI::App& app, const std::string& name) {
  for (const CLI::App* sub : Subcommands(app)) {
    if (sub->get_name() == name) return sub;
  }
  return nullptr;
}

// Whether what follows `word` is its value.
bool TakesValue(const CLI::App& app, const std::string& word) {
  const CLI::Option* option = app.get_option_no_throw(word);
  return option != nullptr && option->get_items_expected_max() > 0;
}

const CLI::Option* Positional(const CLI::App& app, size_t index) {
  for (const CLI::Option* option : app.get_options()) {
    if (option->get_positional() && index-- == 0) return option;
  }
  return nullptr;
}

std::vector<std::string> LongOptions(const CLI::App& app) {
  std::vector<std::string> found;
  for (const CLI::Option* option : app.get_options()) {
    if (option->get_group().empty()) continue;
    for (const std::string& name : option->get_lnames()) found.push_back("--" + name);
  }
  return found;
}

// Words an option or argument takes, where they are few.
std::vector<std::string> Values(const std::string& of, const std::string& verb) {
  if (of == "-o" || of == "--output") return {"json", "yaml", "wide"};
  if (of == "-c" || of == "--container") return {"node", "sentinel"};
  if (of == "--during") return {"switchover", "delete-primary"};
  if (of == "from") return {"bitnami", "spotahome", "opstree"};
  if (of == "shell") return {"bash", "zsh", "fish"};
  if (of == "kind" && verb == "get") return {"redisha", "pods", "sts", "svc", "events"};
  return {};
}

}  // namespace

std::vector<std::string> Candidates(const CLI::App& app, const std::vector<std::string>& words,
                                    const std::function<std::vector<std::string>()>& names) {
  const CLI::App* at = &app;
  size_t positionals = 0;
  std::string before;  // an option whose value is being typed
  for (size_t i = 0; i + 1 < words.size(); ++i) {
    const bool value = !before.empty();
    before.clear();
    if (value) continue;
    if (words[i].starts_with("-")) {
      if (TakesValue(*at, words[i])) before = words[i];
    } else if (const CLI::App* sub = Subcommand(*at, words[i])) {
      at = sub;
    } else {
      ++positionals;
    }
  }
  const std::string current = words.empty() ? "" : words.back();
  std::vector<std::string> found;
  if (!before.empty()) {
    found = Values(before, at->get_name());
  } else if (current.starts_with("-")) {
    found = LongOptions(*at);
  } else if (const auto subs = Subcommands(*at); !subs.empty()) {
    for (const CLI::App* sub : subs) found.push_back(sub->get_name());
  } else if (const CLI::Option* positional = Positional(*at, positionals)) {
    const std::string name = positional->get_name(true);
    found = name == "name" && at->get_name() != "migrate" ? names() : Values(name, at->get_name());
  }
  std::erase_if(found, [&current](const std::string& word) { return !word.starts_with(current); });
  std::sort(found.begin(), found.end());
  return found;
}

std::string CompletionScript(const std::string& shell) {
  return shell == "bash" ? kBash : shell == "zsh" ? kZsh : shell == "fish" ? kFish : "";
}

}  // namespace rha::cli
