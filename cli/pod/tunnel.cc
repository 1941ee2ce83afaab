#include "cli/pod/tunnel.h"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <charconv>
#include <chrono>
#include <csignal>

#include "local/object/json.h"

namespace rha::cli {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int kForwardTimeoutMs = 20'000;
constexpr size_t kComplaintBytesMax = 1024;

bool IsOfThisMachine(const std::string& ip) { return ip.starts_with("127."); }

std::string Trimmed(std::string text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.pop_back();
  return text;
}

// "Forwarding from 127.0.0.1:40123 -> 6379"
bool ParseForwarding(const std::string& line, uint16_t* here, uint16_t* there) {
  const size_t arrow = line.find(" -> ");
  const size_t colon = line.rfind(':', arrow);
  if (!line.starts_with("Forwarding from 127.") || arrow == std::string::npos) return false;
  const char* end = line.data() + line.size();
  return std::from_chars(line.data() + colon + 1, line.data() + arrow, *here).ec == std::errc() &&
         std::from_chars(line.data() + arrow + 4, end, *there).ec == std::errc();
}

}  // namespace

Child::Child(Child&& other) noexcept { *this = std::move(other); }

Child& Child::operator=(Child&& other) noexcept {
  if (this == &other) return *this;
  Stop();
  pid_ = std::exchange(other.pid_, -1);
  out_ = std::move(other.out_);
  err_ = std::move(other.err_);
  buffer_ = std::move(other.buffer_);
  return *this;
}

Result<Child> Child::Start(const std::vector<std::string>& words, Stderr keep) {
  std::vector<char*> argv;
  for (const std::string& word : words) argv.push_back(const_cast<char*>(word.c_str()));
  argv.push_back(nullptr);
  int out[2], err[2], failed[2];
  if (::pipe2(out, O_CLOEXEC) != 0) return ErrnoStatus("pipe");
  Child child;
  child.out_ = UniqueFd(out[0]);
  const UniqueFd out_end(out[1]);
  if (::pipe2(err, O_CLOEXEC) != 0) return ErrnoStatus("pipe");
  child.err_ = UniqueFd(err[0]);
  const UniqueFd err_end(err[1]);
  if (::pipe2(failed, O_CLOEXEC) != 0) return ErrnoStatus("pipe");
  const UniqueFd failed_end(failed[0]);
  UniqueFd failed_in(failed[1]);
  child.pid_ = ::fork();
  if (child.pid_ < 0) return ErrnoStatus("fork");
  if (child.pid_ == 0) {  // only calls that are safe between fork and exec
    ::prctl(PR_SET_PDEATHSIG, SIGTERM);
    sigset_t none;
    sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);  // we may hold signals; it must hear ours
    ::setpgid(0, 0);  // Ctrl-C is ours to handle: the way must stand while we clean up
    ::dup2(out[1], STDOUT_FILENO);
    if (keep == Stderr::kKept) ::dup2(err[1], STDERR_FILENO);
    ::execvp(argv[0], argv.data());
    const int reason = errno;
    [[maybe_unused]] const auto told = ::write(failed[1], &reason, sizeof reason);
    ::_exit(127);
  }
  failed_in.Reset();
  int reason = 0;
  if (::read(failed[0], &reason, sizeof reason) == sizeof reason) {
    if (reason == ENOENT) {
      return Status(Code::kNotFound, words[0] + " is not in the PATH; pods are reached through it");
    }
    return ErrnoStatus("start " + words[0], reason);
  }
  return child;
}

void Child::Stop() {
  if (pid_ <= 0) return;
  ::kill(pid_, SIGTERM);
  ::waitpid(pid_, nullptr, 0);
  pid_ = -1;
}

std::string Child::Complaint() {
  std::string text;
  pollfd wait{.fd = err_.get(), .events = POLLIN, .revents = 0};
  while (text.size() < kComplaintBytesMax && ::poll(&wait, 1, 200) > 0) {
    char chunk[512];
    const ssize_t got = ::read(err_.get(), chunk, sizeof chunk);
    if (got <= 0) break;
    text.append(chunk, static_cast<size_t>(got));
  }
  return Trimmed(text);
}

Result<std::string> Child::ReadLine(int timeout_ms) {
  const auto deadline = Clock::now() + std::chrono::milliseconds(timeout_ms);
  while (true) {
    if (const size_t end = buffer_.find('\n'); end != std::string::npos) {
      std::string line = buffer_.substr(0, end);
      buffer_.erase(0, end + 1);
      return line;
    }
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now()).count();
    pollfd wait{.fd = out_.get(), .events = POLLIN, .revents = 0};
    const int ready = left <= 0 ? 0 : ::poll(&wait, 1, static_cast<int>(left));
    if (ready < 0 && errno == EINTR) continue;
    char chunk[4096];
    const ssize_t got = ready > 0 ? ::read(out_.get(), chunk, sizeof chunk) : 0;
    if (got <= 0) {
      const std::string why = Complaint();
      return Status(Code::kUnavailable, why.empty() ? "no answer" : why);
    }
    buffer_.append(chunk, static_cast<size_t>(got));
  }
}

Result<std::string> Child::ReadAll() {
  char chunk[4096];
  while (true) {
    const ssize_t got = ::read(out_.get(), chunk, sizeof chunk);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return ErrnoStatus("read");
    if (got == 0) break;
    buffer_.append(chunk, static_cast<size_t>(got));
  }
  int status = 0;
  while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) continue;
  pid_ = -1;
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return std::move(buffer_);
  return Status(Code::kUnavailable, "it has failed: " + Complaint());
}

std::vector<std::string> Kubectl(const Access& access, const std::string& name_space) {
  std::vector<std::string> words = {"kubectl"};
  if (!access.kubeconfig.empty()) words.push_back("--kubeconfig=" + access.kubeconfig);
  if (!access.context.empty()) words.push_back("--context=" + access.context);
  words.push_back("--namespace=" + name_space);
  return words;
}

Result<Tunnel> Tunnel::Open(const Access& access, const std::string& name_space,
                            const nlohmann::json& pod, std::vector<uint16_t> ports) {
  Tunnel tunnel;
  tunnel.pod_ = local::object::Name(pod);
  const std::string ip = local::object::Str(pod, {"status", "podIP"});
  if (ip.empty()) {
    return Status(Code::kUnavailable, "pod " + tunnel.pod_ + " has no address yet (" +
                                          local::object::Str(pod, {"status", "phase"}, "Pending") +
                                          "); kubectl describe pod says why");
  }
  if (IsOfThisMachine(ip)) {
    tunnel.direct_ip_ = ip;
    return tunnel;
  }
  std::vector<std::string> words = Kubectl(access, name_space);
  words.insert(words.end(), {"port-forward", "--address=127.0.0.1", "pod/" + tunnel.pod_});
  for (const uint16_t port : ports) words.push_back(":" + std::to_string(port));
  RHA_ASSIGN_OR_RETURN(tunnel.forwarder_, Child::Start(words));
  return tunnel;
}

Result<net::Endpoint> Tunnel::Reach(uint16_t port) {
  if (!direct_ip_.empty()) return net::Endpoint{direct_ip_, port};
  while (!local_ports_.contains(port)) {
    auto line = forwarder_.ReadLine(kForwardTimeoutMs);
    if (!line.ok()) {
      return Status(line.status().code(), "kubectl port-forward to pod " + pod_ + ": " +
                                              line.status().message() +
                                              "; needed: create on pods/portforward");
    }
    uint16_t here = 0, there = 0;
    if (ParseForwarding(*line, &here, &there)) local_ports_[there] = here;
  }
  return net::Endpoint{"127.0.0.1", local_ports_[port]};
}

}  // namespace rha::cli
