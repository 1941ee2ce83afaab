// The files of an append-only file on the disk, and the steps in which they change.
//
//   dir/appendonly.aof                        an old single file: becomes the first base (Find)
//   dir/appendonlydir/appendonly.aof.manifest         which files count (aof_manifest.h)
//   dir/appendonlydir/appendonly.aof.3.base.rdb
//   dir/appendonlydir/appendonly.aof.5.incr.aof       Write() appends here
//   dir/appendonlydir/temp-appendonly.aof...          of no use after a crash: removed at start
//   dir/appendonlydir/appendonly.aof.manifest.replaced    of a set that goes (Retire)
//
// What is durable: the manifest is replaced as a whole (written aside, synced, renamed, folder
// synced) and names only files whose content and names are durable; an increment is synced before
// the next one begins. So whatever step a crash falls on, the manifest that is found names a
// dataset: the one before the step, or the one after it.
//
// A rewrite is two of these steps: BeginIncrement() at the moment of the image, ReplaceBase() when
// the image is whole. If the set on the disk is not what the dataset began with (the log was just
// switched on; another dataset was loaded), the increment is `apart`: only ReplaceBase() brings it
// into the manifest, and until then the set on the disk is the older dataset, unharmed.
//
// Thread rule: one owner at a time.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/unique_fd.h"
#include "common/env/disk.h"
#include "node/persist/aof_manifest.h"

namespace rha::node::persist {

struct AofPlace {
  std::string dir;     // `dir`
  std::string folder;  // `appenddirname`
  std::string name;    // `appendfilename`

  std::string PathOf(std::string_view file) const {
    return dir + "/" + folder + "/" + std::string(file);
  }
  std::string ManifestPath() const { return PathOf(AofManifestName(name)); }
};

class AofFolder {
 public:
  AofFolder(env::Disk& disk, AofPlace place) : disk_(disk), place_(std::move(place)) {}

  // Reads what is there. Changes nothing but to begin an upgrade from a single old file, to finish
  // a Retire(), and to put files of a set that never came to have a manifest aside. kCorrupt: the
  // manifest is missing, and was there once. An empty one: there is no append-only file.
  Status Find();
  // Whether there is a manifest.
  static bool IsThere(const AofPlace& place);
  // The data are in another file, and durable there: from now on there is no append-only file. What
  // cannot be removed now goes later.
  static Status Retire(env::Disk& disk, const AofPlace& place);
  const AofManifest& manifest() const { return manifest_; }
  const AofPlace& place() const { return place_; }
  // Of the base and of the increments that count; kNotFound names one that is missing.
  struct Sizes {
    uint64_t base = 0, increments = 0;
  };
  Result<Sizes> SizesOnDisk() const;

  // What the last file of the set holds from here on is no whole command: it goes.
  Status CutLast(uint64_t bytes);
  // What the set holds behind that place of one of its files goes. A crash may leave some of it.
  Status CutAt(const AofFile& file, uint64_t bytes);
  // Whether what a rewrite has replaced stays, listed as history, until this says that it goes.
  void KeepHistory(bool keep);
  // What a crash has left behind goes.
  void RemoveLeftovers();
  // Goes on in the last increment, or begins one.
  Status Continue();
  // What is written from now on goes to a new file. `apart`: see above.
  Status BeginIncrement(bool apart);
  // The finished image at `path` takes the place of all before the newest increment (and of that
  // one too if none is open). It is synced here, whoever wrote it; should that fail it goes, for
  // the room that it takes may be wanted. `keep_older`: the older set stays, under its own manifest
  // NAME.kept. A path that ends with ".aof" holds commands. REQUIRES: the increment began with the
  // image; it fails if BeginIncrement() has.
  Status ReplaceBase(const std::string& path, bool keep_older);
  // Both at once: an increment apart, and the image at `path` as its base. Until the manifest names
  // them, the increment that was open stays open.
  Status BeginFrom(const std::string& path, bool keep_older);
  // Appends. After an error nothing of `bytes` counts: what was written of it is cut off before
  // anything else is written.
  Status Write(std::string_view bytes);
  // Once it has failed it does not succeed again on this increment: the operating system may have
  // thrown away what it was to write.
  Status Sync();
  // Then, and when it is unknown whether the manifest names another increment behind this one, only
  // a new base heals the set (BeginIncrement `apart`).
  bool suspect() const { return open_.suspect; }
  // Closes the increment that is open; one that is apart is of no use any more.
  void Close();

  bool open() const { return open_.fd.valid(); }
  uint64_t base_bytes() const { return base_bytes_; }
  // Of all increments that follow the base, with the open one.
  uint64_t increment_bytes() const { return older_bytes_ + open_.bytes; }

 private:
  Status Upgrade();
  Status LookAtUnlisted();
  Status WriteManifest(const AofManifest& manifest);
  Status SyncNames();
  Status OpenIncrement(const AofFile& file, bool anew);
  Status TakeBase(const AofFile& base, const std::string& path, bool keep_older);
  Status CutTorn();
  void RemoveHistory();
  std::string PathOf(std::string_view file) const { return place_.PathOf(file); }
  // An increment is open that the manifest does not name yet.
  bool apart() const { return open() && !manifest_.Names(open_.file.name); }
  // The manifest may name another one behind it.
  bool superseded() const {
    return open() && !apart() && open_.file != manifest_.increments.back();
  }

  // The one that is written.
  struct Increment {
    UniqueFd fd;
    AofFile file;
    uint64_t bytes = 0;    // of whole writes
    bool suspect = false;  // a sync of it has failed
    bool torn = false;     // behind them there is a part of a write that failed
  };

  env::Disk& disk_;
  const AofPlace place_;
  AofManifest manifest_;
  bool keep_history_ = false;
  bool durable_ = false;  // a power loss does not bring the one before it back
  Increment open_;
  bool begun_ = true;  // the latest one that was to begin
  uint64_t older_bytes_ = 0, base_bytes_ = 0;
};

}  // namespace rha::node::persist
