// redisha-operator: flags → signals → Run, nothing else.
#include <pthread.h>
#include <signal.h>

#include <thread>

#include "common/base/log.h"
#include "operator/app/app.h"
#include "operator/app/options.h"

int main(int argc, char** argv) {
  const rha::op::app::ParsedOptions parsed = rha::op::app::ParseOptions(argc, argv);
  if (!parsed.run) return parsed.exit_code;
  const rha::Status log_status = rha::log::Init({.program = "redisha-operator",
                                                 .level = parsed.options.log_level,
                                                 .format = parsed.options.log_format});
  if (!log_status.ok()) return 2;

  // Blocked before any thread exists, so that one thread of ours receives them.
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  signal(SIGPIPE, SIG_IGN);
  std::stop_source stop;
  std::thread waiter([&signals, &stop] {
    int received = 0;
    sigwait(&signals, &received);
    if (!stop.stop_requested()) rha::log::Info("stopping on signal {}", received);
    stop.request_stop();
  });

  const rha::Status status = rha::op::app::Run(parsed.options, stop.get_token());
  if (!status.ok()) rha::log::Error("{}", status.message());
  stop.request_stop();
  pthread_kill(waiter.native_handle(), SIGTERM);
  waiter.join();
  rha::log::Flush();
  return status.ok() ? 0 : 1;
}
