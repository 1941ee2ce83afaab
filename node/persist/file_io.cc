#include "node/persist/file_io.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <memory>
#include <thread>
#include <utility>

#include "common/base/background_thread.h"
#include "common/base/log.h"
#include "common/env/files.h"
#include "node/persist/limits.h"

namespace rha::node::persist {

FileSource::FileSource(UniqueFd fd, std::string path, uint64_t size)
    : fd_(std::move(fd)), path_(std::move(path)), size_(size), remaining_(size) {}

Result<std::unique_ptr<FileSource>> FileSource::Open(const std::string& path) {
  UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd.valid()) {
    if (errno == ENOENT) return Status(Code::kNotFound, "open " + path + ": there is no such file");
    return ErrnoStatus("open " + path);
  }
  struct stat info {};
  if (::fstat(fd.get(), &info) != 0) return ErrnoStatus("examine " + path);
  if (!S_ISREG(info.st_mode)) return Status(Code::kInvalid, path + " is not a regular file");
  ::posix_fadvise(fd.get(), 0, 0, POSIX_FADV_SEQUENTIAL);
  return std::unique_ptr<FileSource>(
      new FileSource(std::move(fd), path, static_cast<uint64_t>(info.st_size)));
}

Result<std::unique_ptr<FileSource>> FileSource::FromStart(int fd, const std::string& name) {
  UniqueFd copy(::fcntl(fd, F_DUPFD_CLOEXEC, 0));
  struct stat info {};
  if (!copy.valid() || ::fstat(copy.get(), &info) != 0 || ::lseek(copy.get(), 0, SEEK_SET) != 0) {
    return ErrnoStatus("open " + name);
  }
  return std::unique_ptr<FileSource>(
      new FileSource(std::move(copy), name, static_cast<uint64_t>(info.st_size)));
}

Result<size_t> FileSource::Read(char* out, size_t count) {
  for (;;) {
    const ssize_t got = ::read(fd_.get(), out, count);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return ErrnoStatus("read " + path_);
    // A file that grew meanwhile must not make the bound wrap around.
    remaining_ -= std::min<uint64_t>(remaining_, static_cast<uint64_t>(got));
    if (got == 0) remaining_ = 0;
    return static_cast<size_t>(got);
  }
}

AtomicFile::AtomicFile(UniqueFd fd, std::string path, std::string temporary, env::Disk& disk)
    : disk_(disk), fd_(std::move(fd)), path_(std::move(path)), temporary_(std::move(temporary)) {}

namespace {

// False: somebody else has locked it. Where there are no locks nobody has.
bool Lock(int fd) { return ::flock(fd, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK; }

bool IsNumber(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

// What TemporarySuffix() gives.
bool IsTemporarySuffix(std::string_view text) {
  if (!text.ends_with(".tmp")) return false;
  text.remove_suffix(4);
  const size_t dot = text.find('.');
  const bool has_job = dot != std::string_view::npos;
  if (has_job && !text.substr(dot + 1).starts_with("bg")) return false;
  return IsNumber(text.substr(0, dot)) && (!has_job || IsNumber(text.substr(dot + 3)));
}

}  // namespace

std::string TemporarySuffix(std::string_view job) {
  return std::to_string(::getpid()) + "." + std::string(job) + (job.empty() ? "tmp" : ".tmp");
}

void RemoveLeftovers(const std::string& path) {
  const std::filesystem::path whole(path);
  const std::string beginning = whole.filename().string() + ".";
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator(whole.parent_path(), ignored)) {
    const std::string name = entry.path().filename();
    if (!name.starts_with(beginning) || !entry.is_regular_file(ignored)) continue;
    if (!IsTemporarySuffix(std::string_view(name).substr(beginning.size()))) continue;
    const UniqueFd fd(::open(entry.path().c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC));
    if (!fd.valid() || !Lock(fd.get())) continue;
    log::Info("removing {}, which a process that ended has left half written",
              entry.path().string());
    ::unlink(entry.path().c_str());
  }
}

Result<std::unique_ptr<AtomicFile>> AtomicFile::Create(const std::string& path,
                                                       const std::string& suffix, env::Disk& disk) {
  std::string temporary = path + "." + suffix;
  RHA_ASSIGN_OR_RETURN(UniqueFd fd, disk.OpenToAppend(temporary, false));
  if (!Lock(fd.get())) {
    return Status(Code::kConflict, temporary + " is being written by another process");
  }
  // Only now: what another process has locked is its own. (A pipe has no size.)
  struct stat info {};
  if (::fstat(fd.get(), &info) == 0 && info.st_size != 0) {
    RHA_RETURN_IF_ERROR(disk.Truncate(fd.get(), 0, temporary));
  }
  return std::unique_ptr<AtomicFile>(
      new AtomicFile(std::move(fd), path, std::move(temporary), disk));
}

AtomicFile::~AtomicFile() {
  if (!committed_) (void)disk_.Remove(temporary_).ok();
}

Status FdSink::Write(std::string_view bytes) { return env::WriteAll(fd_, bytes, name_); }

Status AtomicFile::Write(std::string_view bytes) {
  RHA_RETURN_IF_ERROR(disk_.Write(fd_.get(), bytes, temporary_));
  unsynced_bytes_ += bytes.size();
  if (unsynced_bytes_ >= kSyncIntervalBytes) {
    // (only a hint: what Sync() will need is on its way)
    ::sync_file_range(fd_.get(), 0, 0, SYNC_FILE_RANGE_WRITE);
    unsynced_bytes_ = 0;
  }
  return {};
}

Status AtomicFile::Commit() {
  RHA_RETURN_IF_ERROR(Sync());
  RHA_RETURN_IF_ERROR(Rename());
  return SyncFolder();
}

Status AtomicFile::Sync() { return disk_.Sync(fd_.get(), temporary_); }

Status AtomicFile::Rename() {
  // The file that it replaces has no name then.
  UniqueFd replaced(::open(path_.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
  RHA_RETURN_IF_ERROR(disk_.Rename(temporary_, path_));
  (void)CloseNamelessFile(std::move(replaced));
  committed_ = true;
  fd_.Reset();
  return {};
}

Result<UniqueFd> CreateNamelessFile(const std::string& directory, const std::string& prefix) {
  // Where the file system can: such a file may be given a name later (env::Disk::GiveName).
  UniqueFd nameless(::open(directory.c_str(), O_RDWR | O_TMPFILE | O_CLOEXEC, 0644));
  if (nameless.valid()) return nameless;
  const std::string path = directory + "/" + prefix + "-" + std::to_string(::getpid()) + ".rdb";
  UniqueFd file(::open(path.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
  if (!file.valid()) return ErrnoStatus("create " + path);
  ::unlink(path.c_str());
  return file;
}

bool CloseNamelessFile(UniqueFd file) {
  struct stat info {};
  if (!file.valid() || ::fstat(file.get(), &info) != 0) return false;
  if (static_cast<size_t>(info.st_size) < kClosedAtOnceBytesMax) return false;
  auto shared = std::make_shared<UniqueFd>(std::move(file));
  Result<std::thread> thread = StartBackgroundThread("close", [shared] { shared->Reset(); });
  // (Without one it is closed here: the last owner goes.)
  if (thread.ok()) thread->detach();
  return thread.ok();
}

}  // namespace rha::node::persist
