// A snapshot from our primary: received into a file without a name, checked, and loaded in slices.
//
//   Receive(bytes)… ─▶ true ─▶ StartCheck ─▶ Step… ─▶ StartLoad ─▶ Step… ─▶ loaded
//
// Nothing here touches the keyspace before StartLoad, and that only succeeds for a file whose
// header, end and checksum were right.
// Thread rule: the engine's thread.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "common/base/clock.h"
#include "common/base/status.h"
#include "common/base/unique_fd.h"
#include "node/persist/rdb_check.h"
#include "node/persist/rdb_file.h"
#include "node/repl/snapshot_receiver.h"

namespace rha::node::repl {

class IncomingSnapshot {
 public:
  // `length` -1: `end_mark` ends it.
  static Result<std::unique_ptr<IncomingSnapshot>> Create(const std::string& directory,
                                                          int64_t length, std::string end_mark);

  ~IncomingSnapshot();

  // Takes what belongs to the snapshot from the front of `input`; true: that was all of it, and it
  // is whole.
  Result<bool> Receive(std::string* input);

  // Reads the file once without loading it: finds what could not be loaded while the old data still
  // stand.
  Status StartCheck(int databases);
  Status StartLoad(keyspace::Keyspace& keyspace, int64_t key_delay_us);
  // True: the check or the load begun last is complete.
  Result<bool> Step(const Clock& clock, Millis budget) { return loader_->Step(clock, budget); }

  const persist::RdbLoader& loader() const { return *loader_; }
  int64_t bytes_received() const { return receiver_.bytes_received(); }
  int64_t length() const { return receiver_.length(); }
  // The file, and whether all that it holds was loaded.
  int fd() const { return file_.get(); }
  bool loaded_as_it_is() const {
    return loader_->parts_skipped() == 0 && loader_->empty_keys_skipped() == 0;
  }

 private:
  IncomingSnapshot(UniqueFd file, int64_t length, std::string end_mark)
      : file_(std::move(file)), receiver_(length, std::move(end_mark)) {}
  Status Begin(keyspace::Keyspace* keyspace, int databases, int64_t key_delay_us);

  UniqueFd file_;
  SnapshotReceiver receiver_;
  persist::RdbCheck check_;
  std::string scratch_;
  std::unique_ptr<persist::RdbLoader> loader_;
};

}  // namespace rha::node::repl
