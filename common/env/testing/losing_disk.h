// A disk that loses power. What was not synced may be lost then, in every way that a file system
// allows: the bytes of a file behind its last sync are there, or some of them, or zeros in their
// place; names that were made, moved or removed since their folder was synced are so or not, each
// by itself.
//
// It works on a real folder, which PowerLoss() brings into the state that the next start finds.
// Files that are there without its doing count as durable. A step is a call of Disk.
#pragma once

#include <algorithm>
#include <cstddef>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "common/base/prng.h"
#include "common/env/disk.h"

namespace rha::env {

class LosingDisk final : public Disk {
 public:
  LosingDisk(std::string folder, uint64_t seed) : root_(std::move(folder)), chance_(seed) {}

  // From this step on nothing happens any more; a write at that very step leaves half of its bytes.
  size_t dies_at = std::numeric_limits<size_t>::max();
  size_t steps = 0;

  Result<UniqueFd> OpenToAppend(const std::string& path, bool anew) override {
    RHA_RETURN_IF_ERROR(Step());
    Look();
    auto& file = names_[path];
    if (file == nullptr) {
      file = std::make_shared<File>();
      pending_.push_back({.made = path, .file = file});
    }
    if (anew) file->now.clear();
    RHA_ASSIGN_OR_RETURN(UniqueFd fd, Disk::OpenToAppend(path, anew));
    open_[fd.get()] = file;
    return fd;
  }
  Status Write(int fd, std::string_view bytes, const std::string& path) override {
    const bool half = steps == dies_at;
    const Status step = Step();
    if (half) bytes = bytes.substr(0, bytes.size() / 2);
    if (!step.ok() && !half) return step;
    open_[fd]->now += bytes;
    const Status written = Disk::Write(fd, bytes, path);
    return step.ok() ? written : step;
  }
  Status Sync(int fd, const std::string&) override {
    RHA_RETURN_IF_ERROR(Step());
    open_[fd]->durable = open_[fd]->now;
    return {};
  }
  Status Truncate(int fd, uint64_t bytes, const std::string& path) override {
    RHA_RETURN_IF_ERROR(Step());
    open_[fd]->now.resize(bytes);
    return Disk::Truncate(fd, bytes, path);
  }
  Status Rename(const std::string& from, const std::string& to) override {
    RHA_RETURN_IF_ERROR(Step());
    Look();
    names_[to] = names_.at(from);
    names_.erase(from);
    pending_.push_back({.made = to, .removed = from, .file = names_[to]});
    return Disk::Rename(from, to);
  }
  Status Remove(const std::string& path) override {
    RHA_RETURN_IF_ERROR(Step());
    Look();
    if (names_.erase(path) != 0) pending_.push_back({.removed = path});
    return Disk::Remove(path);
  }
  Status MakeFolder(const std::string& path) override {
    RHA_RETURN_IF_ERROR(Step());
    return Disk::MakeFolder(path);  // and syncs it
  }
  Status SyncFolderOf(const std::string& path) override {
    RHA_RETURN_IF_ERROR(Step());
    const std::string folder = FolderOf(path);
    std::erase_if(pending_, [&](const Change& change) {
      const bool here = FolderOf(change.made) == folder || FolderOf(change.removed) == folder;
      if (here) Apply(change, &durable_names_);
      return here;
    });
    return {};
  }

  // The process alone has died: the next one finds all, no more durable than it was.
  void Killed() { dies_at = std::numeric_limits<size_t>::max(); }
  // What is left is what the next start finds.
  void PowerLoss() {
    Look();
    std::set<std::string> lost;  // names whose changes are
    for (const Change& change : pending_) {
      const bool depends = lost.count(change.made) + lost.count(change.removed) != 0;
      if (!depends && chance_.Below(2) == 0) {
        Apply(change, &durable_names_);
        continue;
      }
      for (const std::string& name : {change.made, change.removed}) {
        if (!name.empty()) lost.insert(name);
      }
    }
    for (const auto& [path, file] : names_) std::filesystem::remove(path);
    for (const auto& [path, file] : durable_names_) {
      std::ofstream(path, std::ios::binary) << Survivor(*file);
    }
    names_.clear();
    durable_names_.clear();
    pending_.clear();
    open_.clear();
    Killed();
  }

 private:
  struct File {
    std::string now, durable;
  };
  using Names = std::map<std::string, std::shared_ptr<File>>;
  struct Change {
    std::string made, removed;  // empty: none
    std::shared_ptr<File> file = nullptr;
  };

  static std::string FolderOf(const std::string& path) {
    return path.substr(0, path.rfind('/') + 1);
  }
  static void Apply(const Change& change, Names* names) {
    if (!change.removed.empty()) names->erase(change.removed);
    if (!change.made.empty()) (*names)[change.made] = change.file;
  }
  // Files that others have made.
  void Look() {
    for (const auto& entry : std::filesystem::recursive_directory_iterator(root_)) {
      const std::string path = entry.path();
      if (!entry.is_regular_file() || names_.count(path) != 0) continue;
      std::ifstream stream(path, std::ios::binary);
      const std::string text{std::istreambuf_iterator<char>(stream), {}};
      names_[path] = std::make_shared<File>(File{text, text});
      durable_names_[path] = names_[path];
    }
  }
  std::string Survivor(const File& file) {
    if (!file.now.starts_with(file.durable)) return chance_.Below(2) == 0 ? file.now : file.durable;
    std::string text = file.durable;
    const std::string_view rest = std::string_view(file.now).substr(text.size());
    text += rest.substr(0, chance_.Below(rest.size() + 1));
    if (chance_.Below(4) == 0) text.resize(file.now.size(), '\0');
    return text;
  }
  Status Step() {
    if (steps++ < dies_at) return {};
    return Status(Code::kIo, "there is no power");
  }

  const std::string root_;
  Prng chance_;
  Names names_, durable_names_;
  std::vector<Change> pending_;  // of names, since their folders were synced
  std::map<int, std::shared_ptr<File>> open_;
};

}  // namespace rha::env
