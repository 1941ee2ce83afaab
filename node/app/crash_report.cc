#include "node/app/crash_report.h"

#include <unistd.h>

#include <csignal>
#include <cstdlib>

#include "node/app/signal_log.h"

namespace rha::node::app {
namespace {

constexpr int kSignals[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT};

CrashReport current{.on = false, .exit_on_broken = false};

// From here on only what a signal handler may call.

// Sent by this process to itself: RHA_CHECK.
bool IsBrokenInvariant(int number, const siginfo_t& info) {
  return number == SIGABRT && info.si_code == SI_TKILL && info.si_pid == ::getpid();
}

void Describe(int number, const siginfo_t& info) {
  using signal_log::Put;
  Put("\n\n=== REDISHA BUG REPORT START: cut and paste from here ===\nRedisHA " RHA_VERSION
      " crashed by signal: ");
  Put(number);
  Put(", si_code: ");
  Put(info.si_code);
  Put("\n");
  signal_log::PutFrames();
  Put("\n=== REDISHA BUG REPORT END. Lines of the source: addr2line -Cfpe redisha-node (the +0x... "
      "of each frame) ===\n");
}

void OnSignal(int number, siginfo_t* info, void*) {
  if (current.on) Describe(number, *info);
  if (current.exit_on_broken && IsBrokenInvariant(number, *info)) ::_exit(EXIT_FAILURE);
  ::raise(number);  // with the default action by now: a core, and the status the parent waits for
}

}  // namespace

void SetCrashReport(CrashReport how) {
#if defined(RHA_ASAN) || defined(RHA_TSAN)
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
    signal_log::Prepare();
    signal_log::UseOwnStack();
    action.sa_sigaction = OnSignal;
    action.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_RESETHAND | SA_NODEFER;
  }
  for (const int number : kSignals) ::sigaction(number, &action, nullptr);
}

}  // namespace rha::node::app
