// Reads an append-only file: the base, then the increments, command after command.
//
// A file is RDB (a base), commands, or both (an old single file). Lines that begin with '#' are
// notes: a time stamp of Redis', or what this server says of the place that the dataset had in its
// replication history right there (aof_note.h). If something follows the last note, whoever wrote
// the rest did not say where it leads: the dataset holds at least what the note says, which is its
// rank among copies (repl_offset), but nobody may continue from it (repl_id is empty). A power loss
// in the middle of a turn leaves such a file.
//
// The last file may end in the middle of a command or transaction, which a crash leaves behind: the
// loader then stops at the last whole one, and cut_at() says where. Anything else that is no
// command is an error that names the file and the place.
//
// Commands are taken in batches, so that the misses of their keys overlap. Goes in slices.
// Thread rule: the engine's thread.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/base/clock.h"
#include "common/base/unique_fd.h"
#include "common/resp/parser.h"
#include "node/persist/rdb_file.h"

namespace rha::node::persist {

class AofLoader {
 public:
  struct File {
    std::string path;
    bool is_base = false;
  };
  // Executes some of the requests at the front of `input`, of those that stand there whole.
  struct Taken {
    size_t bytes = 0;     // of what was executed
    size_t whole = 0;     // of them, up to where no transaction was open; 0: nowhere
    std::string refusal;  // of the next one; empty: it was not looked at
  };
  using Take = std::function<Taken(std::string_view input)>;
  // Executes a command that Take (which may be null) left. Why it cannot be; empty: it was.
  using Apply = std::function<std::string(resp::Args)>;
  struct Target {
    keyspace::Keyspace* keyspace;  // null: RDB parts are only checked
    int databases;
    Take take;
    Apply apply;
    std::function<bool()> in_transaction;  // a MULTI is open
  };
  AofLoader(std::vector<File> files, Target target, LoadOptions options);
  ~AofLoader();

  // What is marked as written later (Unix seconds) is not read. Before the first Step().
  void set_until(int64_t unix_s) { until_s_ = unix_s; }

  // Works for about `budget`; true: all is loaded, or all that can be.
  Result<bool> Step(const Clock& clock, Millis budget);
  Status Finish();

  // Where the last file must be cut before anything is appended to it; none: it ends well.
  std::optional<uint64_t> cut_at() const { return cut_at_; }
  // Where the first mark beyond set_until() stands; none: there is none.
  struct Stop {
    size_t file;
    uint64_t offset;
    int64_t time_stamp_s;
  };
  const std::optional<Stop>& stop() const { return stop_; }
  // The latest that was read; 0: none.
  int64_t time_stamp_s() const { return time_stamp_s_; }
  const RdbInfo& info() const { return info_; }
  uint64_t keys_loaded() const { return keys_loaded_; }
  uint64_t bytes_total() const { return bytes_total_; }
  uint64_t bytes_loaded() const;
  // A large value has been loaded in part.
  bool inside_key() const { return rdb_ != nullptr && rdb_->inside_key(); }

 private:
  Status OpenNext();
  Result<bool> RdbSlice(const Clock& clock, Millis budget);
  // True: that was the file.
  Result<bool> Slice(size_t batches);
  Result<bool> Fill(size_t wanted);
  // What lies at the front of the input is handled; false: there is not all of it.
  Result<bool> TakeSome();
  Result<bool> TakeOne();
  // Now they stand for what has been executed.
  void Advance(size_t bytes, size_t whole);
  Result<bool> TakeNote();
  Result<bool> EndOfFile();
  Result<bool> RestIsZero();
  bool last() const { return next_file_ == files_.size(); }
  const File& file() const { return files_[next_file_ - 1]; }
  std::string_view input() const { return std::string_view(buffer_).substr(begin_); }
  Status Fail(std::string_view what) const;
  Status Refused(const std::string& refusal) const;

  const std::vector<File> files_;
  const Target target_;
  const LoadOptions options_;
  size_t next_file_ = 0;
  UniqueFd fd_;
  std::unique_ptr<RdbLoader> rdb_;

  // Of the open file: [begin_, end of buffer_) is input that has been read; position_ is begin_'s.
  std::string buffer_;
  size_t begin_ = 0;
  uint64_t position_ = 0, read_to_ = 0;
  bool ended_ = false;
  uint64_t whole_to_ = 0;  // where the last whole command or transaction ended
  resp::RequestParser parser_;

  RdbInfo info_;
  bool noted_ = true;  // nothing follows what info_ says of the history
  std::optional<uint64_t> cut_at_;
  int64_t until_s_ = INT64_MAX, time_stamp_s_ = 0;
  std::optional<Stop> stop_;
  uint64_t bytes_total_ = 0, bytes_before_ = 0, keys_loaded_ = 0;
};

}  // namespace rha::node::persist
