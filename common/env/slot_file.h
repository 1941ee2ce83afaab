// A small record that is replaced as a whole and must be neither lost nor half written: votes, role
// epochs.
//
//   file = slot slot                    both are reserved on the disk when the file is made
//   slot = magic(8) sequence(8) length(4) sha1(20) record(length) zeros
//
// A record goes into the slot that does not hold the newest one, in place, and is synced before
// Write() returns. So a full disk cannot refuse a vote (on file systems that write in place), and
// power loss at any moment leaves the old record or the new one. What a slot holds counts only if
// its checksum is right; a damaged slot beside a good one is taken for a write that was cut short.
//
// The file is locked while it is open: two processes with one memory could promise two things.
// Thread rule: one caller at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "common/base/status.h"
#include "common/base/unique_fd.h"
#include "common/env/disk.h"

namespace rha::env {

class SlotFile {
 public:
  // Makes the file if it does not exist. `record_bytes_max` is rounded up to whole blocks and must
  // be the same at each opening. Errors: kCorrupt if there are slots but no good one, kConflict if
  // another process has it open, kExhausted if its space cannot be reserved.
  static Result<SlotFile> Open(std::string path, size_t record_bytes_max,
                               Disk& disk = Disk::Real());

  // The newest record; nothing if none was ever written.
  const std::optional<std::string>& record() const { return record_; }

  // Durable once this returns Ok. After an error the old record stands.
  Status Write(std::string_view record);

  const std::string& path() const { return path_; }

 private:
  SlotFile(std::string path, UniqueFd fd, size_t slot_bytes, Disk& disk);
  Status Reserve();
  Status ReadSlots();

  Disk* disk_;
  std::string path_;
  UniqueFd fd_;
  size_t slot_bytes_;
  uint64_t sequence_ = 0;  // of record_; a slot's place is its sequence's parity
  std::optional<std::string> record_;
};

}  // namespace rha::env
