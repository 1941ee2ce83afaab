// Files: reading one from the start, and replacing one so that a crash at any time leaves either
// the whole old or the whole new content.
// Thread rule: one owner each.
#pragma once

#include <memory>
#include <string>

#include "common/base/status.h"
#include "common/base/unique_fd.h"
#include "common/env/disk.h"
#include "node/codec/byte_io.h"

namespace rha::node::persist {

class FileSource final : public codec::ByteSource {
 public:
  // kNotFound when there is no such file.
  static Result<std::unique_ptr<FileSource>> Open(const std::string& path);
  // Reads an open file from its beginning; `fd` stays the caller's.
  static Result<std::unique_ptr<FileSource>> FromStart(int fd, const std::string& name);

  Result<size_t> Read(char* out, size_t count) override;
  uint64_t remaining() const override { return remaining_; }
  const std::string& name() const override { return path_; }
  uint64_t size() const { return size_; }

 private:
  FileSource(UniqueFd fd, std::string path, uint64_t size);
  UniqueFd fd_;
  std::string path_;
  uint64_t size_, remaining_;
};

// Writes `path`.<suffix>; Commit() makes it durable under its real name; without it the temporary
// file is removed when the object goes. It is locked while it is being written.
class AtomicFile final : public codec::ByteSink {
 public:
  static Result<std::unique_ptr<AtomicFile>> Create(const std::string& path,
                                                    const std::string& suffix,
                                                    env::Disk& disk = env::Disk::Real());
  ~AtomicFile() override;

  Status Write(std::string_view bytes) override;
  // Sync(), Rename(), SyncFolder().
  Status Commit();
  // Its parts, of which the second is quick: the new content takes the old one's place.
  Status Sync();
  Status Rename();
  Status SyncFolder() { return disk_.SyncFolderOf(path_); }
  const std::string& temporary_path() const { return temporary_; }

 private:
  AtomicFile(UniqueFd fd, std::string path, std::string temporary, env::Disk& disk);
  env::Disk& disk_;
  UniqueFd fd_;
  std::string path_, temporary_;
  size_t unsynced_bytes_ = 0;
  bool committed_ = false;
};

// "PROCESS.tmp", or "PROCESS.JOB.tmp".
std::string TemporarySuffix(std::string_view job = {});
// Removes files of such names beside `path` that nobody is writing any more: their processes died.
void RemoveLeftovers(const std::string& path);

// Writes to a descriptor of somebody else.
class FdSink final : public codec::ByteSink {
 public:
  FdSink(int fd, std::string name) : fd_(fd), name_(std::move(name)) {}
  Status Write(std::string_view bytes) override;

 private:
  int fd_;
  std::string name_;
};

// A file in `directory` that has no name: nothing is left behind, however the process
// ends.
Result<UniqueFd> CreateNamelessFile(const std::string& directory, const std::string& prefix);
// Closes it; one of kClosedAtOnceBytesMax or more beside the caller, if that can be: with the last
// descriptor of such a file the kernel frees its pages and blocks, which takes 0.1 to 0.3 ms for
// each MB. True: a thread does it.
bool CloseNamelessFile(UniqueFd file);

}  // namespace rha::node::persist
