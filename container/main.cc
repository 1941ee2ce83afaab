// redisha-entrypoint: the image's entrypoint. Turns the environment into a configuration (never
// into arguments: everybody on the machine sees those) and becomes the program that is asked for.
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <string>
#include <vector>

#include "common/env/files.h"
#include "container/node_config.h"
#include "container/sentinel_config.h"
#include "container/variables.h"

extern char** environ;

namespace rha::container {
namespace {

constexpr char kBitnamiNodeDir[] = "/bitnami/redis/data";
constexpr char kBitnamiSentinelDir[] = "/bitnami/redis-sentinel/conf";
constexpr char kBitnamiConfig[] = "/opt/bitnami/redis/mounted-etc/redis.conf";
constexpr char kBitnamiOverrides[] = "/opt/bitnami/redis/mounted-etc/overrides.conf";
constexpr char kDefaultDir[] = "/data";
constexpr mode_t kUmask = 0077;

constexpr char kUsage[] =
    R"(Usage: IMAGE [redis-server] [/path/to/redis.conf] [--option value ...]
       IMAGE redis-sentinel [/path/to/sentinel.conf] [--option value ...]
       IMAGE redis-cli | redis-benchmark | redisha | redisha-operator | PROGRAM ...

Data is kept in /data. A file and options are those of redis-server and redis-sentinel. Without a
file, or over it, the environment says what to do, in the words of Bitnami's images. NAME_FILE names
a file that holds the value. The options of redis-server: IMAGE redis-server --help
)";

std::string IfThere(const char* path) { return ::access(path, F_OK) == 0 ? path : ""; }

Environment ReadEnvironment() {
  Environment environment;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string text = *entry;
    const size_t equals = text.find('=');
    if (equals != std::string::npos) environment[text.substr(0, equals)] = text.substr(equals + 1);
  }
  return environment;
}

[[noreturn]] void Exec(const std::vector<std::string>& words, const Environment& environment) {
  std::vector<char*> arguments, variables;
  std::vector<std::string> entries;
  for (const auto& [name, value] : environment) entries.push_back(name + "=" + value);
  for (const std::string& word : words) arguments.push_back(const_cast<char*>(word.c_str()));
  for (const std::string& entry : entries) variables.push_back(const_cast<char*>(entry.c_str()));
  arguments.push_back(nullptr);
  variables.push_back(nullptr);
  ::execvpe(arguments[0], arguments.data(), variables.data());
  const int error = errno;
  std::fprintf(stderr, "redisha-entrypoint: %s\n",
               ErrnoStatus("start " + words[0], error).message().c_str());
  _exit(error == ENOENT ? 127 : 126);
}

Status CheckWritable(const std::string& dir) {
  if (::access(dir.c_str(), W_OK | X_OK) == 0) return {};
  const Status why = ErrnoStatus("write to " + dir);
  return Status(why.code(), why.message() + ": mount a volume there that user " +
                                std::to_string(::getuid()) + " may write to (chown -R " +
                                std::to_string(::getuid()) + ")");
}

// The node ends too where it may not write, but knows nothing of volumes and users.
Status CheckDataDir(const Settings& settings, const std::vector<std::string>& arguments) {
  const bool elsewhere = std::ranges::find(arguments, "--dir") != arguments.end() ||
                         settings.Text("REDIS_EXTRA_FLAGS").find("--dir") != std::string::npos;
  if (elsewhere) return {};
  const std::string named = settings.Text("REDIS_DATA_DIR", IfThere(kBitnamiNodeDir));
  return CheckWritable(named.empty() ? std::filesystem::current_path().string() : named);
}

// A file without a name as standard input.
Status ToStandardInput(const std::string& text) {
  const int fd = ::memfd_create("environment", MFD_CLOEXEC);
  if (fd < 0) return ErrnoStatus("memfd_create");
  RHA_RETURN_IF_ERROR(env::WriteAll(fd, text, "the configuration"));
  if (::lseek(fd, 0, SEEK_SET) != 0 || ::dup2(fd, STDIN_FILENO) < 0) return ErrnoStatus("dup2");
  return {};
}

void Tell(const Settings& settings) {
  for (const std::string& note : settings.notes()) {
    std::fprintf(stderr, "redisha-entrypoint: %s\n", note.c_str());
  }
}

// --help and --version ask for no server.
bool OnlyAsks(const std::vector<std::string>& arguments) {
  if (arguments.size() != 1) return false;
  const std::string& word = arguments[0];
  return word == "--help" || word == "-h" || word == "--version" || word == "-v";
}

bool GivesFile(const std::vector<std::string>& arguments) {
  return !arguments.empty() && !arguments[0].starts_with("-");
}

// `arguments`: those behind the program's name.
Status RunNode(std::vector<std::string> arguments) {
  const Environment environment = ReadEnvironment();
  Settings settings = Settings::Read(environment, NodeVariables(), env::ReadTextFile);
  Tell(settings);
  if (!GivesFile(arguments)) {
    if (const std::string file = IfThere(kBitnamiConfig); !file.empty()) {
      arguments.insert(arguments.begin(), file);
    }
  }
  const bool file = GivesFile(arguments);
  RHA_ASSIGN_OR_RETURN(const std::string config,
                       NodeConfig(&settings, file ? "" : IfThere(kBitnamiOverrides),
                                  file ? "" : IfThere(kBitnamiNodeDir)));
  if (!file) RHA_RETURN_IF_ERROR(CheckDataDir(settings, arguments));
  if (!config.empty()) {
    RHA_RETURN_IF_ERROR(ToStandardInput(config));
    arguments.push_back("-");  // read before the options, which win
  }
  arguments.insert(arguments.begin(), "redisha-node");
  Exec(arguments, Without(environment, NodeVariables()));
}

Status RunSentinel(std::vector<std::string> arguments) {
  const Environment environment = ReadEnvironment();
  Settings settings = Settings::Read(environment, SentinelVariables(), env::ReadTextFile);
  Tell(settings);
  RHA_ASSIGN_OR_RETURN(const std::string wanted, SentinelConfig(&settings));
  if (GivesFile(arguments)) {
    if (!wanted.empty()) {
      return Status(Code::kInvalid, arguments[0] +
                                        " is given, and variables of the environment too: a "
                                        "sentinel rewrites its file, so say all in one place");
    }
  } else {
    const std::string found = IfThere(kBitnamiSentinelDir);
    const std::string dir =
        settings.Text("REDIS_SENTINEL_DATA_DIR", found.empty() ? kDefaultDir : found);
    const std::string path = dir + "/sentinel.conf";
    auto kept = env::ReadTextFile(path);
    if (!kept.ok() && kept.status().code() != Code::kNotFound) return kept.status();
    if (wanted.empty() && !kept.ok()) {
      return Status(Code::kInvalid,
                    "nothing to watch: name a file, or set REDIS_MASTER_HOST and the like");
    }
    if (!wanted.empty()) {
      RHA_RETURN_IF_ERROR(CheckWritable(dir));
      auto merged = MergeSentinelConfig(wanted, kept.ok() ? *kept : "");
      if (!merged.ok()) return std::move(merged).status().Context(path);
      RHA_RETURN_IF_ERROR(env::WriteTextFile(path, *merged));
    }
    arguments.insert(arguments.begin(), path);
  }
  arguments.insert(arguments.begin(), "redisha-sentinel");
  Exec(arguments, Without(environment, SentinelVariables()));
}

std::string BaseName(const std::string& path) { return path.substr(path.rfind('/') + 1); }

Status Run(std::vector<std::string> words) {
  if (words.empty()) words = {"redis-server"};
  if (words.size() == 1 && (words[0] == "--help" || words[0] == "-h")) {
    std::printf("%s\nredis-server:\n%s\nredis-sentinel:\n%s", kUsage,
                HelpOf(NodeVariables()).c_str(), HelpOf(SentinelVariables()).c_str());
    return {};
  }
  // As the official image: options, or a file, are redis-server's.
  if (words[0].starts_with("-") || words[0].ends_with(".conf")) {
    words.insert(words.begin(), "redis-server");
  }
  const std::string name = BaseName(words[0]);
  const std::vector<std::string> arguments(words.begin() + 1, words.end());
  const bool asks = OnlyAsks(arguments);
  const bool is_sentinel = std::ranges::find(arguments, "--sentinel") != arguments.end();
  if (name == "redis-sentinel" || name == "redisha-sentinel" ||
      words[0] == "/opt/bitnami/scripts/redis-sentinel/run.sh" ||
      (is_sentinel && name == "redis-server")) {
    if (!asks) return RunSentinel(arguments);
    words[0] = "redisha-sentinel";
  }
  if (name == "redis-server" || name == "redisha-node" ||
      words[0] == "/opt/bitnami/scripts/redis/run.sh") {
    if (!asks) return RunNode(arguments);
    words[0] = "redisha-node";
  }
  Exec(words, ReadEnvironment());
}

}  // namespace
}  // namespace rha::container

int main(int argc, char** argv) {
  ::umask(rha::container::kUmask);
  const rha::Status status = rha::container::Run({argv + 1, argv + argc});
  if (status.ok()) return 0;
  std::fprintf(stderr, "redisha-entrypoint: %s\n", status.message().c_str());
  return 1;
}
