#include "common/acl/denial_log.h"

#include <algorithm>
#include <utility>

#include "common/acl/limits.h"

namespace rha::acl {
namespace {

bool SaySame(const DenialEntry& a, const DenialEntry& b) {
  return a.reason == b.reason && a.where == b.where && b.unix_ms - a.unix_ms <= kLogGroupingMs &&
         a.object == b.object && a.user == b.user;
}

}  // namespace

std::string_view DenialEntry::reason_name() const {
  switch (reason) {
    case Denied::kNothing:
      break;
    case Denied::kCommand:
      return "command";
    case Denied::kKey:
      return "key";
    case Denied::kChannel:
      return "channel";
    case Denied::kAuth:
      return "auth";
  }
  return "unknown";
}

std::string_view DenialEntry::where_name() const {
  switch (where) {
    case Where::kTopLevel:
      return "toplevel";
    case Where::kMulti:
      return "multi";
    case Where::kScript:
      return "lua";
  }
  return "unknown";
}

void DenialLog::set_entries_max(size_t entries) {
  entries_max_ = entries;
  while (entries_.size() > entries_max_) entries_.pop_back();
}

void DenialLog::Add(const Denial& denial, int64_t unix_ms) {
  DenialEntry entry{.reason = denial.reason,
                    .where = denial.where,
                    .object = std::string(denial.object.substr(0, kLogTextBytesMax)),
                    .user = std::string(denial.user.substr(0, kLogTextBytesMax)),
                    .client = std::string(denial.client.substr(0, kLogTextBytesMax)),
                    .created_unix_ms = unix_ms,
                    .unix_ms = unix_ms};
  ++counts_[static_cast<size_t>(denial.reason)];
  const auto end =
      entries_.begin() + static_cast<ptrdiff_t>(std::min(entries_.size(), kLogEntriesCompared));
  const auto same = std::find_if(entries_.begin(), end,
                                 [&](const DenialEntry& known) { return SaySame(known, entry); });
  if (same != end) {
    entry.id = same->id;
    entry.count += same->count;
    entry.created_unix_ms = same->created_unix_ms;
    entries_.erase(same);
  } else {
    entry.id = next_id_++;
  }
  entries_.push_front(std::move(entry));
  while (entries_.size() > entries_max_) entries_.pop_back();
}

}  // namespace rha::acl
