// A whole dataset to and from an RDB file; to a file of commands, too.
//
// Saving writes a temporary file and renames it, so the old file stays until the new one is
// durable. Loading goes in slices (Step), also within a large value, so that a server can answer
// others meanwhile; what was loaded before an error stays in the keyspace, for the caller to
// discard.
// Thread rule: the engine's thread.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/clock.h"
#include "common/base/status.h"
#include "common/env/disk.h"
#include "node/codec/byte_io.h"
#include "node/persist/command_writer.h"
#include "node/persist/rdb_reader.h"
#include "node/persist/rdb_writer.h"
#include "node/persist/string_queue.h"
#include "node/persist/value_loader.h"

namespace rha::node::persist {

// kReplIdBytes letters and digits.
bool IsReplId(std::string_view id);

// What an RDB file says beside its keys.
struct RdbInfo {
  std::string server_version;
  int64_t created_at_s = 0;
  uint64_t used_memory_bytes = 0;
  // Where in which replication history the dataset stands; empty: in none that could be continued.
  std::string repl_id;
  int64_t repl_offset = -1;  // without an id: at least that far in one that could not
  int repl_stream_db = -1;   // database the stream had selected; -1: not said
  // The RedisHA it belongs to (empty: none), and the epoch in which it was last known to be its
  // primary's.
  std::string cluster_uid;
  uint64_t data_epoch = 0;
  bool aof_base = false;  // it is the base of an append-only file (written only)
};

// Both are of one RedisHA, and `a` holds more of what its primaries have written.
bool Outranks(const RdbInfo& a, const RdbInfo& b);

struct SaveRequest {
  // Where to: a path, replaced durably, or an open descriptor, written from where it stands.
  std::string path;
  int fd = -1;
  RdbInfo info;
  RdbWriterOptions options;
  int64_t key_delay_us = 0;  // rdb-key-save-delay, for tests: before each key
  // Now and then asked by SaveRdbFile; true: it fails, and what it has begun goes.
  bool (*given_up)() = nullptr;
  bool field_ends = false;   // fields have lifetimes, which older files cannot say
  bool as_commands = false;  // in place of the RDB form: the base of an append-only file
  int64_t time_stamp_s = 0;  // then, at its beginning; 0: none
  env::Disk* disk = &env::Disk::Real();  // where `path` is
};

// Of the functions that belong to the dataset.
std::vector<std::string> LibrarySources(const keyspace::Keyspace& keyspace);
// What a file begins and ends with, beside libraries and keys.
void WriteHead(RdbWriter& writer, const SaveRequest& request);
void WriteHead(CommandWriter& writer, const SaveRequest& request);
Status WriteEnd(RdbWriter& writer, const SaveRequest& request);
Status WriteEnd(CommandWriter& writer, const SaveRequest& request);
Status WriteDataset(codec::ByteSink& sink, const keyspace::Keyspace& keyspace, SaveRequest request);
// To request.fd if there is one, otherwise to request.path, durably.
Status SaveRdbFile(const keyspace::Keyspace& keyspace, const SaveRequest& request);

struct LoadOptions {
  bool verify_checksum = true;
  // A primary leaves out keys that have expired already; a replica waits for the primary's DEL.
  bool drop_expired = true;
  int64_t now_ms = 0;
  // Asked before a key is left out of a dataset with a place in a replication history: replicas
  // that continue from there hold it too and must hear of its end. Empty, or false: it is kept.
  std::function<bool(const RdbInfo& info, int db, std::string_view key)> may_drop = {};
  int64_t key_delay_us = 0;  // key-load-delay, for tests
  // A library may take the place of another of its name (DEBUG RELOAD NOFLUSH).
  bool replace_libraries = false;
};

// What a file says of itself before its first key. kNotFound: there is none.
Result<RdbInfo> ReadRdbHead(const std::string& path);

class RdbLoader {
 public:
  // Null keyspace: only checks that the file could be loaded, but for members that occur twice.
  RdbLoader(std::unique_ptr<codec::ByteSource> source, keyspace::Keyspace* keyspace,
            LoadOptions options, int databases);

  // Works for about `budget`; true when all is loaded and the checksum was right.
  Result<bool> Step(const Clock& clock, Millis budget);
  // All at once.
  Status Finish();

  const RdbInfo& info() const { return info_; }
  uint64_t keys_loaded() const { return keys_loaded_; }
  uint64_t keys_expired() const { return keys_expired_; }
  uint64_t bytes_total() const { return bytes_total_; }
  // A large value has been loaded in part.
  bool inside_key() const { return value_.busy(); }
  uint64_t bytes_loaded() const { return reader_.position(); }
  // Module data, and libraries that nobody keeps, that were left out: to be logged.
  uint64_t parts_skipped() const { return parts_skipped_; }
  // Collections without elements, which no server should have written: likewise.
  uint64_t empty_keys_skipped() const { return empty_keys_skipped_; }

 private:
  // A key, or as many elements as `budget` allows. True: that was the end.
  Result<bool> LoadItem(size_t* budget);
  Status LoadElements(size_t* budget);
  // The key is to be left out.
  bool LeftOut(std::string_view key, int64_t expire_at_ms);
  keyspace::Db* db() { return keyspace_ == nullptr ? nullptr : &keyspace_->db(db_); }
  Status Apply(const RdbAux& aux);
  void Apply(const RdbKey& key);
  Status Apply(const RdbSelectDb& select);
  Status Apply(const RdbFunction& library);

  std::unique_ptr<codec::ByteSource> source_;
  keyspace::Keyspace* keyspace_;
  const LoadOptions options_;
  const int databases_;
  const uint64_t bytes_total_;
  RdbReader reader_;
  bool started_ = false;
  RdbInfo info_;
  int db_ = 0;
  StringQueue strings_;
  ValueLoader value_;
  bool value_expired_ = false;  // it is only passed over
  uint64_t keys_loaded_ = 0, keys_expired_ = 0, parts_skipped_ = 0, empty_keys_skipped_ = 0;
};

}  // namespace rha::node::persist
