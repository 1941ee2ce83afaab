#include "local/kubelet/exec.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "local/kubelet/container_init.h"
#include "local/kubelet/limits.h"
#include "local/kubelet/process.h"
#include "local/object/json.h"

namespace rha::local::kubelet {
namespace {

class ExecProcess final : public stream::Process {
 public:
  explicit ExecProcess(Child child) : child_(std::move(child)) {}
  ~ExecProcess() override {
    if (reaped_) return;
    Signal(child_, SIGKILL);
    (void)kubelet::Reap(child_);
  }
  int exited_fd() const override { return child_.pid_fd.get(); }
  int Reap() override {
    reaped_ = true;
    return kubelet::Reap(child_).code;
  }
  // One line if it could not start, which the end of the status pipe decides.
  std::string StartError() {
    std::string line;
    char chunk[512];
    while (line.size() < kInitMessageBytesMax) {
      pollfd waiting{child_.status_fd.get(), POLLIN, 0};
      if (::poll(&waiting, 1, kExecStartMillisMax) != 1) return "it did not start in time";
      const ssize_t count = ::read(child_.status_fd.get(), chunk, sizeof chunk);
      if (count <= 0) break;
      line.append(chunk, static_cast<size_t>(count));
    }
    while (line.ends_with('\n')) line.pop_back();
    return line;
  }

 private:
  Child child_;
  bool reaped_ = false;
};

struct Ends {
  UniqueFd ours, theirs;
};

Status OpenPipe(Ends& ends, bool we_read) {
  int fds[2];
  if (::pipe2(fds, O_CLOEXEC) != 0) return ErrnoStatus("make a pipe");
  ends.ours = UniqueFd(fds[we_read ? 0 : 1]);
  ends.theirs = UniqueFd(fds[we_read ? 1 : 0]);
  ::fcntl(ends.ours.get(), F_SETFL, O_NONBLOCK);
  return Status::Ok();
}

Status OpenTerminal(Ends& ends) {
  ends.ours = UniqueFd(::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC));
  char name[64];
  if (!ends.ours.valid() || ::grantpt(ends.ours.get()) != 0 || ::unlockpt(ends.ours.get()) != 0 ||
      ::ptsname_r(ends.ours.get(), name, sizeof name) != 0) {
    return ErrnoStatus("make a terminal");
  }
  ends.theirs = UniqueFd(::open(name, O_RDWR | O_NOCTTY | O_CLOEXEC));
  if (!ends.theirs.valid()) return ErrnoStatus(std::string("open ") + name);
  ::fcntl(ends.ours.get(), F_SETFL, O_RDWR | O_NONBLOCK);
  return Status::Ok();
}

void AddTerm(nlohmann::json& env) {
  const auto term = [](const nlohmann::json& each) {
    return each.get_ref<const std::string&>().starts_with("TERM=");
  };
  if (std::none_of(env.begin(), env.end(), term)) env.push_back("TERM=xterm");
}

}  // namespace

Result<std::unique_ptr<stream::Process>> StartExec(const std::string& program, nlohmann::json spec,
                                                   const stream::ExecOptions& options) {
  Ends in, out, err;
  spec["tty"] = options.tty;
  if (options.tty) {
    AddTerm(spec["env"]);
    RHA_RETURN_IF_ERROR(OpenTerminal(out));
  } else {
    if (options.in) RHA_RETURN_IF_ERROR(OpenPipe(in, false));
    if (options.out) RHA_RETURN_IF_ERROR(OpenPipe(out, true));
    if (options.err) RHA_RETURN_IF_ERROR(OpenPipe(err, true));
  }
  const UniqueFd null_fd(::open("/dev/null", O_RDWR | O_CLOEXEC));
  SpawnRequest request{program, kContainerExecVerb, spec, out.theirs.get(), false};
  request.input_fd = options.tty ? out.theirs.get() : in.theirs.get();
  request.error_fd = options.tty          ? out.theirs.get()
                     : err.theirs.valid() ? err.theirs.get()
                                          : null_fd.get();
  auto child = Spawn(request);
  if (!child.ok()) return child.status();
  auto process = std::make_unique<ExecProcess>(*std::move(child));
  process->input = std::move(in.ours);
  process->output = std::move(out.ours);
  process->error = std::move(err.ours);
  process->tty = options.tty;
  const std::string error = process->StartError();
  if (!error.empty()) return Status(Code::kNotFound, error);
  return std::unique_ptr<stream::Process>(std::move(process));
}

}  // namespace rha::local::kubelet
