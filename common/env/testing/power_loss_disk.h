// A disk whose power fails: what was not synced is then there in part, or not at all.
//
//   PowerLossDisk disk(folder);       files in `folder` go through it, and really exist, so that
//   ... work ...                      who reads them finds them; none is really synced
//   disk.LosePower(chance);           the folder now holds what a restart may find
//
// What a restart may find: the content of a file up to its last sync, and of what was written since
// a beginning, perhaps with zeros in place of its end; written in place, some of its sectors. Of
// names that were made, changed or removed since their folder was synced each may have become
// durable or not, in any order. A rename alone is never seen by half.
//
// One step can be told to fail, or all from one on, as the process sees it that loses the power. A
// write that fails leaves a part of its bytes; a sync that fails makes nothing durable, now or
// later, until the file has been begun anew (Linux marks such pages clean).
// Thread rule: one thread.
#pragma once

#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "common/base/prng.h"
#include "common/env/testing/faulty_disk.h"

namespace rha::env {

class PowerLossDisk final : public Disk {
 public:
  static constexpr size_t kNever = FaultyDisk::kNever;

  // What the folder holds is durable.
  explicit PowerLossDisk(std::string folder) : folder_(std::move(folder)) {
    for (const auto& entry : std::filesystem::recursive_directory_iterator(folder_)) {
      if (!entry.is_regular_file()) continue;
      auto file = std::make_shared<File>();
      file->now = file->durable = Read(entry.path());
      names_[entry.path()] = durable_names_[entry.path()] = std::move(file);
    }
  }

  size_t dies_at = kNever, fails_at = kNever;
  Code failure = Code::kIo;
  size_t steps = 0;
  bool dead() const { return steps > dies_at; }

  Result<UniqueFd> OpenToAppend(const std::string& path, bool anew, mode_t mode) override {
    RHA_RETURN_IF_ERROR(Step());
    RHA_ASSIGN_OR_RETURN(UniqueFd fd, Disk::OpenToAppend(path, anew, mode));
    Opened(fd.get(), path);
    File& file = *open_[fd.get()];
    if (anew) file.now.clear();
    if (anew) file.lost = false;
    return fd;
  }
  Result<UniqueFd> OpenToUpdate(const std::string& path) override {
    RHA_RETURN_IF_ERROR(Step());
    RHA_ASSIGN_OR_RETURN(UniqueFd fd, Disk::OpenToUpdate(path));
    Opened(fd.get(), path);
    return fd;
  }
  Status Write(int fd, std::string_view bytes, const std::string& path) override {
    const Status step = Step();
    if (!step.ok()) bytes = bytes.substr(0, bytes.size() / 2);
    open_[fd]->now += bytes;
    RHA_RETURN_IF_ERROR(Disk::Write(fd, bytes, path));
    return step;
  }
  Status WriteAt(int fd, uint64_t at, std::string_view bytes, const std::string& path) override {
    const Status step = Step();
    if (!step.ok()) bytes = bytes.substr(0, bytes.size() / 2);
    std::string& now = open_[fd]->now;
    now.resize(std::max(now.size(), at + bytes.size()));
    now.replace(at, bytes.size(), bytes);
    RHA_RETURN_IF_ERROR(Disk::WriteAt(fd, at, bytes, path));
    return step;
  }
  Status Reserve(int fd, uint64_t bytes, const std::string& path) override {
    RHA_RETURN_IF_ERROR(Step());
    std::string& now = open_[fd]->now;
    now.resize(std::max<size_t>(now.size(), bytes));
    return Disk::Reserve(fd, bytes, path);
  }
  Status Sync(int fd, const std::string&) override {
    File& file = *open_[fd];
    const Status step = Step();
    if (step.ok() && !file.lost) file.durable = file.now;
    file.lost = file.lost || (!step.ok() && !dead());
    return step;
  }
  Status Truncate(int fd, uint64_t bytes, const std::string& path) override {
    RHA_RETURN_IF_ERROR(Step());
    open_[fd]->now.resize(bytes);
    return Disk::Truncate(fd, bytes, path);
  }
  Status Rename(const std::string& from, const std::string& to) override {
    RHA_RETURN_IF_ERROR(Step());
    RHA_RETURN_IF_ERROR(Disk::Rename(from, to));
    std::shared_ptr<File> file = names_.extract(from).mapped();
    names_[to] = file;
    changes_.push_back({from, to, std::move(file)});
    return {};
  }
  Status Link(const std::string& from, const std::string& to) override {
    RHA_RETURN_IF_ERROR(Step());
    RHA_RETURN_IF_ERROR(Disk::Link(from, to));
    changes_.push_back({"", to, names_[to] = names_[from]});
    return {};
  }
  Status Remove(const std::string& path) override {
    RHA_RETURN_IF_ERROR(Step());
    RHA_RETURN_IF_ERROR(Disk::Remove(path));
    if (names_.erase(path) != 0) changes_.push_back({path, "", nullptr});
    return {};
  }
  // (of which no test makes one anew)
  Status MakeFolder(const std::string& path) override {
    RHA_RETURN_IF_ERROR(Step());
    return Disk::MakeFolder(path);
  }
  Status SyncFolderOf(const std::string& path) override {
    RHA_RETURN_IF_ERROR(Step());
    const auto folder = std::filesystem::path(path).parent_path();
    std::erase_if(changes_, [&](const Change& change) {
      const std::string& name = change.to.empty() ? change.from : change.to;
      if (std::filesystem::path(name).parent_path() != folder) return false;
      Apply(change);
      return true;
    });
    return {};
  }

  // The process alone has died: the next one finds everything, no more durable than it was. (That a
  // sync had failed it cannot know, and believes its own.)
  void Killed() {
    for (const auto& [path, file] : names_) file->lost = false;
    open_.clear();
    dies_at = fails_at = kNever;
    steps = 0;
  }
  // Afterwards the folder is all there is, and durable.
  void LosePower(Prng& chance) {
    std::vector<Change> some;
    for (Change& change : changes_) {
      if (chance.Below(2) == 0) some.push_back(std::move(change));
    }
    for (size_t i = some.size(); i > 1; --i) std::swap(some[i - 1], some[chance.Below(i)]);
    for (const Change& change : some) Apply(change);
    for (const auto& entry : std::filesystem::recursive_directory_iterator(folder_)) {
      if (entry.is_regular_file()) std::filesystem::remove(entry.path());
    }
    std::map<File*, std::string> found;  // a file of two names is one
    for (const auto& [path, file] : durable_names_) {
      const auto known = found.try_emplace(file.get());
      if (known.second) known.first->second = Survives(*file, chance);
      std::ofstream(path, std::ios::binary) << known.first->second;
    }
    names_.clear();
    open_.clear();
    changes_.clear();
    dies_at = fails_at = kNever;
    steps = 0;
    for (auto& [path, file] : durable_names_) {
      const std::string content = found[file.get()];
      file = std::make_shared<File>();
      file->now = file->durable = content;
    }
    names_ = durable_names_;
  }

 private:
  static constexpr size_t kSectorBytes = 512;
  struct File {
    std::string now, durable;
    bool lost = false;  // a sync has failed
  };
  // `from` goes, `to` is from now on the name of `file`.
  struct Change {
    std::string from, to;
    std::shared_ptr<File> file;
  };

  static std::string Read(const std::filesystem::path& path) {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  void Opened(int fd, const std::string& path) {
    auto& file = names_[path];
    if (file == nullptr) {
      file = std::make_shared<File>();
      changes_.push_back({"", path, file});
    }
    open_[fd] = file;
  }
  void Apply(const Change& change) {
    if (!change.from.empty()) durable_names_.erase(change.from);
    if (!change.to.empty()) durable_names_[change.to] = change.file;
  }
  static std::string Survives(const File& file, Prng& chance) {
    const std::string& now = file.now;
    const std::string& durable = file.durable;
    if (now.size() == durable.size()) {  // in place
      std::string mixed = durable;
      for (size_t at = 0; at < now.size(); at += kSectorBytes) {
        if (chance.Below(2) == 0) mixed.replace(at, kSectorBytes, now, at, kSectorBytes);
      }
      return mixed;
    }
    if (!now.starts_with(durable)) return chance.Below(2) == 0 ? durable : now;
    std::string longer =
        now.substr(0, durable.size() + chance.Below(now.size() - durable.size() + 1));
    const size_t zeros =
        chance.Below(2) == 0 ? chance.Below(longer.size() - durable.size() + 1) : 0;
    std::fill(longer.end() - static_cast<ptrdiff_t>(zeros), longer.end(), '\0');
    return longer;
  }
  Status Step() {
    const size_t step = steps++;
    if (step < dies_at && step != fails_at) return {};
    return Status(failure, "step " + std::to_string(step) + " fails");
  }

  std::string folder_;
  std::map<std::string, std::shared_ptr<File>> names_, durable_names_;
  std::map<int, std::shared_ptr<File>> open_;
  std::vector<Change> changes_;
};

}  // namespace rha::env
