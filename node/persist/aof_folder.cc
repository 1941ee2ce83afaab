#include "node/persist/aof_folder.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <charconv>
#include <memory>
#include <utility>

#include "common/base/log.h"
#include "common/env/files.h"
#include "node/persist/file_io.h"
#include "node/persist/limits.h"

namespace rha::node::persist {
namespace {

bool Exists(const std::string& path) { return ::access(path.c_str(), F_OK) == 0; }

Result<uint64_t> BytesOf(const std::string& path) {
  struct stat info {};
  if (::stat(path.c_str(), &info) == 0) return static_cast<uint64_t>(info.st_size);
  if (errno != ENOENT) return ErrnoStatus("examine " + path);
  return Status(Code::kNotFound,
                "The AOF file " + path +
                    " doesn't exist (No such file or directory), although the manifest names it: "
                    "restore it, or the folder, from a copy");
}

std::string RetiredManifestPath(const AofPlace& place) {
  return place.ManifestPath() + ".replaced";
}

Result<AofManifest> ReadManifestAt(const std::string& path) {
  const auto text = env::ReadTextFileUpTo(path, kAofManifestBytesMax);
  if (text.status().code() == Code::kNotFound) return AofManifest{};
  if (!text.ok()) return text.status();
  auto manifest = AofManifest::Parse(*text);
  if (manifest.ok()) return manifest;
  return manifest.status().Context("FATAL AOF MANIFEST FILE ERROR: " + path);
}

// The sequence in "NAME.3.base.rdb", "NAME.3.incr.aof"; 0: that is no such name.
uint64_t SequenceOf(std::string_view file, const std::string& name) {
  if (!file.starts_with(name + ".")) return 0;
  file.remove_prefix(name.size() + 1);
  uint64_t sequence = 0;
  const auto [end, error] = std::from_chars(file.data(), file.data() + file.size(), sequence);
  const std::string_view rest(end, file.data() + file.size() - end);
  const bool ours = rest == ".base.rdb" || rest == ".base.aof" || rest == ".incr.aof";
  return error == std::errc() && ours ? sequence : 0;
}

// Those of a set's names in its folder that no set put aside (".kept") needs.
Result<std::vector<AofFile>> FilesThere(const AofPlace& place) {
  std::vector<AofFile> found;
  const std::string folder = place.dir + "/" + place.folder;
  const std::unique_ptr<DIR, int (*)(DIR*)> files(::opendir(folder.c_str()), ::closedir);
  if (files == nullptr) return found;
  RHA_ASSIGN_OR_RETURN(const AofManifest kept, ReadManifestAt(place.ManifestPath() + ".kept"));
  while (const dirent* file = ::readdir(files.get())) {
    const uint64_t sequence = SequenceOf(file->d_name, place.name);
    if (sequence > 0 && !kept.Names(file->d_name)) found.push_back({file->d_name, sequence});
  }
  return found;
}

// What is left of a set that was retired. The list of it goes last.
Status RemoveRetired(env::Disk& disk, const AofPlace& place) {
  const std::string list = RetiredManifestPath(place);
  RHA_ASSIGN_OR_RETURN(const AofManifest manifest, ReadManifestAt(list));
  RHA_ASSIGN_OR_RETURN(std::vector<AofFile> files, FilesThere(place));
  for (const AofFile& file : manifest.InOrder()) files.push_back(file);  // also of other names
  for (const AofFile& file : files) {
    // The loop waits for this, so the blocks of a large one are freed beside it.
    UniqueFd open(::open(place.PathOf(file.name).c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
    RHA_RETURN_IF_ERROR(disk.Remove(place.PathOf(file.name)));
    (void)CloseNamelessFile(std::move(open));
  }
  RHA_RETURN_IF_ERROR(disk.SyncFolderOf(list));
  return disk.Remove(list);
}

}  // namespace

// ---------------------------------------------------------------- what is there

Status AofFolder::Find() {
  RHA_ASSIGN_OR_RETURN(manifest_, ReadManifestAt(place_.ManifestPath()));
  durable_ = false;  // the process that wrote it may have died before its name was
  if (manifest_.empty() && Exists(RetiredManifestPath(place_))) {
    RHA_RETURN_IF_ERROR(RemoveRetired(disk_, place_));
  }
  // As in Redis: begun, or interrupted before the file was moved.
  const bool unmoved = manifest_.base && manifest_.base->name == place_.name &&
                       manifest_.increments.empty() && !Exists(PathOf(place_.name));
  const bool old_file = Exists(place_.dir + "/" + place_.name);
  if (old_file && (manifest_.empty() || unmoved)) return Upgrade();
  return manifest_.empty() ? LookAtUnlisted() : Status();
}

// Without a manifest there is no set, but maybe what was one: somebody has left the manifest out of
// a copy. A first set that a crash kept from coming about has files of the first sequence alone;
// who has no other way may want those, too.
Status AofFolder::LookAtUnlisted() {
  RHA_ASSIGN_OR_RETURN(const std::vector<AofFile> files, FilesThere(place_));
  for (const AofFile& file : files) {
    if (file.sequence == 1) continue;
    return Status(Code::kCorrupt, "FATAL AOF MANIFEST FILE ERROR: " + place_.ManifestPath() +
                                      " is missing, but there is " + file.name +
                                      ": restore the manifest from a copy, or move the files "
                                      "away to begin without them");
  }
  for (const AofFile& file : files) {
    const std::string path = PathOf(file.name);
    const auto bytes = BytesOf(path);
    if (!bytes.ok() || *bytes == 0 || Exists(path + ".kept")) continue;
    RHA_RETURN_IF_ERROR(disk_.Rename(path, path + ".kept"));
    log::Warn("there is no AOF manifest, but {}: it is not loaded, and kept as {}.kept", path,
              file.name);
  }
  return {};
}

bool AofFolder::IsThere(const AofPlace& place) { return Exists(place.ManifestPath()); }

Status AofFolder::Retire(env::Disk& disk, const AofPlace& place) {
  const std::string manifest = place.ManifestPath();
  if (!Exists(manifest)) return {};
  RHA_RETURN_IF_ERROR(disk.Rename(manifest, RetiredManifestPath(place)));
  RHA_RETURN_IF_ERROR(disk.SyncFolderOf(manifest));
  return RemoveRetired(disk, place);
}

// The manifest first: interrupted behind it, the next start goes on from here.
Status AofFolder::Upgrade() {
  RHA_RETURN_IF_ERROR(disk_.MakeFolder(place_.dir + "/" + place_.folder));
  AofManifest upgraded;
  upgraded.base = AofFile{place_.name, 1};
  RHA_RETURN_IF_ERROR(WriteManifest(upgraded));
  const std::string old_path = place_.dir + "/" + place_.name;
  RHA_RETURN_IF_ERROR(disk_.Rename(old_path, PathOf(place_.name)));
  RHA_RETURN_IF_ERROR(disk_.SyncFolderOf(PathOf(place_.name)));
  RHA_RETURN_IF_ERROR(disk_.SyncFolderOf(old_path));
  log::Info("Successfully migrated an old-style AOF file ({}) into the AOF directory ({}).",
            place_.name, place_.folder);
  return {};
}

Result<AofFolder::Sizes> AofFolder::SizesOnDisk() const {
  Sizes sizes;
  for (const AofFile& file : manifest_.InOrder()) {
    RHA_ASSIGN_OR_RETURN(const uint64_t bytes, BytesOf(PathOf(file.name)));
    (manifest_.base && file == *manifest_.base ? sizes.base : sizes.increments) += bytes;
  }
  return sizes;
}

// ---------------------------------------------------------------- steps

Status AofFolder::WriteManifest(const AofManifest& manifest) {
  const std::string path = PathOf(AofManifestName(place_.name));
  const std::string aside = PathOf("temp-" + AofManifestName(place_.name));
  {
    RHA_ASSIGN_OR_RETURN(const UniqueFd fd, disk_.OpenToAppend(aside, true));
    RHA_RETURN_IF_ERROR(disk_.Write(fd.get(), manifest.Format(), aside));
    RHA_RETURN_IF_ERROR(disk_.Sync(fd.get(), aside));
  }
  RHA_RETURN_IF_ERROR(disk_.Rename(aside, path));
  // From here on a crash may find either: what both name must stay.
  manifest_ = manifest;
  durable_ = false;
  return SyncNames();
}

Status AofFolder::SyncNames() {
  RHA_RETURN_IF_ERROR(disk_.SyncFolderOf(PathOf(AofManifestName(place_.name))));
  durable_ = true;
  return {};
}

Status AofFolder::OpenIncrement(const AofFile& file, bool anew) {
  const std::string path = PathOf(file.name);
  RHA_ASSIGN_OR_RETURN(UniqueFd fd, disk_.OpenToAppend(path, anew));
  if (anew) RHA_RETURN_IF_ERROR(disk_.SyncFolderOf(path));
  RHA_ASSIGN_OR_RETURN(const uint64_t bytes, BytesOf(path));
  open_ = {.fd = std::move(fd), .file = file, .bytes = bytes};
  return {};
}

Status AofFolder::CutLast(uint64_t bytes) { return CutAt(manifest_.InOrder().back(), bytes); }

Status AofFolder::CutAt(const AofFile& file, uint64_t bytes) {
  AofManifest shorter = manifest_;
  while (shorter.InOrder().back() != file) {
    shorter.history.push_back(std::move(shorter.increments.back()));
    shorter.increments.pop_back();
  }
  if (shorter != manifest_) RHA_RETURN_IF_ERROR(WriteManifest(shorter));
  const std::string path = PathOf(file.name);
  RHA_ASSIGN_OR_RETURN(const UniqueFd fd, disk_.OpenToAppend(path, false));
  RHA_RETURN_IF_ERROR(disk_.Truncate(fd.get(), bytes, path));
  RHA_RETURN_IF_ERROR(disk_.Sync(fd.get(), path));
  RemoveHistory();
  return {};
}

Status AofFolder::Continue() {
  RemoveHistory();
  RHA_ASSIGN_OR_RETURN(const Sizes sizes, SizesOnDisk());
  base_bytes_ = sizes.base;
  older_bytes_ = sizes.increments;
  if (manifest_.increments.empty()) return BeginIncrement(false);
  RHA_RETURN_IF_ERROR(OpenIncrement(manifest_.increments.back(), false));
  older_bytes_ -= open_.bytes;
  // Whatever the process before this one had not synced, names too, is from now on believed.
  RHA_RETURN_IF_ERROR(disk_.SyncFolderOf(PathOf(open_.file.name)));
  return Sync();
}

Status AofFolder::BeginIncrement(bool apart) {
  if (apart) Close();
  begun_ = false;
  RHA_RETURN_IF_ERROR(disk_.MakeFolder(place_.dir + "/" + place_.folder));
  // The end of a file that is followed by another may not be missing.
  if (open() && !this->apart()) RHA_RETURN_IF_ERROR(Sync());
  const AofFile next = manifest_.NextIncrement(place_.name);
  const uint64_t older = apart ? 0 : older_bytes_ + open_.bytes;
  if (apart) {
    RHA_RETURN_IF_ERROR(OpenIncrement(next, true));
  } else {
    const std::string path = PathOf(next.name);
    RHA_ASSIGN_OR_RETURN(UniqueFd fd, disk_.OpenToAppend(path, true));
    AofManifest longer = manifest_;
    longer.AddIncrement(next);
    // There may have been one of that name, of a rewrite that came to nothing: what it held must
    // not come back.
    RHA_RETURN_IF_ERROR(disk_.Sync(fd.get(), path));
    RHA_RETURN_IF_ERROR(disk_.SyncFolderOf(path));
    const Status named = WriteManifest(longer);
    // It may be in the manifest by now, and nothing must follow in the one before it: that one's
    // end would no longer be the set's.
    open_.suspect = open_.suspect || superseded();
    RHA_RETURN_IF_ERROR(named);
    open_ = {.fd = std::move(fd), .file = next};
  }
  older_bytes_ = older;
  begun_ = true;
  return {};
}

Status AofFolder::TakeBase(const AofFile& base, const std::string& path, bool keep_older) {
  if (!begun_) return Status(Code::kIo, "the increment behind the new base has not begun");
  // It may be the whole of the log, and then what it holds must be as durable as the base.
  if (open()) RHA_RETURN_IF_ERROR(Sync());
  if (!Exists(path)) return Status(Code::kNotFound, "there is no new base " + path);
  {
    RHA_ASSIGN_OR_RETURN(const UniqueFd image, disk_.OpenToAppend(path, false));
    RHA_RETURN_IF_ERROR(disk_.Sync(image.get(), path));
  }
  AofManifest rewritten = manifest_;
  if (apart()) rewritten.AddIncrement(open_.file);
  rewritten.ReplaceBase(base, rewritten.increments.size() - (open() ? 1 : 0));
  if (keep_older && !manifest_.empty()) {
    const std::string listed = PathOf(AofManifestName(place_.name));
    Status linked = disk_.Link(listed, listed + ".kept");
    if (!linked.ok() && linked.code() != Code::kExists) {
      return std::move(linked).Context("keep the older manifest");
    }
    rewritten.history.clear();
    log::Warn(
        "the append-only file that is replaced by data not known to be whole is kept: {}.kept",
        listed);
  }
  RHA_RETURN_IF_ERROR(disk_.Rename(path, PathOf(base.name)));
  RHA_RETURN_IF_ERROR(disk_.SyncFolderOf(PathOf(base.name)));
  return WriteManifest(rewritten);
}

Status AofFolder::ReplaceBase(const std::string& path, bool keep_older) {
  const AofFile base = manifest_.NextBase(place_.name, path.ends_with(".aof") ? "aof" : "rdb");
  Status replaced = TakeBase(base, path, keep_older);
  if (!replaced.ok()) {
    (void)disk_.Remove(path).ok();
    // (The manifest that is found counts, not the one that was meant.)
    const auto found = ReadManifestAt(place_.ManifestPath());
    if (found.ok() && !found->Names(base.name) && !manifest_.Names(base.name)) {
      (void)disk_.Remove(PathOf(base.name)).ok();
    }
    return replaced;
  }
  older_bytes_ = 0;
  if (!open()) open_.bytes = 0;
  if (const auto bytes = BytesOf(PathOf(base.name)); bytes.ok()) base_bytes_ = *bytes;
  RemoveHistory();
  return {};
}

Status AofFolder::BeginFrom(const std::string& path, bool keep_older) {
  if (apart()) Close();  // of a rewrite that came to nothing, and its name is wanted
  Increment before = std::exchange(open_, {});
  const uint64_t older_bytes = older_bytes_;
  Status begun = BeginIncrement(true);
  if (begun.ok()) begun = ReplaceBase(path, keep_older);
  if (begun.ok()) return {};
  (void)disk_.Remove(path).ok();
  if (open() && !apart()) {
    // A crash may find either set: what follows must be in neither.
    open_ = {.suspect = true};
    return begun;
  }
  Close();
  open_ = std::move(before);
  older_bytes_ = older_bytes;
  begun_ = true;  // that one
  return begun;
}

void AofFolder::KeepHistory(bool keep) {
  keep_history_ = keep;
  RemoveHistory();
}

// It costs nothing but space: what cannot be removed now stays listed.
void AofFolder::RemoveHistory() {
  if (keep_history_ || manifest_.history.empty()) return;
  // After a power loss the manifest before this one may be found, and names them.
  if (const Status synced = durable_ ? Status() : SyncNames(); !synced.ok()) {
    return log::Warn("removing what the AOF manifest does not need: {}", synced.message());
  }
  AofManifest without = manifest_;
  without.history.clear();
  for (const AofFile& file : manifest_.history) {
    const Status removed = disk_.Remove(PathOf(file.name));
    if (removed.ok()) continue;
    log::Warn("{}", removed.message());
    without.history.push_back(file);
  }
  if (const Status written = WriteManifest(without); !written.ok()) {
    log::Warn("removing history from the AOF manifest: {}", written.message());
  }
}

void AofFolder::RemoveLeftovers() {
  const std::string folder = place_.dir + "/" + place_.folder;
  const std::string beginning = "temp-" + place_.name + ".";
  const std::unique_ptr<DIR, int (*)(DIR*)> files(::opendir(folder.c_str()), ::closedir);
  if (files == nullptr) return;
  while (const dirent* file = ::readdir(files.get())) {
    if (!std::string_view(file->d_name).starts_with(beginning)) continue;
    if (const Status removed = disk_.Remove(PathOf(file->d_name)); !removed.ok()) {
      log::Warn("{}", removed.message());
    }
  }
}

Status AofFolder::CutTorn() {
  if (!open_.torn) return {};
  RHA_RETURN_IF_ERROR(disk_.Truncate(open_.fd.get(), open_.bytes, PathOf(open_.file.name)));
  open_.torn = false;
  return {};
}

Status AofFolder::Write(std::string_view bytes) {
  if (!open()) return {};
  if (superseded()) {
    return Status(Code::kIo, "write " + PathOf(open_.file.name) + ": another file may follow it");
  }
  RHA_RETURN_IF_ERROR(CutTorn());
  const Status written = disk_.Write(open_.fd.get(), bytes, PathOf(open_.file.name));
  if (written.ok()) {
    open_.bytes += bytes.size();
    return {};
  }
  open_.torn = true;
  // At once if it can be: whoever reads the file now finds whole commands.
  (void)CutTorn().ok();
  return written;
}

Status AofFolder::Sync() {
  if (!open()) return {};
  const std::string path = PathOf(open_.file.name);
  if (open_.suspect) return Status(Code::kIo, "sync " + path + ": it has failed before");
  Status synced = disk_.Sync(open_.fd.get(), path);
  open_.suspect = !synced.ok();
  return synced;
}

void AofFolder::Close() {
  if (apart()) {
    (void)disk_.Remove(PathOf(open_.file.name)).ok();
  } else {
    older_bytes_ += open_.bytes;
  }
  open_ = {};
}

}  // namespace rha::node::persist
