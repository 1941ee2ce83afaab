#include "node/app/crash_report.h"

#include <execinfo.h>
#include <fcntl.h>
#include <unistd.h>

#include <charconv>
#include <csignal>
#include <cstdlib>
#include <string_view>

namespace rha::node::app {
namespace {

constexpr int kSignals[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT};
constexpr int kFramesMax = 64;
constexpr size_t kStackBytes = 64 * 1024;

int report_fd = STDOUT_FILENO;
CrashReport current{.on = false, .exit_on_broken = false};
alignas(16) char report_stack[kStackBytes];  // the own one may be what has ended

// From here on only what a signal handler may call.
void Put(std::string_view text) { (void)!::write(report_fd, text.data(), text.size()); }

void Put(int number) {
  char text[16];
  Put({text, static_cast<size_t>(std::to_chars(text, text + sizeof text, number).ptr - text)});
}

// Sent by this process to itself: RHA_CHECK.
bool IsBrokenInvariant(int number, const siginfo_t& info) {
  return number == SIGABRT && info.si_code == SI_TKILL && info.si_pid == ::getpid();
}

void Describe(int number, const siginfo_t& info) {
  Put("\n\n=== REDISHA BUG REPORT START: cut and paste from here ===\nRedisHA " RHA_VERSION
      " crashed by signal: ");
  Put(number);
  Put(", si_code: ");
  Put(info.si_code);
  Put("\n\n------ STACK TRACE ------\n");
  void* frames[kFramesMax];
  ::backtrace_symbols_fd(frames, ::backtrace(frames, kFramesMax), report_fd);
  Put("\n=== REDISHA BUG REPORT END. Lines of the source: addr2line -Cfpe redisha-node (the +0x... "
      "of each frame) ===\n");
}

void OnSignal(int number, siginfo_t* info, void*) {
  if (current.on) Describe(number, *info);
  if (current.exit_on_broken && IsBrokenInvariant(number, *info)) ::_exit(EXIT_FAILURE);
  ::raise(number);  // with the default action by now: a core, and the status the parent waits for
}

}  // namespace

void SendCrashReportsTo(const std::string& log_file) {
  const int fd = ::open(log_file.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644);
  if (fd >= 0) report_fd = fd;
}

void SetCrashReport(CrashReport how) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  how.on = false;  // the sanitizers' own reports say more
#endif
  static bool installed = false;
  current = how;
  const bool wanted = how.on || how.exit_on_broken;
  if (wanted == installed) return;
  installed = wanted;
  struct sigaction action {};
  action.sa_handler = SIG_DFL;
  if (wanted) {
    void* frame;
    ::backtrace(&frame, 1);  // loads its library, which a handler may not do
    const stack_t stack{.ss_sp = report_stack, .ss_flags = 0, .ss_size = sizeof report_stack};
    ::sigaltstack(&stack, nullptr);
    action.sa_sigaction = OnSignal;
    action.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_RESETHAND | SA_NODEFER;
  }
  for (const int number : kSignals) ::sigaction(number, &action, nullptr);
}

}  // namespace rha::node::app
