#include "node/app/command_line.h"

#include <unistd.h>

#include <algorithm>
#include <climits>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <sstream>

#include "common/base/config_text.h"
#include "node/app/options.h"
#include "node/app/secrets.h"
#include "node/dispatch/command.h"
#include "node/dispatch/engine_options.h"
#include "node/dispatch/table.h"

namespace rha::node::app {
namespace {

constexpr int kIncludeDepthMax = 8;

// The line, but for what nobody should find in a log.
std::string Showable(std::string_view line) {
  const size_t start = std::min(line.find_first_not_of(" \t"), line.size());
  const size_t end = std::min(line.find_first_of(" \t", start), line.size());
  const std::string_view directive = line.substr(start, end - start);
  const Option* option = FindOption(directive);
  if (option == nullptr || (option->flags & kSecret) == 0) return std::string(line);
  return std::string(directive) + " (redacted)";
}

Status LineError(std::string_view origin, int line, std::string_view text, std::string_view why) {
  std::string message = "*** FATAL CONFIG FILE ERROR (RedisHA " RHA_VERSION ") ***\nReading ";
  message += origin;
  message += ", at line " + std::to_string(line) + "\n>>> '";
  message += Showable(text);
  message += "'\n";
  message += why;
  return Status(Code::kInvalid, std::move(message));
}

Result<std::string> ReadWhole(const std::string& path) {
  std::ostringstream text;
  if (path == "-") {
    text << std::cin.rdbuf();
    return text.str();
  }
  std::ifstream file(path);
  if (!file) {
    return Status(Code::kNotFound, "Fatal error, can't open config file '" + path +
                                       "': " + ErrnoStatus("open").message());
  }
  text << file.rdbuf();
  return text.str();
}

std::string_view TextOfLine(std::string_view text, int number) {
  for (int line = 1; line < number; ++line) {
    const size_t end = text.find('\n');
    if (end == std::string_view::npos) return {};
    text.remove_prefix(end + 1);
  }
  text = text.substr(0, text.find('\n'));
  while (!text.empty() && (text.back() == '\r' || text.back() == ' ')) text.remove_suffix(1);
  return text;
}

Status ApplyText(std::string_view text, std::string_view origin, int depth, Config* config);

Status ApplyInclude(const ConfigLine& line, int depth, Config* config) {
  if (line.words.size() != 2) return Status(Code::kInvalid, "wrong number of arguments");
  if (depth >= kIncludeDepthMax) return Status(Code::kInvalid, "too many nested includes");
  RHA_ASSIGN_OR_RETURN(const std::string text, ReadWhole(line.words[1]));
  return ApplyText(text, "the configuration file " + line.words[1], depth + 1, config);
}

Status ApplyLine(const ConfigLine& line, int depth, Config* config) {
  if (line.words[0] == "include") return ApplyInclude(line, depth, config);
  if (line.words[0] == "loadmodule") {
    return Status(Code::kUnsupported, std::string(dispatch::kNoModules));
  }
  const Option* option = FindOption(line.words[0]);
  const Words values = Words(line.words).subspan(1);
  if (option == nullptr || (values.size() != 1 && (option->flags & kManyWords) == 0)) {
    return Status(Code::kInvalid, "Bad directive or wrong number of arguments");
  }
  // An option of many words may have them all in one argument: --save "3600 1 300 100".
  if ((option->flags & kManyWords) != 0 && values.size() == 1 &&
      values[0].find(' ') != std::string::npos) {
    const auto words = SplitConfigWords(values[0]);
    if (!words.ok()) return Status(Code::kInvalid, "Unbalanced quotes");
    return option->set(*config, *words);
  }
  return option->set(*config, values);
}

Status ApplyText(std::string_view text, std::string_view origin, int depth, Config* config) {
  // Line by line, so that an error can show its line.
  const Result<std::vector<ConfigLine>> lines = ParseConfigText(text);
  if (!lines.ok()) {
    int number = 1;
    std::istringstream stream{std::string(text)};
    for (std::string line; std::getline(stream, line); ++number) {
      if (!ParseConfigText(line).ok()) {
        return LineError(origin, number, line, "Unbalanced quotes in configuration line");
      }
    }
    return lines.status();
  }
  for (const ConfigLine& line : *lines) {
    const Status applied = ApplyLine(line, depth, config);
    if (applied.ok()) continue;
    if (applied.message().starts_with("***")) return applied;
    return LineError(origin, line.number, TextOfLine(text, line.number), applied.message());
  }
  return {};
}

// "--port 7000 --save 60 1" as lines of a configuration file. As in Redis, the argument behind a
// lone name is its value whatever it looks like, and the first name may stand without its dashes.
std::string FlagsToText(const std::vector<std::string>& args, size_t from) {
  std::string text;
  bool wants_value = false;
  for (size_t i = from; i < args.size(); ++i) {
    const std::string& arg = args[i];
    const bool is_value = wants_value || !arg.starts_with("--");
    wants_value = false;
    if (is_value) {
      const std::string quoted = QuoteConfigWord(arg);
      text += quoted.starts_with('"') ? ' ' + quoted : " \"" + quoted + '"';
      continue;
    }
    if (!text.empty()) text += '\n';
    text += arg.substr(2);
    const bool last = i + 1 == args.size();
    const bool no_points = arg == "--save" && (last || args[i + 1].starts_with("--"));
    if (no_points) text += " \"\"";
    wants_value = !no_points && arg.find(' ') == std::string::npos;
  }
  return text.empty() ? text : text + '\n';
}

std::string AbsolutePath(const std::string& path) {
  if (path.starts_with('/')) return path;
  char cwd[PATH_MAX];
  return ::getcwd(cwd, sizeof cwd) == nullptr ? path : std::string(cwd) + "/" + path;
}

}  // namespace

Status ReadConfigText(std::string_view text, std::string_view origin, Config* config) {
  RHA_RETURN_IF_ERROR(ApplyConfigText(text, origin, config));
  return ReadPasswordFile(config);
}

Status ApplyConfigText(std::string_view text, std::string_view origin, Config* config) {
  return ApplyText(text, origin, 0, config);
}

Result<CommandLine> ReadCommandLine(const std::vector<std::string>& args) {
  CommandLine result;
  size_t next = 0;
  if (!args.empty()) {
    if (args[0] == "--help" || args[0] == "-h") {
      result.ask = CommandLine::Ask::kHelp;
      return result;
    }
    if (args[0] == "--version" || args[0] == "-v") {
      result.ask = CommandLine::Ask::kVersion;
      return result;
    }
    if (!args[0].starts_with("--")) {
      if (args[0] != "-") result.config.config_file = AbsolutePath(args[0]);
      RHA_ASSIGN_OR_RETURN(const std::string text, ReadWhole(args[0]));
      RHA_RETURN_IF_ERROR(ApplyConfigText(text, "the configuration file", &result.config));
      next = 1;
    }
  }
  std::vector<std::string> flags = args;
  if (!flags.empty() && flags.size() > next &&
      flags.back() == "-") {  // the file from stdin comes last
    flags.pop_back();
    RHA_ASSIGN_OR_RETURN(const std::string text, ReadWhole("-"));
    RHA_RETURN_IF_ERROR(
        ApplyConfigText(text, "the configuration from standard input", &result.config));
  }
  RHA_RETURN_IF_ERROR(
      ApplyConfigText(FlagsToText(flags, next), "the command line", &result.config));
  RHA_RETURN_IF_ERROR(ReadPasswordFile(&result.config));
  return result;
}

std::string VersionText() {
  return "redisha-node " RHA_VERSION " (compatible with Redis " +
         std::string(dispatch::kRedisVersion) + ")\n";
}

std::string HelpText() {
  return "Usage: redisha-node [/path/to/redis.conf] [options] [-]\n"
         "       redisha-node - (read config from stdin)\n"
         "       redisha-node -v or --version\n"
         "       redisha-node -h or --help\n"
         "       redisha-node --check-aof --help\n"
         "       redisha-node --check-rdb --help\n\n"
         "Options are those of the configuration file with -- before them.\n\n"
         "Examples:\n"
         "       redisha-node (run the server with default conf)\n"
         "       echo 'maxmemory 128mb' | redisha-node -\n"
         "       redisha-node /etc/redis/6379.conf\n"
         "       redisha-node --port 7777\n"
         "       redisha-node --port 7777 --replicaof 127.0.0.1 8888\n"
         "       redisha-node /etc/myredis.conf --loglevel verbose -\n";
}

}  // namespace rha::node::app
