// Any bytes as a node's configuration and as a Sentinel's: never a crash, and what is read and
// written again is read as the same.
#include <algorithm>
#include <cctype>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "common/base/check.h"
#include "node/app/command_line.h"
#include "node/app/config_rewrite.h"
#include "node/app/options.h"
#include "sidecar/shell/options.h"
#include "sidecar/shell/state_file.h"

namespace {

using rha::node::app::ApplyConfigText;
using rha::node::app::Config;
using rha::node::app::LinesOf;
using rha::node::app::Option;
using rha::node::app::Options;
using rha::node::app::RewriteConfigText;

// What would read this machine's files.
bool NamesFiles(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text.find("include") != std::string::npos || text.find("file") != std::string::npos;
}

void TryNode(const std::string& text) {
  Config config;
  if (!ApplyConfigText(text, "fuzz", &config).ok()) return;
  for (const bool everything : {false, true}) {
    const auto rewritten = RewriteConfigText(text, config, everything);
    if (!rewritten.ok()) continue;  // two that are right alone may not be so together
    Config again;
    RHA_CHECK(ApplyConfigText(*rewritten, "rewritten", &again).ok());
    for (const Option& option : Options()) {
      RHA_CHECK(LinesOf(option, config) == LinesOf(option, again));
    }
  }
}

void TrySentinel(const std::string& text) {
  auto options = rha::sidecar::shell::ReadOptions("fuzz", text, {});
  if (!options.ok() || options->configured()) return;
  if (options->groups.my_id.empty())
    options->groups.my_id.assign(40, '7');  // the first start draws one
  const std::string rewritten = rha::sidecar::shell::RewriteConfig(text, options->groups);
  const auto again = rha::sidecar::shell::ReadOptions("rewritten", rewritten, {});
  RHA_CHECK(again.ok());
  RHA_CHECK(rha::sidecar::shell::RewriteConfig(rewritten, again->groups) == rewritten);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  if (NamesFiles(text)) return 0;
  TryNode(text);
  TrySentinel(text);
  return 0;
}
