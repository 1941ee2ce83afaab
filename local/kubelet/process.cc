#include "local/kubelet/process.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstring>
#include <memory>
#include <nlohmann/json.hpp>

#include "local/kubelet/container_init.h"
#include "local/object/json.h"

#ifndef P_PIDFD
#define P_PIDFD 3
#endif

#ifdef RHA_TSAN
// ThreadSanitizer takes clone(2) for a fork, after which each side has memory of its own, and ends
// the process. This is glibc's other name of it.
extern "C" int __clone(int (*child)(void*), void* stack, int flags, void* argument, ...);
#define clone __clone
#endif

namespace rha::local::kubelet {
namespace {

constexpr size_t kChildStackBytes = 64u << 10;
constexpr int kSafeFd = 32;  // descriptors handed over are moved above those they become

// What the child needs between clone and exec, made before: it shares our memory and may not
// allocate.
struct Handover {
  const char* program;
  char* const* argv;
  int input_fd, output_fd, error_fd, spec_fd, status_fd;
  bool map_users;
  char uid_map[64], gid_map[64];
};

void WriteProc(const char* path, const char* text) {
  const int fd = ::open(path, O_WRONLY);
  if (fd < 0) return;
  (void)!::write(fd, text, std::strlen(text));
  ::close(fd);
}

int ChildMain(void* argument) {
  const auto& handover = *static_cast<Handover*>(argument);
  if (handover.map_users) {
    WriteProc("/proc/self/setgroups", "deny");
    WriteProc("/proc/self/uid_map", handover.uid_map);
    WriteProc("/proc/self/gid_map", handover.gid_map);
  }
  ::dup2(handover.input_fd, 0);
  ::dup2(handover.output_fd, 1);
  ::dup2(handover.error_fd, 2);
  ::dup2(handover.spec_fd, kSpecFd);
  ::dup2(handover.status_fd, kStatusFd);
  ::execv(handover.program, handover.argv);
  ::_exit(kInitFailedCode);
}

UniqueFd Raised(UniqueFd fd) { return UniqueFd(::fcntl(fd.get(), F_DUPFD_CLOEXEC, kSafeFd)); }

Result<UniqueFd> SpecFile(const nlohmann::json& spec) {
  UniqueFd file(::memfd_create("container-spec", MFD_CLOEXEC));
  if (!file.valid()) return ErrnoStatus("make the container's spec");
  const std::string text = object::Dump(spec);
  if (::write(file.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size())) {
    return ErrnoStatus("write the container's spec");
  }
  ::lseek(file.get(), 0, SEEK_SET);
  return Raised(std::move(file));
}

Status CannotIsolate(int error_number) {
  if (error_number != EPERM && error_number != ENOSPC && error_number != EINVAL) {
    return ErrnoStatus("start a container", error_number);
  }
  return Status(Code::kDenied, "namespaces may not be made here");
}

}  // namespace

bool NeedsUserNamespace() {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3]{};
  const bool known = ::syscall(SYS_capget, &header, data) == 0;
  return !known || (data[CAP_TO_INDEX(CAP_SYS_ADMIN)].effective & CAP_TO_MASK(CAP_SYS_ADMIN)) == 0;
}

Result<Child> Spawn(const SpawnRequest& request) {
  RHA_ASSIGN_OR_RETURN(const UniqueFd spec, SpecFile(request.spec));
  const UniqueFd null_fd(::open("/dev/null", O_RDWR | O_CLOEXEC));
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0) return ErrnoStatus("make a pipe");
  UniqueFd read_end(ends[0]);
  const UniqueFd write_end = Raised(UniqueFd(ends[1]));
  const auto raised = [&](int fd) {
    return UniqueFd(::fcntl(fd < 0 ? null_fd.get() : fd, F_DUPFD_CLOEXEC, kSafeFd));
  };
  const UniqueFd input = raised(request.input_fd), output = raised(request.output_fd);
  const UniqueFd error = raised(request.error_fd < 0 ? request.output_fd : request.error_fd);
  if (!write_end.valid() || !input.valid() || !output.valid() || !error.valid()) {
    return ErrnoStatus("start a container");
  }
  std::string program = request.program, verb = request.verb;
  char* argv[] = {program.data(), verb.data(), nullptr};
  Handover handover{};
  handover.program = program.c_str();
  handover.argv = argv;
  handover.input_fd = input.get();
  handover.output_fd = output.get();
  handover.error_fd = error.get();
  handover.spec_fd = spec.get();
  handover.status_fd = write_end.get();
  int flags = CLONE_VM | CLONE_VFORK | CLONE_PIDFD | SIGCHLD;
  if (request.new_namespaces) {
    flags |= CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWUTS;
    handover.map_users = NeedsUserNamespace();
    if (handover.map_users) flags |= CLONE_NEWUSER;
    snprintf(handover.uid_map, sizeof handover.uid_map, "0 %u 1", ::geteuid());
    snprintf(handover.gid_map, sizeof handover.gid_map, "0 %u 1", ::getegid());
  }
  const auto stack = std::make_unique_for_overwrite<char[]>(kChildStackBytes);
  int pid_fd = -1;
  const pid_t pid = ::clone(ChildMain, stack.get() + kChildStackBytes, flags, &handover, &pid_fd);
  if (pid < 0) return CannotIsolate(errno);
  ::fcntl(pid_fd, F_SETFD, FD_CLOEXEC);
  return Child{pid, UniqueFd(pid_fd), std::move(read_end)};
}

Exit Reap(const Child& child) {
  siginfo_t about{};
  if (::waitid(static_cast<idtype_t>(P_PIDFD), static_cast<id_t>(child.pid_fd.get()), &about,
               WEXITED) != 0) {
    return {255, 0};
  }
  if (about.si_code == CLD_EXITED) return {about.si_status, 0};
  return {128 + about.si_status, about.si_status};
}

void Signal(const Child& child, int signal_number) {
  (void)::syscall(SYS_pidfd_send_signal, child.pid_fd.get(), signal_number, nullptr, 0);
}

}  // namespace rha::local::kubelet
