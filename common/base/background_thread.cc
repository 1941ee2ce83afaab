#include "common/base/background_thread.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include <memory>
#include <string>
#include <system_error>
#include <utility>

namespace rha {

Result<std::thread> StartBackgroundThread(const char* name, std::function<void()> work,
                                          ThreadRank rank) {
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  Result<std::thread> thread = Status(Code::kExhausted, "");
  try {
    thread = std::thread([name, rank, work = std::move(work)] {
      pthread_setname_np(pthread_self(), name);
      // A process of real-time priority must not lend it to this thread. Failure costs politeness
      // only.
      const sched_param none{};
      (void)sched_setscheduler(0, rank == ThreadRank::kPolite ? SCHED_BATCH : SCHED_OTHER, &none);
      if (rank == ThreadRank::kPolite) {
        (void)setpriority(PRIO_PROCESS, static_cast<id_t>(::gettid()), kBackgroundNiceness);
      }
      work();
    });
  } catch (const std::system_error& error) {
    thread = Status(Code::kExhausted, std::string("start a thread: ") + error.what());
  }
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  return thread;
}

bool JoinIfEnded(std::thread& thread) {
  if (!thread.joinable()) return true;
  if (pthread_tryjoin_np(thread.native_handle(), nullptr) != 0) return false;
  // std::thread cannot be told, and would end the process for having been left alone.
  std::construct_at(&thread);
  return true;
}

}  // namespace rha
