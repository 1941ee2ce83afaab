#include "common/env/slot_file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "common/base/sha1.h"
#include "common/env/files.h"

namespace rha::env {
namespace {

constexpr char kMagic[] = "RHASLOT1";
constexpr size_t kMagicBytes = 8;
constexpr size_t kHeaderBytes = kMagicBytes + 8 + 4 + std::tuple_size_v<Sha1Digest>;
constexpr size_t kBlockBytes = 4096;

void PutNumber(std::string* out, uint64_t number, size_t bytes) {
  for (size_t i = 0; i < bytes; ++i) out->push_back(static_cast<char>(number >> (8 * i)));
}

uint64_t GetNumber(std::string_view from, size_t bytes) {
  uint64_t number = 0;
  for (size_t i = 0; i < bytes; ++i) {
    number |= uint64_t{static_cast<unsigned char>(from[i])} << (8 * i);
  }
  return number;
}

// Sequence and length are sealed with the record: a header must not survive without its record.
std::string Seal(uint64_t sequence, std::string_view record) {
  std::string sealed;
  PutNumber(&sealed, sequence, 8);
  PutNumber(&sealed, record.size(), 4);
  const Sha1Digest digest = Sha1(sealed + std::string(record));
  return kMagic + sealed + std::string(digest.begin(), digest.end());
}

struct Slot {
  uint64_t sequence = 0;
  std::string record;
};

std::optional<Slot> DecodeSlot(std::string_view bytes) {
  if (!bytes.starts_with(kMagic)) return std::nullopt;
  const uint64_t sequence = GetNumber(bytes.substr(kMagicBytes), 8);
  const size_t length = GetNumber(bytes.substr(kMagicBytes + 8), 4);
  if (length > bytes.size() - kHeaderBytes) return std::nullopt;
  const std::string_view record = bytes.substr(kHeaderBytes, length);
  if (bytes.substr(0, kHeaderBytes) != Seal(sequence, record)) return std::nullopt;
  return Slot{sequence, std::string(record)};
}

Result<std::string> ReadAt(int fd, size_t count, off_t offset, const std::string& what) {
  std::string bytes(count, '\0');
  size_t done = 0;
  while (done < count) {
    const ssize_t got = ::pread(fd, bytes.data() + done, count - done, offset + done);
    if (got == 0) break;  // a file that is too short has empty slots
    if (got < 0) {
      if (errno == EINTR) continue;
      return ErrnoStatus(what);
    }
    done += static_cast<size_t>(got);
  }
  return bytes;
}

}  // namespace

SlotFile::SlotFile(std::string path, UniqueFd fd, size_t slot_bytes, Disk& disk)
    : disk_(&disk), path_(std::move(path)), fd_(std::move(fd)), slot_bytes_(slot_bytes) {}

Result<SlotFile> SlotFile::Open(std::string path, size_t record_bytes_max, Disk& disk) {
  RHA_ASSIGN_OR_RETURN(UniqueFd fd, disk.OpenToUpdate(path));
  if (::flock(fd.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) return ErrnoStatus("lock " + path);
    return Status(Code::kConflict, path + " is in use by another process");
  }
  const size_t blocks = (kHeaderBytes + record_bytes_max + kBlockBytes - 1) / kBlockBytes;
  SlotFile file(std::move(path), std::move(fd), blocks * kBlockBytes, disk);
  RHA_RETURN_IF_ERROR(file.ReadSlots());
  RHA_RETURN_IF_ERROR(file.Reserve());
  return file;
}

Status SlotFile::Reserve() {
  RHA_RETURN_IF_ERROR(disk_->Reserve(fd_.get(), 2 * slot_bytes_, path_));
  RHA_RETURN_IF_ERROR(disk_->Sync(fd_.get(), path_));
  return disk_->SyncFolderOf(path_);
}

Status SlotFile::ReadSlots() {
  struct stat file {};
  if (::fstat(fd_.get(), &file) != 0) return ErrnoStatus("stat " + path_);
  const auto whole = static_cast<off_t>(2 * slot_bytes_);
  const Status wrong_size(Code::kCorrupt, path_ + " is damaged: it has " +
                                              std::to_string(file.st_size) + " bytes instead of " +
                                              std::to_string(whole));
  if (file.st_size > whole) return wrong_size;
  bool used[2] = {};
  for (size_t place = 0; place < 2; ++place) {
    const off_t offset = static_cast<off_t>(place * slot_bytes_);
    RHA_ASSIGN_OR_RETURN(const std::string bytes,
                         ReadAt(fd_.get(), slot_bytes_, offset, "read " + path_));
    used[place] = bytes.find_first_not_of('\0') != std::string::npos;
    // Nothing is written before all of it is reserved; on a full disk a part may have been.
    if (used[place] && file.st_size < whole) return wrong_size;
    // A write that was cut short may have left any of its sectors out, also the first.
    if (!bytes.starts_with(kMagic) && bytes.find_first_not_of('\0') < kMagicBytes) {
      return Status(Code::kCorrupt, path_ + " is damaged, or not a file of this kind");
    }
    auto slot = DecodeSlot(bytes);
    if (slot && (!record_ || slot->sequence > sequence_)) {
      sequence_ = slot->sequence;
      record_ = std::move(slot->record);
    }
  }
  // The first write fills both places, the second one first: that one alone, not whole, is a first
  // write that was cut short, and nobody was promised anything yet.
  if (!record_ && used[0]) {
    return Status(Code::kCorrupt, path_ + " is damaged: neither of its two records is whole");
  }
  return Status::Ok();
}

Status SlotFile::Write(std::string_view record) {
  if (record.size() > slot_bytes_ - kHeaderBytes) {
    return Status(Code::kExhausted, "write " + path_ + ": a record of " +
                                        std::to_string(record.size()) + " bytes is too long");
  }
  const uint64_t last = sequence_ == 0 ? 2 : sequence_ + 1;
  for (uint64_t sequence = sequence_ + 1; sequence <= last; ++sequence) {
    const std::string slot = Seal(sequence, record) + std::string(record);
    RHA_RETURN_IF_ERROR(disk_->WriteAt(fd_.get(), (sequence % 2) * slot_bytes_, slot, path_));
    RHA_RETURN_IF_ERROR(disk_->Sync(fd_.get(), path_));
  }
  sequence_ = last;
  record_ = std::string(record);
  return Status::Ok();
}

}  // namespace rha::env
