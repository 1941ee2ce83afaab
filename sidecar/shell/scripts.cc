#include "sidecar/shell/scripts.h"

#include <errno.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "sidecar/shell/limits.h"

namespace rha::sidecar::shell {
namespace {

// Signals that this process takes by its loop are blocked in it; a program must not inherit that.
class SpawnSetup {
 public:
  SpawnSetup() {
    ::posix_spawnattr_init(&attributes_);
    ::posix_spawn_file_actions_init(&files_);
    sigset_t none, all;
    ::sigemptyset(&none);
    ::sigfillset(&all);
    ::posix_spawnattr_setsigmask(&attributes_, &none);
    ::posix_spawnattr_setsigdefault(&attributes_, &all);
    ::posix_spawnattr_setflags(&attributes_, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    ::posix_spawn_file_actions_addclosefrom_np(&files_, STDERR_FILENO + 1);
  }
  ~SpawnSetup() {
    ::posix_spawnattr_destroy(&attributes_);
    ::posix_spawn_file_actions_destroy(&files_);
  }
  SpawnSetup(const SpawnSetup&) = delete;
  SpawnSetup& operator=(const SpawnSetup&) = delete;

  // Zero, or the error.
  int Spawn(const std::vector<std::string>& words, pid_t* pid) const {
    std::vector<char*> argv;
    for (const std::string& word : words) argv.push_back(const_cast<char*>(word.c_str()));
    argv.push_back(nullptr);
    return ::posix_spawn(pid, argv[0], &files_, &attributes_, argv.data(), environ);
  }

 private:
  posix_spawnattr_t attributes_;
  posix_spawn_file_actions_t files_;
};

}  // namespace

Scripts::Scripts(net::Reactor& reactor, std::function<Periods()> periods, Tell tell)
    : reactor_(reactor), periods_(std::move(periods)), tell_(std::move(tell)) {}

Scripts::~Scripts() { reactor_.Cancel(timer_); }

void Scripts::Add(std::vector<std::string> words) {
  jobs_.push_back({.words = std::move(words), .since = reactor_.Now()});
  if (jobs_.size() > kScriptsQueuedMax) {
    const auto oldest =
        std::find_if(jobs_.begin(), jobs_.end(), [](const Job& job) { return job.pid == 0; });
    if (oldest != jobs_.end()) jobs_.erase(oldest);
  }
  if (timer_ == 0) timer_ = reactor_.Every(kScriptsPoll, [this] { Turn(); });
}

void Scripts::Turn() {
  Collect();
  StartWaiting();
  if (!jobs_.empty()) return;
  reactor_.Cancel(timer_);
  timer_ = 0;
}

void Scripts::Collect() {
  for (auto job = jobs_.begin(); job != jobs_.end();) {
    int status = 0;
    if (job->pid == 0) {
      ++job;
    } else if (::waitpid(job->pid, &status, WNOHANG) == job->pid) {
      --running_;
      job = Ended(*job, status) ? jobs_.erase(job) : std::next(job);
    } else {
      if (!job->killed && reactor_.Now() - job->since > periods_().runtime_max) {
        job->killed = true;
        ::kill(job->pid, SIGKILL);
        tell_("-script-timeout", job->words[0] + " " + std::to_string(job->pid));
      }
      ++job;
    }
  }
}

// False: it will be run again.
bool Scripts::Ended(Job& job, int status) {
  const int signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
  const int code = WIFEXITED(status) ? WEXITSTATUS(status) : 0;
  if ((signal != 0 || code == 1) && job.tries < kScriptTriesMax) {
    job.pid = 0;
    job.killed = false;
    job.since = reactor_.Now() + RetryDelay(job.tries);
    return false;
  }
  if (signal != 0 || code != 0) {
    tell_("-script-error",
          job.words[0] + " " + std::to_string(signal) + " " + std::to_string(code));
  }
  return true;
}

void Scripts::StartWaiting() {
  for (auto job = jobs_.begin(); job != jobs_.end() && running_ < kScriptsRunningMax;) {
    const bool due = job->pid == 0 && job->since <= reactor_.Now();
    job = due && !Start(*job) ? jobs_.erase(job) : std::next(job);
  }
}

// False: there is no such program, which another try would not change.
bool Scripts::Start(Job& job) {
  ++job.tries;
  job.since = reactor_.Now();
  const int error = SpawnSetup().Spawn(job.words, &job.pid);
  if (error == 0) {
    ++running_;
    return true;
  }
  job.pid = 0;
  const bool again = (error == EAGAIN || error == ENOMEM) && job.tries < kScriptTriesMax;
  if (again) {
    job.since += RetryDelay(job.tries);
  } else {
    tell_("-script-error", job.words[0] + " 0 2");  // as if it had ended so
  }
  return again;
}

Millis Scripts::RetryDelay(int tries) const {
  return periods_().retry_delay * (1 << std::clamp(tries - 1, 0, kScriptTriesMax));
}

}  // namespace rha::sidecar::shell
