// `redisha local up|down|status`: a cluster that goes on when this program ends.
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/file.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <thread>

#include "cli/apply.h"
#include "cli/manifests.h"
#include "cli/program.h"
#include "cli/verbs.h"
#include "common/base/unique_fd.h"
#include "local/daemon/files.h"
#include "local/daemon/paths.h"
#include "local/object/json.h"
#include "local/object/numbers.h"

namespace rha::cli {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;
using local::daemon::Paths;
using local::object::Json;

constexpr int kReadyFd = 3;  // of the started process
constexpr std::chrono::seconds kReadyTimeout(60), kOperatorTimeout(60), kDownTimeout(30),
    kAnswerTimeout(10);
constexpr std::chrono::milliseconds kPoll(50);

// The process that holds the folder's lock, 0 if none does.
pid_t RunningPid(const Paths& paths) {
  const UniqueFd lock(::open(paths.Lock().c_str(), O_RDWR | O_CLOEXEC));
  if (!lock.valid()) return 0;
  if (::flock(lock.get(), LOCK_EX | LOCK_NB) == 0) return 0;
  const auto text = local::daemon::ReadFile(paths.Lock());
  return text.ok() ? static_cast<pid_t>(local::object::ParseInt(*text)) : 0;
}

void Step(const std::string& text) {
  std::printf("  %s\n", text.c_str());
  std::fflush(stdout);
}

bool Answers(const Paths& paths) {
  const auto client = ClusterClient::Connect({.kubeconfig = paths.Kubeconfig()});
  return client.ok() && (*client)->FindKind("pods").ok();
}

// The process that runs and answers, 0 for none. One that is just ending still holds the lock.
Result<pid_t> FindRunning(const Paths& paths) {
  const auto deadline = Clock::now() + kAnswerTimeout;
  while (true) {
    const pid_t pid = RunningPid(paths);
    if (pid == 0 || Answers(paths)) return pid;
    if (Clock::now() > deadline) {
      return Status(Code::kUnavailable, "process " + std::to_string(pid) + " holds " + paths.root +
                                            " but does not answer; `redisha local down` ends it");
    }
    std::this_thread::sleep_for(kPoll);
  }
}

// Starts `redisha local run` in a session of its own; the descriptor tells when it is ready.
Result<UniqueFd> StartDaemon(const LocalOptions& options, const Paths& paths) {
  RHA_RETURN_IF_ERROR(local::daemon::MakeFolder(paths.root));
  UniqueFd log(::open(paths.Log().c_str(), O_CREAT | O_WRONLY | O_APPEND | O_CLOEXEC, 0644));
  if (!log.valid()) return ErrnoStatus("open " + paths.Log());
  const UniqueFd null_fd(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return ErrnoStatus("make a pipe");
  UniqueFd ready(ends[0]);
  const UniqueFd telling(::fcntl(ends[1], F_DUPFD_CLOEXEC, kReadyFd + 1));
  ::close(ends[1]);
  std::vector<std::string> words{fs::read_symlink("/proc/self/exe"),
                                 "local",
                                 "run",
                                 "--dir",
                                 paths.root,
                                 "--port",
                                 std::to_string(options.port),
                                 "--restart-backoff-max-seconds",
                                 std::to_string(options.restart_backoff_max_seconds),
                                 "--isolation",
                                 options.isolation,
                                 "--ready-fd",
                                 std::to_string(kReadyFd)};
  std::vector<char*> argv;
  for (auto& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  const pid_t pid = ::fork();
  if (pid < 0) return ErrnoStatus("start the cluster's process");
  if (pid == 0) {
    ::setsid();
    ::dup2(null_fd.get(), 0);
    ::dup2(log.get(), 1);
    ::dup2(log.get(), 2);
    ::dup2(telling.get(), kReadyFd);
    ::execv(argv[0], argv.data());
    ::_exit(127);
  }
  return ready;
}

Status WaitReady(const UniqueFd& ready, const Paths& paths) {
  std::string line;
  const auto deadline = Clock::now() + kReadyTimeout;
  while (Clock::now() < deadline) {
    pollfd waiting{ready.get(), POLLIN, 0};
    if (::poll(&waiting, 1, 1000) <= 0) continue;
    char chunk[512];
    const ssize_t count = ::read(ready.get(), chunk, sizeof chunk);
    if (count <= 0) break;
    line.append(chunk, static_cast<size_t>(count));
    if (line.ends_with('\n')) break;
  }
  while (line.ends_with('\n')) line.pop_back();
  if (line == "ready") return Status::Ok();
  constexpr std::string_view kReadyBut = "ready: ";
  if (line.starts_with(kReadyBut)) {
    Step(line.substr(kReadyBut.size()));
    return Status::Ok();
  }
  return Status(Code::kUnavailable,
                line.empty() ? "the cluster did not start; its log is " + paths.Log() : line);
}

Status InstallOperator(const Paths& paths) {
  RHA_ASSIGN_OR_RETURN(const auto client,
                       ClusterClient::Connect({.kubeconfig = paths.Kubeconfig()}));
  RHA_RETURN_IF_ERROR(ApplyManifest(*client, kDefinitionManifest, {"", true, true}));
  RHA_RETURN_IF_ERROR(ApplyManifest(*client, kOperatorManifest, {"", true, true}));
  const fs::path program = fs::read_symlink("/proc/self/exe");
  if (!fs::exists(program.parent_path() / "redisha-operator")) {
    return Status(Code::kNotFound, "redisha-operator is not beside this program (" +
                                       program.parent_path().string() +
                                       "): build it, or use --no-operator");
  }
  RHA_ASSIGN_OR_RETURN(const Kind deployments, client->FindKind("deployments"));
  const auto deadline = Clock::now() + kOperatorTimeout;
  Step("waiting for the operator");
  while (Clock::now() < deadline) {
    RHA_ASSIGN_OR_RETURN(const Json deployment,
                         client->Get(deployments, "redisha-system", "redisha-operator"));
    if (local::object::Int(deployment, {"status", "availableReplicas"}) > 0) return Status::Ok();
    std::this_thread::sleep_for(kPoll);
  }
  return Status(Code::kUnavailable,
                "the operator did not become ready; see: kubectl --kubeconfig " +
                    paths.Kubeconfig() + " -n redisha-system get pods,events");
}

void PrintNextSteps(const LocalOptions& options, const std::string& kubeconfig) {
  std::printf("\nThe cluster is up. Try:\n  export KUBECONFIG=%s\n", kubeconfig.c_str());
  std::printf("%s", options.no_operator ? "  kubectl apply -f crds/redisha.yaml -f "
                                          "deploy/operator.yaml    or helm install, with charts/\n"
                                        : "");
  std::printf(
      "  redisha apply -f examples/minimal.yaml\n"
      "  redisha status demo --wait\n"
      "  kubectl get redisha,sts,pods,svc,events\n");
  const bool elsewhere = options.folder != LocalOptions().folder;
  std::printf("  redisha local down%s\n", elsewhere ? (" --dir " + options.folder).c_str() : "");
}

Status Up(const LocalOptions& options) {
  const Paths paths(fs::absolute(options.folder).lexically_normal());
  RHA_ASSIGN_OR_RETURN(const pid_t running, FindRunning(paths));
  if (running != 0) {
    Step("already up (process " + std::to_string(running) + ")");
  } else {
    Step("starting API server, controllers and kubelet in " + paths.root);
    RHA_ASSIGN_OR_RETURN(const UniqueFd ready, StartDaemon(options, paths));
    RHA_RETURN_IF_ERROR(WaitReady(ready, paths));
  }
  if (!options.no_operator) {
    Step("installing the RedisHA resource and the operator");
    RHA_RETURN_IF_ERROR(InstallOperator(paths));
  }
  PrintNextSteps(options, paths.Kubeconfig());
  return Status::Ok();
}

Status Purge(const Paths& paths) {
  // Only what we made: a folder given by mistake stays.
  if (!fs::exists(paths.root)) return Status::Ok();
  if (!fs::exists(paths.Lock()) && !fs::exists(paths.Secret())) {
    return Status(Code::kInvalid, paths.root + " is not the folder of a local cluster; left alone");
  }
  std::error_code error;
  fs::remove_all(paths.root, error);
  return error ? Status(Code::kIo, "remove " + paths.root + ": " + error.message()) : Status::Ok();
}

Status Down(const LocalOptions& options) {
  const Paths paths(fs::absolute(options.folder).lexically_normal());
  const pid_t pid = RunningPid(paths);
  if (pid == 0) {
    Step("no local cluster runs in " + paths.root);
  } else {
    Step("ending process " + std::to_string(pid) + " and all containers");
    ::kill(pid, SIGTERM);
    const auto deadline = Clock::now() + kDownTimeout;
    while (RunningPid(paths) == pid) {
      if (Clock::now() > deadline) ::kill(pid, SIGKILL);  // containers die with it
      std::this_thread::sleep_for(kPoll);
    }
  }
  paths.UnlinkAlias();  // of a process that was killed
  if (!options.purge) return Status::Ok();
  Step("removing " + paths.root);
  return Purge(paths);
}

}  // namespace

int LocalUp(const LocalOptions& options) {
  const Status done = Up(options);
  return done.ok() ? kDone : Fail(done);
}

int LocalDown(const LocalOptions& options) {
  const Status done = Down(options);
  return done.ok() ? kDone : Fail(done);
}

int LocalStatus(const LocalOptions& options) {
  const Paths paths(fs::absolute(options.folder).lexically_normal());
  const pid_t pid = RunningPid(paths);
  const auto port = local::daemon::ReadFile(paths.Port());
  const std::string server = port.ok() ? "https://127.0.0.1:" + *port : "";
  if (options.output == "json") {
    const Json status{{"running", pid != 0}, {"pid", pid},
                      {"server", server},    {"kubeconfig", paths.Kubeconfig()},
                      {"log", paths.Log()},  {"folder", paths.root}};
    std::printf("%s\n", status.dump(2).c_str());
  } else if (pid != 0) {
    std::printf("up: process %d, %s\nkubeconfig: %s\nlog: %s\n", static_cast<int>(pid),
                server.c_str(), paths.Kubeconfig().c_str(), paths.Log().c_str());
  } else {
    std::printf("down: nothing runs in %s\n", paths.root.c_str());
  }
  return pid != 0 ? kDone : kFailed;
}

}  // namespace rha::cli
