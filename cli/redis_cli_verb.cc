// `redisha cli NAME [-- WORDS]`: the machine's redis-cli, at the primary.
#include <spawn.h>
#include <sys/wait.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>

#include "cli/pod/pods.h"
#include "cli/program.h"
#include "cli/subjects.h"
#include "cli/verbs.h"
#include "cli/view/names.h"
#include "local/object/json.h"

extern char** environ;

namespace rha::cli {
namespace {

const Json* Choose(const Subject& subject, const std::string& pod) {
  if (pod.empty()) return PrimaryOf(subject);
  for (const Json& candidate : subject.pods) {
    if (local::object::Name(candidate) == pod) return &candidate;
  }
  return nullptr;
}

// Runs it on our terminal until it ends.
Result<int> RunRedisCli(std::vector<std::string> words) {
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  ::signal(SIGINT, SIG_IGN);  // Ctrl-C is for redis-cli
  posix_spawnattr_t attributes;
  ::posix_spawnattr_init(&attributes);
  sigset_t defaults;
  sigemptyset(&defaults);
  sigaddset(&defaults, SIGINT);
  ::posix_spawnattr_setsigdefault(&attributes, &defaults);
  ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF);
  pid_t pid = 0;
  const int error = ::posix_spawnp(&pid, argv[0], nullptr, &attributes, argv.data(), environ);
  ::posix_spawnattr_destroy(&attributes);
  if (error == ENOENT) {
    return Status(Code::kNotFound,
                  "redis-cli is not in the PATH (Debian: redis-tools); the pods have one too: "
                  "kubectl exec -it POD -c node -- redis-cli");
  }
  if (error != 0) return ErrnoStatus("start redis-cli", error);
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) continue;
  return WIFEXITED(status) ? WEXITSTATUS(status) : kFailed;
}

Result<int> Run(const RedisCliOptions& options) {
  RHA_ASSIGN_OR_RETURN(const auto client, ClusterClient::Connect(options.access));
  RHA_ASSIGN_OR_RETURN(const Subject subject, ReadSubject(*client, options.name));
  const Json* pod = Choose(subject, options.pod);
  if (pod == nullptr) {
    return Status(Code::kNotFound, options.pod.empty()
                                       ? options.name + " has no primary now; --pod names a pod"
                                       : options.pod + " is no pod of " + options.name);
  }
  RHA_ASSIGN_OR_RETURN(const Passwords passwords,
                       ReadPasswords(*client, subject, options.sentinel));
  const uint16_t port = options.sentinel ? kSentinelPort : kNodePort;
  RHA_ASSIGN_OR_RETURN(Tunnel tunnel,
                       Tunnel::Open(client->access(), client->name_space(), *pod, {port}));
  RHA_ASSIGN_OR_RETURN(const net::Endpoint endpoint, tunnel.Reach(port));
  std::vector<std::string> words = {"redis-cli", "-h", endpoint.host, "-p",
                                    std::to_string(endpoint.port)};
  if (options.sentinel) words.insert(words.end(), {"--user", "admin"});
  words.insert(words.end(), options.words.begin(), options.words.end());
  const std::string& password = options.sentinel ? passwords.admin : passwords.data;
  if (password.empty()) {
    ::unsetenv("REDISCLI_AUTH");
  } else {
    ::setenv("REDISCLI_AUTH", password.c_str(), 1);
  }
  return RunRedisCli(std::move(words));
}

}  // namespace

int RedisCli(const RedisCliOptions& options) {
  const auto code = Run(options);
  return code.ok() ? *code : Fail(code.status());
}

}  // namespace rha::cli
