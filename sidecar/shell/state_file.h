// Where the state of the machine survives a restart, written by a thread of its own so that a slow
// disk never holds up the loop.
//
// A reader finds the old state or the new one, never half of one.
//   configured group   a slot file (common/env/slot_file.h): its space is reserved when it is made,
//                      so that a full volume takes no vote away. The record ends in a check line
//                      ("redisha-check <bytes> <hash>"); damage is refused, for a vote must not be
//                      forgotten quietly.
//   classic            the configuration file, as redis-sentinel does it: comments and the order
//                      stay, `sentinel …` lines are replaced where they are, new ones follow a
//                      mark. Temporary name, fsync, rename, fsync of the folder.
#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "common/base/status.h"
#include "common/env/files.h"
#include "sidecar/core/persisted.h"

namespace rha::sidecar::shell {

constexpr char kStateUnwritable[] =
    "the state must survive a restart, but cannot be written (this user must be able to write in "
    "that folder)";

// Where a state goes; durable once it returns Ok.
using StateStore = std::function<Status(const core::PersistedState& state)>;

struct StateFile {
  StateStore store;                           // keeps the file open and locked
  std::optional<core::PersistedState> state;  // nothing: none was ever written
};
// Opens the state file of a configured group, making it if need be. kCorrupt: damaged or not ours.
// `group`: the one configured group. Its name may have been another when the file was written:
// whose state it is, the member's id says. A text file of an earlier version is taken over.
Result<StateFile> OpenStateFile(const std::string& path, const std::string& group,
                                env::Disk& disk = env::Disk::Real());
// Rewrites a classic configuration file.
StateStore ConfigFileStore(const std::string& path, env::Disk& disk = env::Disk::Real());
// The pure halves of reading and writing.
Result<core::PersistedState> DecodeState(const std::string& text, const std::string& group);
std::string EncodeState(const core::PersistedState& state);
// `old_text`: the configuration file as it is now.
std::string RewriteConfig(const std::string& old_text, const core::PersistedState& state);

using env::ReadTextFile;
using env::WriteTextFile;

// Any thread may call Write; `done` is called on the writer's thread. Of several waiting states
// only the newest is written; done(seq, …) then speaks for the older ones too.
class StateWriter {
 public:
  using Done = std::function<void(uint64_t seq, const Status& status)>;

  StateWriter(StateStore store, Done done);
  ~StateWriter();  // writes what is waiting
  StateWriter(const StateWriter&) = delete;
  StateWriter& operator=(const StateWriter&) = delete;

  void Write(uint64_t seq, core::PersistedState state);
  // On the caller's thread, before anything else is written: can it be written at all?
  Status WriteNow(const core::PersistedState& state) { return store_(state); }

 private:
  struct Job {
    uint64_t seq;
    core::PersistedState state;
  };
  void Work();

  const StateStore store_;
  const Done done_;
  std::mutex mutex_;
  std::condition_variable work_;
  std::optional<Job> job_;  // guarded by mutex_
  bool ending_ = false;     // guarded by mutex_
  std::thread thread_;
};

}  // namespace rha::sidecar::shell
