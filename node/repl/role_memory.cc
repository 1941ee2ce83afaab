#include "node/repl/role_memory.h"

#include <fmt/format.h>

#include <charconv>
#include <utility>
#include <vector>

#include "common/base/log.h"
#include "node/repl/limits.h"

namespace rha::node::repl {
namespace {

constexpr std::string_view kFormat = "redisha-role-1";
constexpr std::string_view kNone = "-";

std::string_view OrNone(std::string_view word) { return word.empty() ? kNone : word; }
std::string FromWord(std::string_view word) {
  return word == kNone ? std::string() : std::string(word);
}

}  // namespace

// The words hold no blanks: uids and names are those of common/trust.
std::string EncodeRoleRecord(const RoleRecord& record) {
  return fmt::format("{} {} {} {} {}", kFormat, record.uid, OrNone(record.adopted), record.epoch,
                     OrNone(record.leader));
}

Result<RoleRecord> DecodeRoleRecord(std::string_view text) {
  std::vector<std::string_view> words;
  while (!text.empty()) {
    const size_t end = std::min(text.find(' '), text.size());
    words.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  const Status unknown(Code::kCorrupt, "its record is none that this version knows");
  if (words.size() != 5 || words[0] != kFormat) return unknown;
  RoleRecord record{
      .uid = std::string(words[1]), .adopted = FromWord(words[2]), .leader = FromWord(words[4])};
  const std::string_view number = words[3];
  const auto [end, error] =
      std::from_chars(number.data(), number.data() + number.size(), record.epoch);
  if (error != std::errc() || end != number.data() + number.size()) return unknown;
  return record;
}

Result<RoleMemory> RoleMemory::Open(std::string path, std::string uid) {
  RHA_ASSIGN_OR_RETURN(env::SlotFile file, env::SlotFile::Open(path, kRoleRecordBytesMax));
  RoleMemory memory(std::move(file), std::move(uid));
  if (const auto& text = memory.file_.record()) {
    auto record = DecodeRoleRecord(*text);
    if (!record.ok()) return std::move(record).status().Context(path);
    memory.record_ = std::move(record).value();
    memory.OnDataset(memory.record_.uid);
  } else {
    RHA_RETURN_IF_ERROR(memory.Keep({.uid = memory.uid_}));
  }
  return memory;
}

Status RoleMemory::Keep(RoleRecord record) {
  if (record == record_) return {};
  RHA_RETURN_IF_ERROR(file_.Write(EncodeRoleRecord(record)));
  record_ = std::move(record);
  return {};
}

std::string RoleMemory::ForeignRefusal() const {
  return fmt::format(
      "FOREIGN the data here belong to cluster {}, not {}: give this node an empty volume, or say "
      "REDISHA ADOPT {}",
      foreign_uid_, uid_, foreign_uid_);
}

Status RoleMemory::Accept(uint64_t epoch, std::string_view leader) {
  if (!foreign_uid_.empty()) return Status(Code::kConflict, ForeignRefusal());
  if (!record_.Yields(epoch, leader)) {
    return Status(Code::kConflict,
                  fmt::format("STALEEPOCH this node obeys {} in epoch {}, not {} in epoch {}",
                              OrNone(record_.leader), record_.epoch, leader, epoch));
  }
  RoleRecord record = record_;
  record.epoch = epoch;
  record.leader = leader;
  Status kept = Keep(std::move(record));
  return kept.ok() ? kept : Status(kept.code(), "ERR the order cannot be kept: " + kept.message());
}

void RoleMemory::OnDataset(std::string_view uid) {
  if (uid.empty() || uid == uid_ || (record_.uid == uid_ && uid == record_.adopted)) return;
  foreign_uid_ = uid;
  log::Error(
      "the data in this volume belong to cluster {}, not {}: this node takes no role. Give it an "
      "empty volume, or say REDISHA ADOPT {} to take the data over",
      uid, uid_, uid);
}

Status RoleMemory::Adopt(std::string_view uid) {
  if (foreign_uid_.empty()) return Status(Code::kInvalid, "ERR the data here are this cluster's");
  if (uid != foreign_uid_) {
    return Status(Code::kInvalid, "ERR the data here belong to cluster " + foreign_uid_);
  }
  // Orders of the other cluster are none of ours.
  RoleRecord record{.uid = uid_, .adopted = foreign_uid_};
  if (record_.uid == uid_) {
    record.epoch = record_.epoch;
    record.leader = record_.leader;
  }
  const Status kept = Keep(std::move(record));
  if (!kept.ok()) return Status(kept.code(), "ERR " + kept.message());
  foreign_uid_.clear();
  return {};
}

}  // namespace rha::node::repl
