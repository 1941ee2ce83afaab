// `redisha local run`: the cluster in this process until SIGTERM or SIGINT.
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <filesystem>

#include "cli/program.h"
#include "cli/verbs.h"
#include "common/base/log.h"
#include "common/base/unique_fd.h"
#include "local/daemon/cluster.h"
#include "local/daemon/files.h"
#include "local/daemon/paths.h"

namespace rha::cli {
namespace {

// Held as long as this process lives, however it ends; the file has its process id.
Result<UniqueFd> TakeLock(const std::string& path) {
  UniqueFd lock(::open(path.c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0644));
  if (!lock.valid()) return ErrnoStatus("open " + path);
  if (::flock(lock.get(), LOCK_EX | LOCK_NB) != 0) {
    return Status(Code::kExists, "a local cluster already runs in this folder (" + path +
                                     " is held): `redisha local status` shows it");
  }
  const std::string pid = std::to_string(::getpid()) + "\n";
  if (::ftruncate(lock.get(), 0) != 0 || ::write(lock.get(), pid.data(), pid.size()) < 0) {
    return ErrnoStatus("write " + path);
  }
  return lock;
}

// One line to whoever started us, if anybody did.
void Tell(int fd, const std::string& line) {
  if (fd < 0) return;
  (void)!::write(fd, (line + "\n").data(), line.size() + 1);
  ::close(fd);
}

local::daemon::Isolation IsolationOf(const std::string& word) {
  if (word == "none") return local::daemon::Isolation::kNone;
  if (word == "namespaces") return local::daemon::Isolation::kNamespaces;
  return local::daemon::Isolation::kAuto;
}

Status RunUntilSignal(const LocalOptions& options) {
  const std::string folder = std::filesystem::absolute(options.folder).lexically_normal();
  const local::daemon::Paths paths(folder);
  RHA_RETURN_IF_ERROR(local::daemon::MakeFolder(folder));
  RHA_ASSIGN_OR_RETURN(const UniqueFd lock, TakeLock(paths.Lock()));
  const std::string program = std::filesystem::read_symlink("/proc/self/exe");
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  ::pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  ::signal(SIGPIPE, SIG_IGN);
  RHA_ASSIGN_OR_RETURN(
      const auto cluster,
      local::daemon::Cluster::Start(
          {folder, options.port, program, std::filesystem::path(program).parent_path(),
           options.restart_backoff_max_seconds, IsolationOf(options.isolation)}));
  Tell(options.ready_fd, cluster->note().empty() ? "ready" : "ready: " + cluster->note());
  log::Info("local cluster is up; kubeconfig: {}", paths.Kubeconfig());
  int signal_number = 0;
  ::sigwait(&signals, &signal_number);
  log::Info("signal {}: ending all containers", signal_number);
  return Status::Ok();
}

}  // namespace

int LocalRun(const LocalOptions& options) {
  (void)log::Init({.program = "redisha-local"});
  const Status done = RunUntilSignal(options);
  if (done.ok()) return kDone;
  log::Error("{}", done.message());
  Tell(options.ready_fd, done.message());
  return kFailed;
}

}  // namespace rha::cli
