#include "node/persist/aof_loader.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

#include "node/codec/limits.h"
#include "node/codec/rdb_format.h"
#include "node/persist/aof_note.h"
#include "node/persist/file_io.h"
#include "node/persist/limits.h"

namespace rha::node::persist {
namespace {

constexpr size_t kBatchesBetweenClockLooks = 4;

}  // namespace

AofLoader::AofLoader(std::vector<File> files, Target target, LoadOptions options)
    : files_(std::move(files)), target_(std::move(target)), options_(options) {
  for (const File& file : files_) {
    struct stat info {};
    if (::stat(file.path.c_str(), &info) == 0) bytes_total_ += static_cast<uint64_t>(info.st_size);
  }
  parser_.set_bulk_bytes_max(INT32_MAX);
}

AofLoader::~AofLoader() = default;

uint64_t AofLoader::bytes_loaded() const {
  return bytes_before_ + (rdb_ != nullptr ? rdb_->bytes_loaded() : position_);
}

Status AofLoader::Fail(std::string_view what) const {
  return Status(Code::kCorrupt, fmt::format("{} {} at offset {}", what, file().path, position_));
}

Status AofLoader::Refused(const std::string& refusal) const {
  return Fail(fmt::format("{} reading the append only file", refusal));
}

Status AofLoader::OpenNext() {
  const File& file = files_[next_file_++];
  fd_ = UniqueFd(::open(file.path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd_.valid()) return ErrnoStatus("open the append-only file " + file.path);
  ::posix_fadvise(fd_.get(), 0, 0, POSIX_FADV_SEQUENTIAL);
  buffer_.clear();
  begin_ = 0;
  position_ = read_to_ = whole_to_ = 0;
  ended_ = false;
  char magic[5];
  if (::pread(fd_.get(), magic, sizeof magic, 0) != sizeof magic) return {};
  const std::string_view begin(magic, sizeof magic);
  if (begin != codec::kRdbMagic && !codec::kRdbMagicValkey.starts_with(begin)) return {};
  RHA_ASSIGN_OR_RETURN(auto source, FileSource::FromStart(fd_.get(), file.path));
  // Increments may concern what has expired.
  LoadOptions options = options_;
  options.drop_expired = false;
  rdb_ =
      std::make_unique<RdbLoader>(std::move(source), target_.keyspace, options, target_.databases);
  return {};
}

Result<bool> AofLoader::RdbSlice(const Clock& clock, Millis budget) {
  const Result<bool> done = rdb_->Step(clock, budget);
  if (!done.ok()) {
    return done.status().Context(
        "Error reading the RDB base file of the append-only file: restore "
        "the folder from a copy");
  }
  if (!*done) return false;
  info_ = rdb_->info();
  noted_ = true;
  keys_loaded_ += rdb_->keys_loaded();
  position_ = read_to_ = whole_to_ = rdb_->bytes_loaded();
  rdb_.reset();
  return true;
}

// False: the file has ended.
Result<bool> AofLoader::Fill(size_t wanted) {
  if (ended_) return false;
  buffer_.erase(0, std::exchange(begin_, 0));
  const size_t have = buffer_.size();
  const size_t room = std::max(kAofReadBytes, wanted > have ? wanted - have : 0);
  // A forged length costs no more memory than the file really holds.
  const size_t step = std::min<size_t>(room, codec::kStringGrowthBytes);
  buffer_.resize(have + step);
  ssize_t got;
  do {
    got = ::pread(fd_.get(), buffer_.data() + have, step, static_cast<off_t>(read_to_));
  } while (got < 0 && errno == EINTR);
  if (got < 0) return ErrnoStatus("read the append-only file " + file().path);
  buffer_.resize(have + static_cast<size_t>(got));
  read_to_ += static_cast<uint64_t>(got);
  ended_ = got == 0;
  return !ended_;
}

Result<bool> AofLoader::TakeNote() {
  const std::string_view rest = input();
  const size_t end = rest.find('\n');
  if (end == std::string_view::npos) {
    if (rest.size() <= kAofNoteBytesMax) return false;
    return Fail("Bad file format reading the append only file");
  }
  std::string_view line = rest.substr(0, end);
  if (line.ends_with('\r')) line.remove_suffix(1);
  if (const auto time_stamp_s = ReadAofTimeStamp(line)) {
    if (*time_stamp_s > until_s_) {
      stop_ = Stop{next_file_ - 1, whole_to_, *time_stamp_s};
      return true;
    }
    time_stamp_s_ = *time_stamp_s;
  }
  if (ReadAofNote(line, &info_)) noted_ = true;
  begin_ += end + 1;
  position_ += end + 1;
  if (!target_.in_transaction()) whole_to_ = position_;
  return true;
}

void AofLoader::Advance(size_t bytes, size_t whole) {
  if (whole > 0) {
    whole_to_ = position_ + whole;
    noted_ = false;
  }
  begin_ += bytes;
  position_ += bytes;
}

Result<bool> AofLoader::TakeSome() {
  if (parser_.in_multibulk()) return TakeOne();
  if (input()[0] == '#') return TakeNote();
  const Taken taken = target_.take ? target_.take(input()) : Taken{};
  Advance(taken.bytes, taken.whole);
  if (!taken.refusal.empty()) return Refused(taken.refusal);
  return taken.bytes > 0 ? Result<bool>(true) : TakeOne();
}

Result<bool> AofLoader::TakeOne() {
  if (input()[0] != '*') {
    return Fail(
        "Bad file format reading the append only file (make a copy of the folder, then "
        "see redisha-node --check-aof --help)");
  }
  switch (parser_.Parse(input())) {
    case resp::Outcome::kMore:
      return false;
    case resp::Outcome::kError:
      return Fail("Bad file format reading the append only file (" + parser_.error() +
                  "; make a copy of the folder, then see redisha-node --check-aof --help)");
    case resp::Outcome::kDone:
      break;
  }
  if (const std::string refusal = target_.apply(parser_.args()); !refusal.empty()) {
    return Refused(refusal);
  }
  Advance(parser_.consumed(), target_.in_transaction() ? 0 : parser_.consumed());
  return true;
}

Result<bool> AofLoader::RestIsZero() {
  for (;;) {
    const std::string_view rest = input();
    if (rest.find_first_not_of('\0') != std::string_view::npos) return false;
    begin_ = buffer_.size();
    RHA_ASSIGN_OR_RETURN(const bool more, Fill(0));
    if (!more) return true;
  }
}

// What is left, if anything, is no whole command.
Result<bool> AofLoader::EndOfFile() {
  if (whole_to_ == read_to_) return true;
  if (!last()) {
    return Fail(
        "The append-only file ends within a command although it is not the last one: "
        "restore the folder from a copy:");
  }
  cut_at_ = whole_to_;
  return true;
}

Result<bool> AofLoader::Slice(size_t batches) {
  while (batches-- > 0) {
    if (stop_) return true;
    if (!input().empty()) {
      // Space that a file system had given to the file when the power went: no more than a cut.
      if (input()[0] == '\0' && !parser_.in_multibulk() && last()) {
        const uint64_t place = position_;
        RHA_ASSIGN_OR_RETURN(const bool zero, RestIsZero());
        if (zero) return EndOfFile();
        position_ = place;
        return Fail("Bad file format (zeros before other data) reading the append only file");
      }
      RHA_ASSIGN_OR_RETURN(const bool taken, TakeSome());
      if (taken) continue;
    }
    RHA_ASSIGN_OR_RETURN(const bool more, Fill(parser_.bytes_wanted()));
    if (!more) return EndOfFile();
  }
  return false;
}

Result<bool> AofLoader::Step(const Clock& clock, Millis budget) {
  const MonoTime deadline = clock.Now() + budget;
  do {
    if (!fd_.valid()) {
      if (next_file_ == files_.size() || stop_) {
        if (!noted_) info_.repl_id.clear();
        return true;
      }
      RHA_RETURN_IF_ERROR(OpenNext());
    }
    if (rdb_ != nullptr) {
      RHA_RETURN_IF_ERROR(RdbSlice(clock, budget).status());
      continue;
    }
    RHA_ASSIGN_OR_RETURN(const bool done, Slice(kBatchesBetweenClockLooks));
    if (!done) continue;
    bytes_before_ += position_;
    position_ = 0;
    fd_.Reset();
    parser_ = resp::RequestParser();
    parser_.set_bulk_bytes_max(INT32_MAX);
  } while (clock.Now() < deadline);
  return false;
}

Status AofLoader::Finish() {
  const SystemClock clock;
  for (;;) {
    RHA_ASSIGN_OR_RETURN(const bool done, Step(clock, Millis(1000)));
    if (done) return {};
  }
}

}  // namespace rha::node::persist
