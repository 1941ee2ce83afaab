// Runs the programs that `sentinel notification-script` and `client-reconfig-script` name: sixteen
// at once, at most; the others wait in order of their coming. One that ends with 1 or by a signal
// is run again, ten times in all, after 30 s, 60 s, 120 s …; one that lasts too long is killed.
// When more than 256 wait, the oldest is given up, as in Redis.
//
// A program gets the environment, standard input and output of this process and no other
// descriptor. Thread rule: the loop's.
#pragma once

#include <sys/types.h>

#include <functional>
#include <list>
#include <string>
#include <vector>

#include "common/net/reactor.h"

namespace rha::sidecar::shell {

class Scripts {
 public:
  struct Job {
    std::vector<std::string> words;  // the program and its arguments
    pid_t pid = 0;                   // 0: it does not run now
    int tries = 0;
    bool killed = false;
    MonoTime since;  // running: its start; waiting: not before this
  };
  struct Periods {
    Millis runtime_max, retry_delay;
  };
  // Of an event that concerns no group: "-script-error", "-script-timeout".
  using Tell = std::function<void(const std::string& channel, const std::string& payload)>;

  Scripts(net::Reactor& reactor, std::function<Periods()> periods, Tell tell);
  ~Scripts();  // those that run go on

  void Add(std::vector<std::string> words);

  const std::list<Job>& jobs() const { return jobs_; }
  size_t running() const { return running_; }
  MonoTime Now() const { return reactor_.Now(); }

 private:
  void Turn();
  void Collect();
  bool Ended(Job& job, int status);
  void StartWaiting();
  bool Start(Job& job);
  Millis RetryDelay(int tries) const;

  net::Reactor& reactor_;
  const std::function<Periods()> periods_;
  const Tell tell_;
  std::list<Job> jobs_;
  size_t running_ = 0;
  net::TimerId timer_ = 0;
};

}  // namespace rha::sidecar::shell
