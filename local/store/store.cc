#include "local/store/store.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <charconv>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "common/base/log.h"
#include "local/object/json.h"
#include "local/store/limits.h"

namespace rha::local::store {
namespace {

using object::Json;

std::string Line(const Key& key, const Json* object, uint64_t version) {
  Json line{{"r", key.resource}, {"s", key.name_space}, {"n", key.name}, {"v", version}};
  if (object != nullptr) line["o"] = *object;
  return object::Dump(line) + "\n";
}

Status WriteAll(int fd, const std::string& bytes, const std::string& what) {
  size_t done = 0;
  while (done < bytes.size()) {
    const ssize_t count = ::write(fd, bytes.data() + done, bytes.size() - done);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return ErrnoStatus(what);
    done += static_cast<size_t>(count);
  }
  return Status::Ok();
}

}  // namespace

uint64_t VersionOf(const Json& object) {
  const std::string text = object::Str(object, {"metadata", "resourceVersion"});
  uint64_t version = 0;
  std::from_chars(text.data(), text.data() + text.size(), version);
  return version;
}

Result<std::unique_ptr<Store>> Store::Open(const std::string& folder) {
  std::unique_ptr<Store> store(new Store());
  if (folder.empty()) return store;
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) return Status(Code::kIo, "make " + folder + ": " + error.message());
  store->journal_path_ = folder + "/objects.journal";
  RHA_RETURN_IF_ERROR(store->Load(store->journal_path_));
  RHA_RETURN_IF_ERROR(store->Compact());
  store->history_begin_ = store->version_;
  return store;
}

Status Store::Load(const std::string& path) {
  std::ifstream file(path);
  std::string line;
  while (std::getline(file, line)) {
    if (file.eof()) break;  // no newline at its end: cut off by a crash
    RHA_RETURN_IF_ERROR(Replay(line));
  }
  return Status::Ok();
}

Status Store::Replay(const std::string& line) {
  Json entry = Json::parse(line, nullptr, false);
  if (!entry.is_object()) {
    return Status(Code::kCorrupt, "read " + journal_path_ +
                                      ": a line is not JSON; restore the "
                                      "file or start afresh with `redisha local down --purge`");
  }
  const Key key{object::Str(entry, {"r"}), object::Str(entry, {"s"}), object::Str(entry, {"n"})};
  version_ = std::max(version_, static_cast<uint64_t>(object::Int(entry, {"v"})));
  const auto state = entry.find("o");
  if (state == entry.end()) {
    objects_.erase(key);
  } else {
    objects_[key] = std::make_shared<const Json>(std::move(*state));
  }
  return Status::Ok();
}

// Writes the live objects to a new file and puts it in the journal's place.
Status Store::Compact() {
  const std::string fresh = journal_path_ + ".new";
  UniqueFd file(::open(fresh.c_str(), O_CREAT | O_TRUNC | O_WRONLY | O_APPEND | O_CLOEXEC, 0600));
  if (!file.valid()) return ErrnoStatus("create " + fresh);
  size_t bytes = 0;
  // The counter must not go back when the newest write was a deletion.
  std::string text = Line({"", "", ""}, nullptr, version_);
  for (const auto& [key, object] : objects_) {
    text += Line(key, object.get(), VersionOf(*object));
  }
  bytes = text.size();
  RHA_RETURN_IF_ERROR(WriteAll(file.get(), text, "write " + fresh));
  if (::fdatasync(file.get()) != 0) return ErrnoStatus("sync " + fresh);
  if (::rename(fresh.c_str(), journal_path_.c_str()) != 0) {
    return ErrnoStatus("rename " + fresh + " to " + journal_path_);
  }
  journal_ = std::move(file);
  journal_bytes_ = compacted_bytes_ = bytes;
  return Status::Ok();
}

Status Store::Append(const Event& event) {
  if (!journal_.valid()) return Status::Ok();
  const Json* state = event.change == Change::kDeleted ? nullptr : event.object.get();
  const std::string line = Line(event.key, state, event.version);
  const off_t before = ::lseek(journal_.get(), 0, SEEK_END);
  const Status written = WriteAll(journal_.get(), line, "write " + journal_path_);
  if (!written.ok()) {
    // Half a line in the middle of the journal would make the rest unreadable.
    if (::ftruncate(journal_.get(), before) != 0) journal_.Reset();
    return written;
  }
  journal_bytes_ += line.size();
  return Status::Ok();
}

void Store::CompactIfGrown() {
  if (!journal_.valid() || journal_bytes_ < kJournalBytesMin) return;
  if (journal_bytes_ < compacted_bytes_ * kJournalGrowthFactor) return;
  compacted_bytes_ = journal_bytes_;  // a failed attempt is repeated only after more growth
  if (const Status done = Compact(); !done.ok())
    log::Warn("journal not compacted: {}", done.message());
}

void Store::Record(Event event) {
  version_ = event.version;
  if (event.change == Change::kDeleted) {
    objects_.erase(event.key);
  } else {
    objects_[event.key] = event.object;
  }
  history_.push_back(std::move(event));
  if (history_.size() > kHistoryEventsMax) {
    history_begin_ = history_.front().version;
    history_.pop_front();
  }
  CompactIfGrown();
  changed_.notify_all();
}

Object Store::Get(const Key& key) const {
  const std::lock_guard lock(mutex_);
  const auto it = objects_.find(key);
  return it == objects_.end() ? nullptr : it->second;
}

Snapshot Store::List(const std::string& resource, const std::string& name_space) const {
  const std::lock_guard lock(mutex_);
  Snapshot snapshot;
  snapshot.version = version_;
  for (auto it = objects_.lower_bound({resource, name_space, ""}); it != objects_.end(); ++it) {
    if (it->first.resource != resource) break;
    if (!name_space.empty() && it->first.name_space != name_space) break;
    snapshot.objects.push_back(it->second);
  }
  return snapshot;
}

uint64_t Store::Version() const {
  const std::lock_guard lock(mutex_);
  return version_;
}

Result<Object> Store::Put(const Key& key, Json object, uint64_t expected) {
  const std::lock_guard lock(mutex_);
  const auto it = objects_.find(key);
  const Object previous = it == objects_.end() ? nullptr : it->second;
  const uint64_t present = previous == nullptr ? 0 : VersionOf(*previous);
  if (present != expected) {
    return Status(expected == 0 ? Code::kExists : Code::kConflict, "the object has been modified");
  }
  const uint64_t version = version_ + 1;
  object["metadata"]["resourceVersion"] = std::to_string(version);
  Event event{version, previous ? Change::kModified : Change::kAdded, key,
              std::make_shared<const Json>(std::move(object)), previous};
  const Object stored = event.object;
  RHA_RETURN_IF_ERROR(Append(event));
  Record(std::move(event));
  return stored;
}

Result<Object> Store::Erase(const Key& key, uint64_t expected) {
  const std::lock_guard lock(mutex_);
  const auto it = objects_.find(key);
  if (it == objects_.end()) return Status(Code::kNotFound, "the object is gone");
  const Object previous = it->second;
  if (VersionOf(*previous) != expected) {
    return Status(Code::kConflict, "the object has been modified");
  }
  Json last = *previous;
  const uint64_t version = version_ + 1;
  last["metadata"]["resourceVersion"] = std::to_string(version);
  Event event{version, Change::kDeleted, key, std::make_shared<const Json>(std::move(last)),
              previous};
  const Object stored = event.object;
  RHA_RETURN_IF_ERROR(Append(event));
  Record(std::move(event));
  return stored;
}

Result<Batch> Store::Wait(const std::string& resource, uint64_t version, Millis timeout) const {
  std::unique_lock lock(mutex_);
  const MonoTime deadline = std::chrono::steady_clock::now() + timeout;
  uint64_t seen = version;
  while (true) {
    if (version < history_begin_) {
      return Status(Code::kNotFound, "too old resource version: " + std::to_string(version) + " (" +
                                         std::to_string(history_begin_) + ")");
    }
    Batch batch;
    auto it = std::upper_bound(history_.begin(), history_.end(), seen,
                               [](uint64_t v, const Event& e) { return v < e.version; });
    for (; it != history_.end(); ++it) {
      if (resource.empty() || it->key.resource == resource) batch.events.push_back(*it);
    }
    batch.version = seen = std::max(seen, version_);
    if (!batch.events.empty() || closed_) return batch;
    if (changed_.wait_until(lock, deadline) == std::cv_status::timeout) return batch;
  }
}

void Store::Close() {
  const std::lock_guard lock(mutex_);
  closed_ = true;
  changed_.notify_all();
}

}  // namespace rha::local::store
