#include "node/app/title.h"

#include <optional>

namespace rha::node::app {
namespace {

// There is no TLS, and neither a cluster's nor a sentinel's mode.
std::optional<std::string> Fact(std::string_view name, std::string_view program,
                                const Config& config) {
  if (name == "title") return std::string(program);
  if (name == "server-mode") return "";
  if (name == "port") return std::to_string(config.port);
  if (name == "tls-port") return "0";
  if (name == "unixsocket") return config.unix_socket;
  if (name == "config-file") return config.config_file.empty() ? "-" : config.config_file;
  if (name != "listen-addr") return std::nullopt;
  if (config.port == 0) return "unixsocket:" + config.unix_socket;
  return (config.bind.empty() ? "*" : config.bind.front()) + ":" + std::to_string(config.port);
}

}  // namespace

Result<std::string> ExpandTitle(std::string_view text, std::string_view program,
                                const Config& config) {
  const Status invalid(Code::kInvalid, "template format is invalid or contains unknown variables");
  std::string title;
  while (!text.empty()) {
    const size_t open = std::min(text.find('{'), text.size());
    title += text.substr(0, open);
    text.remove_prefix(open);
    if (text.empty()) break;
    if (text.starts_with("{{")) {
      title += '{';
      text.remove_prefix(2);
      continue;
    }
    const size_t close = text.find('}');
    if (close == std::string_view::npos) return invalid;
    const auto fact = Fact(text.substr(1, close - 1), program, config);
    if (!fact) return invalid;
    title += *fact;
    text.remove_prefix(close + 1);
  }
  const size_t first = title.find_first_not_of(' ');
  if (first == std::string::npos) return invalid;
  return title.substr(first, title.find_last_not_of(' ') + 1 - first);
}

}  // namespace rha::node::app
