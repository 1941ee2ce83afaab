// Where the state of the machine survives a restart, written by a thread of its own so that a slow
// disk never holds up the loop.
//
// Each write is a whole new file: temporary name, fsync, rename, fsync of the folder. A reader
// therefore finds the old state or the new one. The state file of a configured group ends in a
// check line ("redisha-check <lines> <hash>"), so that damage is noticed and refused; a vote must
// not be forgotten quietly. A classic configuration file keeps the user's lines and comments and
// gets its `sentinel …` lines anew, below a mark, as redis-sentinel does it.
#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "common/base/status.h"
#include "sidecar/core/persisted.h"

namespace rha::sidecar::shell {

// Reads a state file. Nothing: it does not exist yet. kCorrupt: damaged or not ours.
// `group`: the one configured group. Its name may have been another when the file was written:
// whose state it is, the member's id says.
Result<std::optional<core::PersistedState>> ReadStateFile(const std::string& path,
                                                          const std::string& group);
// The pure halves of reading and writing.
Result<core::PersistedState> DecodeState(const std::string& text, const std::string& group);
std::string EncodeState(const core::PersistedState& state);
// `old_text`: the configuration file as it is now.
std::string RewriteConfig(const std::string& old_text, const core::PersistedState& state);

// kNotFound, kIo, or kExhausted beyond kConfigBytesMax.
Result<std::string> ReadTextFile(const std::string& path);
Status WriteTextFile(const std::string& path, const std::string& text);

// Any thread may call Write; `done` is called on the writer's thread. Of several waiting states
// only the newest is written; done(seq, …) then speaks for the older ones too.
class StateWriter {
 public:
  using Done = std::function<void(uint64_t seq, const Status& status)>;

  enum class Kind { kStateFile, kConfigFile };
  StateWriter(std::string path, Kind kind, Done done);
  ~StateWriter();  // writes what is waiting
  StateWriter(const StateWriter&) = delete;
  StateWriter& operator=(const StateWriter&) = delete;

  void Write(uint64_t seq, core::PersistedState state);
  // On the caller's thread, before anything else is written: can it be written at all?
  Status WriteNow(const core::PersistedState& state);

 private:
  struct Job {
    uint64_t seq;
    core::PersistedState state;
  };
  void Work();

  const std::string path_;
  const Kind kind_;
  const Done done_;
  std::mutex mutex_;
  std::condition_variable work_;
  std::optional<Job> job_;  // guarded by mutex_
  bool ending_ = false;     // guarded by mutex_
  std::thread thread_;
};

}  // namespace rha::sidecar::shell
