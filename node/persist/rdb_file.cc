#include "node/persist/rdb_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <thread>

#include "common/base/log.h"
#include "node/codec/limits.h"
#include "node/codec/printable.h"
#include "node/keyspace/db.h"
#include "node/keyspace/libraries.h"
#include "node/persist/aof_note.h"
#include "node/persist/file_io.h"
#include "node/persist/key_queue.h"
#include "node/persist/limits.h"

namespace rha::node::persist {
namespace {

using codec::ByteSink;
using codec::ByteSource;
using codec::kReadBufferBytes;
using keyspace::Item;
using keyspace::Keyspace;

// Of a loader that only checks.
constexpr types::FormLimits kNoLimits;
constexpr structs::HashSecret kNoSecret{};

template <typename Integer>
void ParseInto(std::string_view text, Integer& out) {
  Integer value;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error == std::errc() && end == text.data() + text.size()) out = value;
}

}  // namespace

std::vector<std::string> LibrarySources(const Keyspace& keyspace) {
  const keyspace::Libraries* const libraries = keyspace.libraries();
  return libraries == nullptr ? std::vector<std::string>() : libraries->Sources();
}

void WriteHead(RdbWriter& writer, const SaveRequest& request) {
  const RdbInfo& info = request.info;
  writer.Begin(request.field_ends ? codec::kRdbVersionFieldEnds : codec::kRdbVersion);
  writer.Aux("redis-ver", info.server_version);
  writer.Aux("redis-bits", "64");
  writer.Aux("ctime", std::to_string(info.created_at_s));
  writer.Aux("used-mem", std::to_string(info.used_memory_bytes));
  if (!info.repl_id.empty()) {
    writer.Aux("repl-stream-db", std::to_string(std::max(info.repl_stream_db, 0)));
    writer.Aux("repl-id", info.repl_id);
    writer.Aux("repl-offset", std::to_string(info.repl_offset));
  }
  if (!info.cluster_uid.empty()) {
    writer.Aux("redisha-cluster-uid", info.cluster_uid);
    writer.Aux("redisha-data-epoch", std::to_string(info.data_epoch));
  }
  writer.Aux("aof-base", info.aof_base ? "1" : "0");
}

void WriteHead(CommandWriter& writer, const SaveRequest& request) {
  if (request.time_stamp_s == 0) return;
  std::string stamp;
  AppendAofTimeStamp(request.time_stamp_s, &stamp);
  writer.Note(stamp);
}

Status WriteEnd(RdbWriter& writer, const SaveRequest&) { return writer.End(); }

Status WriteEnd(CommandWriter& writer, const SaveRequest& request) {
  const bool known = !request.info.repl_id.empty() || !request.info.cluster_uid.empty();
  if (known) writer.Note(FormatAofHistory(request.info));
  return writer.End();
}

namespace {

// Asked before each key by who writes all at once.
class Pace {
 public:
  explicit Pace(const SaveRequest& request)
      : delay_(request.key_delay_us), given_up_(request.given_up) {}

  bool GoesOn() {
    if (ended_) return false;
    if (delay_.count() > 0) std::this_thread::sleep_for(delay_);
    const bool look = delay_.count() > 0 || ++keys_ % kKeysBetweenLooks == 0;
    if (look && given_up_ != nullptr) ended_ = given_up_();
    return !ended_;
  }
  bool ended() const { return ended_; }

 private:
  const std::chrono::microseconds delay_;
  bool (*const given_up_)();
  uint64_t keys_ = 0;
  bool ended_ = false;
};

template <typename Writer>
Status WriteWith(Writer& writer, const Keyspace& keyspace, const SaveRequest& request) {
  WriteHead(writer, request);
  for (const std::string& source : LibrarySources(keyspace)) writer.Library(source);
  KeyQueue queue(writer);
  Pace pace(request);
  for (int i = 0; i < keyspace.databases(); ++i) {
    const keyspace::Db& db = keyspace.db(i);
    if (db.size() == 0) continue;
    writer.SelectDb(static_cast<uint64_t>(i), db.size(), db.expiring());
    db.ForEachWithUse([&](const Item& item, keyspace::KeyUse use) {
      if (pace.GoesOn()) queue.Add(item, use);
    });
    queue.Flush();
    if (pace.ended())
      return Status(Code::kUnavailable, "writing " + request.path + " was given up");
  }
  return WriteEnd(writer, request);
}

}  // namespace

Status WriteDataset(ByteSink& sink, const Keyspace& keyspace, SaveRequest request) {
  request.field_ends = keyspace.HasFieldEnds();
  if (request.as_commands) {
    CommandWriter writer(sink);
    return WriteWith(writer, keyspace, request);
  }
  RdbWriter writer(sink, request.options);
  return WriteWith(writer, keyspace, request);
}

Status SaveRdbFile(const Keyspace& keyspace, const SaveRequest& request) {
  if (request.fd >= 0) {
    FdSink sink(request.fd, "the snapshot");
    return WriteDataset(sink, keyspace, request);
  }
  RHA_ASSIGN_OR_RETURN(const auto file,
                       AtomicFile::Create(request.path, TemporarySuffix(), *request.disk));
  RHA_RETURN_IF_ERROR(WriteDataset(*file, keyspace, request));
  return file->Commit();
}

bool IsReplId(std::string_view id) {
  return id.size() == kReplIdBytes && std::all_of(id.begin(), id.end(), [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
         });
}

RdbLoader::RdbLoader(std::unique_ptr<ByteSource> source, Keyspace* keyspace, LoadOptions options,
                     int databases)
    : source_(std::move(source)),
      keyspace_(keyspace),
      options_(options),
      databases_(databases),
      bytes_total_(source_->remaining()),
      reader_(*source_, options.verify_checksum),
      value_(reader_.value(), keyspace == nullptr ? kNoLimits : keyspace->form_limits(),
             keyspace == nullptr ? kNoSecret : keyspace->secret()) {}

Status RdbLoader::Apply(const RdbAux& aux) {
  if (aux.name == "redis-ver") {
    info_.server_version = aux.value;
  } else if (aux.name == "ctime") {
    ParseInto(aux.value, info_.created_at_s);
  } else if (aux.name == "used-mem") {
    ParseInto(aux.value, info_.used_memory_bytes);
  } else if (aux.name == "repl-id") {
    if (IsReplId(aux.value)) info_.repl_id = aux.value;
  } else if (aux.name == "repl-offset") {
    ParseInto(aux.value, info_.repl_offset);
  } else if (aux.name == "repl-stream-db") {
    ParseInto(aux.value, info_.repl_stream_db);
  } else if (aux.name == "redisha-cluster-uid") {
    info_.cluster_uid = aux.value.substr(0, kClusterUidBytesMax);
  } else if (aux.name == "redisha-data-epoch") {
    ParseInto(aux.value, info_.data_epoch);
  }
  if (info_.repl_stream_db >= databases_) {
    return Status(Code::kUnsupported,
                  fmt::format("{}: its stream has selected database {} but only {} are configured "
                              "(see `databases`)",
                              source_->name(), info_.repl_stream_db, databases_));
  }
  if (info_.repl_offset > kReplOffsetMax) {
    return Status(Code::kCorrupt, fmt::format("{}: no stream has reached offset {}",
                                              source_->name(), info_.repl_offset));
  }
  return {};
}

bool RdbLoader::LeftOut(std::string_view key, int64_t expire_at_ms) {
  if (!options_.drop_expired || expire_at_ms == kNoExpiry || expire_at_ms >= options_.now_ms) {
    return false;
  }
  return info_.repl_id.empty() || (options_.may_drop && options_.may_drop(info_, db_, key));
}

void RdbLoader::Apply(const RdbKey& key) {
  if (LeftOut(key.key, key.expire_at_ms)) {
    ++keys_expired_;
    return;
  }
  ++keys_loaded_;
  if (keyspace_ != nullptr) strings_.Add(*db(), key);
}

Status RdbLoader::Apply(const RdbSelectDb& select) {
  if (select.index >= static_cast<uint64_t>(databases_)) {
    return Status(
        Code::kUnsupported,
        fmt::format("{}: it uses database {} but only {} are configured (see `databases`)",
                    source_->name(), select.index, databases_));
  }
  db_ = static_cast<int>(select.index);
  return {};
}

Status RdbLoader::Apply(const RdbFunction& library) {
  if (keyspace_ == nullptr || keyspace_->libraries() == nullptr) {
    ++parts_skipped_;
    return {};
  }
  return keyspace_->libraries()
      ->Load(library.code, options_.replace_libraries)
      .Context(source_->name() + ": a library of functions cannot be loaded");
}

Status RdbLoader::LoadElements(size_t* budget) {
  RHA_ASSIGN_OR_RETURN(const bool complete, value_.Step(budget));
  if (!complete) return {};
  if (value_.empty()) {
    if (keyspace_ != nullptr && empty_keys_skipped_ < kEmptyKeysNamedMax) {
      log::Warn("skipping empty key: {}", codec::Escaped(value_.key()));
    }
    ++empty_keys_skipped_;
  } else {
    ++(value_expired_ ? keys_expired_ : keys_loaded_);
  }
  return {};
}

Result<bool> RdbLoader::LoadItem(size_t* budget) {
  if (value_.busy()) {
    RHA_RETURN_IF_ERROR(LoadElements(budget));
    return false;
  }
  --*budget;
  RHA_ASSIGN_OR_RETURN(const RdbItem item, reader_.Next());
  if (const auto* key = std::get_if<RdbKey>(&item)) {
    // A file may hold keys without having selected a database: those belong to 0.
    Apply(*key);
  } else if (const auto* collection = std::get_if<RdbCollectionKey>(&item)) {
    strings_.Flush();
    value_expired_ = LeftOut(collection->key, collection->expire_at_ms);
    value_.Begin(value_expired_ ? nullptr : db(), *collection);
  } else if (const auto* aux = std::get_if<RdbAux>(&item)) {
    RHA_RETURN_IF_ERROR(Apply(*aux));
  } else if (const auto* select = std::get_if<RdbSelectDb>(&item)) {
    RHA_RETURN_IF_ERROR(Apply(*select));
  } else if (const auto* resize = std::get_if<RdbResizeDb>(&item)) {
    // A key takes at least three bytes, so a forged count cannot reserve without bound.
    const uint64_t most = source_->remaining() / 3 + kReadBufferBytes;
    if (keyspace_ != nullptr) db()->Reserve(std::min(resize->keys, most));
  } else if (const auto* library = std::get_if<RdbFunction>(&item)) {
    RHA_RETURN_IF_ERROR(Apply(*library));
  } else if (std::holds_alternative<RdbEnd>(item)) {
    return true;
  } else if (!std::holds_alternative<RdbSlotInfo>(item)) {
    ++parts_skipped_;
  }
  return false;
}

Result<bool> RdbLoader::Step(const Clock& clock, Millis budget) {
  if (!started_) {
    RHA_RETURN_IF_ERROR(reader_.Start());
    started_ = true;
  }
  const MonoTime deadline = clock.Now() + budget;
  bool done = false;
  const bool delayed = options_.key_delay_us > 0 && keyspace_ != nullptr;
  do {
    if (delayed) std::this_thread::sleep_for(std::chrono::microseconds(options_.key_delay_us));
    for (size_t items = delayed ? 1 : kItemsBetweenClockLooks; items > 0 && !done;) {
      RHA_ASSIGN_OR_RETURN(done, LoadItem(&items));
    }
  } while (!done && clock.Now() < deadline);
  strings_.Flush();
  return done;
}

Status RdbLoader::Finish() {
  const SystemClock clock;
  for (;;) {
    RHA_ASSIGN_OR_RETURN(const bool done, Step(clock, Millis(1000)));
    if (done) return {};
  }
}

bool Outranks(const RdbInfo& a, const RdbInfo& b) {
  if (a.cluster_uid.empty() || a.cluster_uid != b.cluster_uid) return false;
  return std::pair(a.data_epoch, a.repl_offset) > std::pair(b.data_epoch, b.repl_offset);
}

Result<RdbInfo> ReadRdbHead(const std::string& path) {
  RHA_ASSIGN_OR_RETURN(auto source, FileSource::Open(path));
  RdbLoader loader(std::move(source), nullptr, {}, INT32_MAX);
  const SystemClock clock;
  for (bool done = false; !done && loader.keys_loaded() == 0 && !loader.inside_key();) {
    RHA_ASSIGN_OR_RETURN(done, loader.Step(clock, Millis(0)));
  }
  return loader.info();
}

}  // namespace rha::node::persist
