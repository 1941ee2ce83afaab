#include "node/persist/snapshot_job.h"

#include <fcntl.h>
#include <signal.h>
#include <spdlog/fmt/fmt.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "common/base/clock.h"
#include "common/base/unique_fd.h"
#include "node/persist/limits.h"

namespace rha::node::persist {
namespace {

// The child: saves, sends the error's code and text through `report` if there is one, and is gone.
[[noreturn]] void RunChild(int report, pid_t parent, const keyspace::Keyspace& keyspace,
                           SaveRequest request) {
  // A child must not outlive a killed server, whose next incarnation may save to the same file.
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent) ::_exit(1);
  // Sockets the child would keep open could not be closed by the server: their peers would see no
  // end.
  constexpr int kReport = 3, kTarget = 4;
  // Through numbers that are surely free of the two.
  report = ::fcntl(report, F_DUPFD, kTarget + 1);
  const int target = request.fd >= 0 ? ::fcntl(request.fd, F_DUPFD, kTarget + 1) : -1;
  report = ::dup2(report, kReport);
  if (target >= 0) request.fd = ::dup2(target, kTarget);
  ::close_range(target >= 0 ? kTarget + 1 : kTarget, ~0U, 0);
  const Status status = SaveRdbFile(keyspace, request);
  if (!status.ok()) {
    std::string message(1, static_cast<char>(status.code()));
    message += status.message().substr(0, kChildMessageBytesMax - 1);
    (void)!::write(report, message.data(), message.size());
  }
  ::_exit(status.ok() ? 0 : 1);
}

class ForkedSnapshot final : public SnapshotJob {
 public:
  ForkedSnapshot(pid_t pid, UniqueFd report, std::string path, int64_t stall_us)
      : pid_(pid), report_(std::move(report)), path_(std::move(path)), stall_us_(stall_us) {}

  ~ForkedSnapshot() override {
    if (pid_ == 0) return;
    ::kill(pid_, SIGKILL);
    int ignored = 0;
    while (::waitpid(pid_, &ignored, 0) < 0 && errno == EINTR) {
    }
    RemoveTemporary();
  }

  int fd() const override { return report_.get(); }
  int64_t stall_us() const override { return stall_us_; }
  pid_t pid() const override { return pid_; }

  Status Collect() override {
    char message[kChildMessageBytesMax];
    ssize_t got = ::read(report_.get(), message, sizeof message);
    if (got < 0) got = 0;
    // The other end is closed, so the child is about to end or has ended: this wait is short.
    int wait_status = 0;
    while (::waitpid(pid_, &wait_status, 0) < 0 && errno == EINTR) {
    }
    if (WIFSIGNALED(wait_status)) {
      RemoveTemporary();
      pid_ = 0;
      return Status(Code::kInternal,
                    fmt::format("save {}: the saving process was killed by signal {}", path_,
                                WTERMSIG(wait_status)));
    }
    pid_ = 0;
    if (WIFEXITED(wait_status) && WEXITSTATUS(wait_status) == 0) return {};
    if (got < 1) return Status(Code::kInternal, "save " + path_ + ": the saving process failed");
    return Status(static_cast<Code>(message[0]),
                  std::string(message + 1, static_cast<size_t>(got) - 1));
  }

 private:
  void RemoveTemporary() {
    if (path_.empty()) return;
    ::unlink(fmt::format("{}.{}.tmp", path_, pid_).c_str());
  }

  pid_t pid_;
  UniqueFd report_;
  std::string path_;
  int64_t stall_us_;
};

}  // namespace

Result<std::unique_ptr<SnapshotJob>> StartForkedSnapshot(const keyspace::Keyspace& keyspace,
                                                         const SaveRequest& request) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return ErrnoStatus("create a pipe for the saving process");
  UniqueFd reading(ends[0]), writing(ends[1]);
  const SystemClock clock;
  const int64_t before_us = clock.UnixMicros();
  const pid_t parent = ::getpid();
  const pid_t pid = ::fork();
  if (pid < 0) return ErrnoStatus("fork a process to save the dataset");
  if (pid == 0) RunChild(writing.get(), parent, keyspace, request);
  const int64_t stall_us = clock.UnixMicros() - before_us;
  return std::unique_ptr<SnapshotJob>(
      std::make_unique<ForkedSnapshot>(pid, std::move(reading), request.path, stall_us));
}

}  // namespace rha::node::persist
