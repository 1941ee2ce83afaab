#include "local/kubelet/container_init.h"

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "common/base/unique_fd.h"
#include "local/object/json.h"

namespace rha::local::kubelet {
namespace {

namespace fs = std::filesystem;
using object::Json;
using object::Str;

Status Failed(const std::string& what) { return ErrnoStatus(what); }

std::string ReadAll(int fd) {
  std::string text;
  char chunk[4096];
  for (ssize_t count = ::read(fd, chunk, sizeof chunk); count > 0;
       count = ::read(fd, chunk, sizeof chunk)) {
    text.append(chunk, static_cast<size_t>(count));
  }
  return text;
}

Status MakeFolders(const std::string& path) {
  std::error_code error;
  fs::create_directories(path, error);
  return error ? Status(Code::kIo, "make " + path + ": " + error.message()) : Status::Ok();
}

Status MakeFile(const std::string& path) {
  const UniqueFd file(::open(path.c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0666));
  return file.valid() ? Status::Ok() : Failed("make " + path);
}

// Flags a user namespace may not take away from a mount it inherited.
unsigned long KeptFlags(const std::string& path) {
  struct statvfs about {};
  if (::statvfs(path.c_str(), &about) != 0) return 0;
  unsigned long flags = 0;
  if (about.f_flag & ST_NOSUID) flags |= MS_NOSUID;
  if (about.f_flag & ST_NODEV) flags |= MS_NODEV;
  if (about.f_flag & ST_NOEXEC) flags |= MS_NOEXEC;
  if (about.f_flag & ST_NOATIME) flags |= MS_NOATIME;
  if (about.f_flag & ST_NODIRATIME) flags |= MS_NODIRATIME;
  if (about.f_flag & ST_RELATIME) flags |= MS_RELATIME;
  return flags;
}

Status Bind(const std::string& source, const std::string& target, bool read_only) {
  if (::mount(source.c_str(), target.c_str(), nullptr, MS_BIND | MS_REC, nullptr) != 0) {
    return Failed("mount " + source + " at " + target);
  }
  if (!read_only) return Status::Ok();
  const unsigned long flags = MS_BIND | MS_REMOUNT | MS_RDONLY | KeptFlags(target);
  if (::mount(nullptr, target.c_str(), nullptr, flags, nullptr) != 0) {
    return Failed("make " + target + " read-only");
  }
  return Status::Ok();
}

Status MountTmpfs(const std::string& target, const char* options) {
  if (::mount("tmpfs", target.c_str(), "tmpfs", MS_NOSUID | MS_NODEV, options) != 0) {
    return Failed("mount a tmpfs at " + target);
  }
  return Status::Ok();
}

// Programs and libraries of the host. /bin and /lib are links into /usr on today's systems.
Status MountSystem(const std::string& root) {
  for (const char* name : {"usr", "bin", "sbin", "lib", "lib32", "lib64", "libx32", "opt"}) {
    const std::string host = std::string("/") + name, inside = root + host;
    std::error_code error;
    const auto kind = fs::symlink_status(host, error).type();
    if (kind == fs::file_type::symlink) {
      fs::create_symlink(fs::read_symlink(host, error), inside, error);
    } else if (kind == fs::file_type::directory) {
      RHA_RETURN_IF_ERROR(MakeFolders(inside));
      RHA_RETURN_IF_ERROR(Bind(host, inside, true));
    }
  }
  return Status::Ok();
}

// /etc is links into the host's, so that single files can be the pod's own; the pod's lie in a
// folder, where they can be replaced while the container runs.
Status MountEtc(const std::string& root, const std::string& pod_etc) {
  for (const char* folder : {"/etc", "/.host-etc", "/.pod-etc"}) {
    RHA_RETURN_IF_ERROR(MakeFolders(root + folder));
  }
  RHA_RETURN_IF_ERROR(Bind("/etc", root + "/.host-etc", true));
  RHA_RETURN_IF_ERROR(Bind(pod_etc, root + "/.pod-etc", true));
  std::error_code error;
  for (const auto& entry : fs::directory_iterator("/etc", error)) {
    const std::string name = entry.path().filename();
    const bool own = name == "hosts" || name == "resolv.conf" || name == "hostname";
    fs::create_symlink((own ? "/.pod-etc/" : "/.host-etc/") + name, root + "/etc/" + name, error);
  }
  for (const char* name : {"hosts", "resolv.conf", "hostname"}) {
    fs::create_symlink(std::string("/.pod-etc/") + name, root + "/etc/" + name, error);
  }
  return Status::Ok();
}

Status MountDevices(const std::string& root) {
  const std::string dev = root + "/dev";
  RHA_RETURN_IF_ERROR(MakeFolders(dev));
  RHA_RETURN_IF_ERROR(MountTmpfs(dev, "mode=755,size=64k"));
  for (const char* name : {"null", "zero", "full", "random", "urandom", "tty"}) {
    const std::string host = std::string("/dev/") + name;
    if (!fs::exists(host)) continue;
    RHA_RETURN_IF_ERROR(MakeFile(root + host));
    RHA_RETURN_IF_ERROR(Bind(host, root + host, false));
  }
  RHA_RETURN_IF_ERROR(MakeFolders(dev + "/shm"));
  RHA_RETURN_IF_ERROR(MountTmpfs(dev + "/shm", "mode=1777,size=64m"));
  RHA_RETURN_IF_ERROR(MakeFile(dev + "/termination-log"));
  std::error_code error;
  fs::create_symlink("/proc/self/fd", dev + "/fd", error);
  fs::create_symlink("/proc/self/fd/0", dev + "/stdin", error);
  fs::create_symlink("/proc/self/fd/1", dev + "/stdout", error);
  fs::create_symlink("/proc/self/fd/2", dev + "/stderr", error);
  return Status::Ok();
}

Status MountKernel(const std::string& root) {
  RHA_RETURN_IF_ERROR(MakeFolders(root + "/proc"));
  RHA_RETURN_IF_ERROR(MakeFolders(root + "/sys"));
  // Where a fresh /proc is forbidden (some sandboxes), the host's is better than none.
  if (::mount("proc", (root + "/proc").c_str(), "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC,
              nullptr) != 0) {
    RHA_RETURN_IF_ERROR(Bind("/proc", root + "/proc", false));
  }
  if (::mount("/sys", (root + "/sys").c_str(), nullptr, MS_BIND | MS_REC, nullptr) != 0) {
    return Failed("mount /sys");
  }
  return Status::Ok();
}

Status MountVolumes(const std::string& root, const Json& mounts) {
  for (const auto& mount : mounts) {
    const std::string source = Str(mount, {"source"});
    const std::string target = root + Str(mount, {"target"});
    if (object::Bool(mount, {"subPath"}) && !fs::exists(source)) {
      RHA_RETURN_IF_ERROR(MakeFolders(source));
    }
    if (fs::is_directory(source)) {
      RHA_RETURN_IF_ERROR(MakeFolders(target));
    } else {
      RHA_RETURN_IF_ERROR(MakeFolders(fs::path(target).parent_path()));
      RHA_RETURN_IF_ERROR(MakeFile(target));
    }
    RHA_RETURN_IF_ERROR(Bind(source, target, object::Bool(mount, {"readOnly"})));
  }
  return Status::Ok();
}

Status MountBinaries(const std::string& root, const std::string& binaries) {
  if (binaries == "/usr/local/bin") return Status::Ok();
  if (!fs::is_directory(root + "/usr/local/bin")) {
    return Status(Code::kUnsupported,
                  "this machine has no /usr/local/bin to mount our programs at");
  }
  return Bind(binaries, root + "/usr/local/bin", true);
}

Status EnterRoot(const std::string& root, bool read_only) {
  if (::chdir(root.c_str()) != 0) return Failed("enter " + root);
  if (::syscall(SYS_pivot_root, ".", ".") != 0) return Failed("make " + root + " the root");
  if (::umount2(".", MNT_DETACH) != 0) return Failed("leave the old root");
  if (::chdir("/") != 0) return Failed("enter /");
  if (read_only && ::mount(nullptr, "/", nullptr, MS_BIND | MS_REMOUNT | MS_RDONLY, nullptr) != 0) {
    return Failed("make / read-only");
  }
  return Status::Ok();
}

Status BuildRoot(const Json& spec) {
  const std::string root = Str(spec, {"root"});
  ::umask(0);
  if (::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) {
    return Failed("make mounts private");
  }
  RHA_RETURN_IF_ERROR(MakeFolders(root));
  RHA_RETURN_IF_ERROR(MountTmpfs(root, "mode=755"));
  RHA_RETURN_IF_ERROR(MountSystem(root));
  RHA_RETURN_IF_ERROR(MountEtc(root, Str(spec, {"etc"})));
  RHA_RETURN_IF_ERROR(MountKernel(root));
  RHA_RETURN_IF_ERROR(MountDevices(root));
  for (const char* folder : {"/tmp", "/run", "/var/run", "/var/tmp", "/root", "/home"}) {
    RHA_RETURN_IF_ERROR(MakeFolders(root + folder));
    ::chmod((root + folder).c_str(), 01777);
  }
  RHA_RETURN_IF_ERROR(MountBinaries(root, Str(spec, {"binaries"})));
  RHA_RETURN_IF_ERROR(MountVolumes(root, object::Items(spec, {"mounts"})));
  ::umask(022);
  const std::string host = Str(spec, {"hostname"});
  if (::sethostname(host.data(), host.size()) != 0) return Failed("set the host name");
  return EnterRoot(root, object::Bool(spec, {"readOnlyRoot"}));
}

std::vector<std::string> Strings(const Json& list) {
  std::vector<std::string> out;
  for (const auto& item : list) {
    if (item.is_string()) out.push_back(item.get<std::string>());
  }
  return out;
}

std::vector<char*> Pointers(std::vector<std::string>& strings) {
  std::vector<char*> out;
  for (auto& text : strings) out.push_back(text.data());
  out.push_back(nullptr);
  return out;
}

// As a shell starts with: no signal blocked or ignored.
void ResetSignals() {
  sigset_t none;
  sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  for (int signal_number = 1; signal_number < NSIG; ++signal_number) {
    ::signal(signal_number, SIG_DFL);
  }
}

Status Become(const Json& spec) {
  auto argv = Strings(object::Items(spec, {"argv"}));
  auto env = Strings(object::Items(spec, {"env"}));
  if (argv.empty()) return Status(Code::kInvalid, "no command");
  const std::string folder = Str(spec, {"cwd"}, "/");
  if (::chdir(folder.c_str()) != 0) return Failed("enter the working directory " + folder);
  for (const auto& entry : env) {
    if (entry.starts_with("PATH=")) ::setenv("PATH", entry.c_str() + 5, 1);
  }
  ResetSignals();
  ::fcntl(kStatusFd, F_SETFD, FD_CLOEXEC);
  ::fcntl(kSpecFd, F_SETFD, FD_CLOEXEC);
  const std::vector<char*> arguments = Pointers(argv), variables = Pointers(env);
  ::execvpe(arguments[0], arguments.data(), variables.data());
  if (errno == ENOENT) {
    return Status(Code::kNotFound, "exec: \"" + argv[0] +
                                       "\": executable file not found on this machine; a local "
                                       "cluster runs programs of the machine, it pulls no images");
  }
  return Failed("exec " + argv[0]);
}

// Without a root of its own the container needs only what a mount would have made.
Status MakeSubPaths(const Json& spec) {
  RHA_RETURN_IF_ERROR(MakeFolders(Str(spec, {"root"})));
  for (const auto& mount : object::Items(spec, {"mounts"})) {
    const std::string source = Str(mount, {"source"});
    if (!object::Bool(mount, {"subPath"}) || fs::exists(source)) continue;
    RHA_RETURN_IF_ERROR(MakeFolders(source));
  }
  return Status::Ok();
}

int Report(const Status& status) {
  const std::string line = status.message() + "\n";
  (void)!::write(kStatusFd, line.data(), line.size());
  return kInitFailedCode;
}

Result<Json> ReadSpec() {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  ::setsid();
  // A parent that died before the call above left nobody at the other end of the status pipe.
  pollfd parent{kStatusFd, POLLOUT, 0};
  if (::poll(&parent, 1, 0) == 1 && (parent.revents & POLLERR) != 0) ::_exit(kInitFailedCode);
  return object::ParseJson(ReadAll(kSpecFd));
}

}  // namespace

int ContainerInit() {
  const auto spec = ReadSpec();
  if (!spec.ok()) return Report(spec.status());
  const Status built = object::Bool(*spec, {"isolated"}) ? BuildRoot(*spec) : MakeSubPaths(*spec);
  if (!built.ok()) return Report(built);
  return Report(Become(*spec));
}

int ContainerExec() {
  const auto spec = ReadSpec();
  if (!spec.ok()) return Report(spec.status());
  if (object::Bool(*spec, {"tty"})) ::ioctl(0, TIOCSCTTY, 0);
  if (!object::Bool(*spec, {"isolated"})) return Report(Become(*spec));
  const auto pid = static_cast<pid_t>(object::Int(*spec, {"pid"}));
  const UniqueFd target(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
  if (!target.valid()) return Report(Failed("find process " + std::to_string(pid)));
  int spaces = CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWUTS;
  if (object::Bool(*spec, {"userNamespace"})) spaces |= CLONE_NEWUSER;
  if (::setns(target.get(), spaces) != 0) return Report(Failed("join the container"));
  const pid_t child = ::fork();  // only a child is in the joined pid namespace
  if (child < 0) return Report(Failed("fork"));
  if (child == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    ::_exit(Report(Become(*spec)));
  }
  ::close(kStatusFd);
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  // No exit handlers: what they start (a leak check does) would be in the container's pid namespace
  // and not find its way back.
  ::_exit(WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
}

}  // namespace rha::local::kubelet
