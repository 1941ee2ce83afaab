// ACL LOG: who was refused what. Refusals that say the same within a minute are one entry that
// counts them. Pure: the caller brings the time. Thread rule: the engine's thread.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>

#include "common/acl/check.h"

namespace rha::acl {

enum class Where : uint8_t { kTopLevel, kMulti, kScript };

struct Denial {
  Denied reason = Denied::kNothing;
  Where where = Where::kTopLevel;
  std::string_view object;  // the command, key or channel; AUTH or HELLO for a wrong password
  std::string_view user;
  std::string_view client;  // as CLIENT INFO shows it
};

struct DenialEntry {
  uint64_t id = 0;  // in the order in which they began, from 0 on
  uint64_t count = 1;
  Denied reason;
  Where where;
  std::string object, user, client;  // shortened (limits.h)
  int64_t created_unix_ms;           // of the first time
  int64_t unix_ms;                   // of the last time

  std::string_view reason_name() const;
  std::string_view where_name() const;
};

class DenialLog {
 public:
  // acllog-max-len. The oldest beyond it go.
  void set_entries_max(size_t entries);
  void Add(const Denial& denial, int64_t unix_ms);
  void Clear() { entries_.clear(); }
  // The latest first.
  const std::deque<DenialEntry>& entries() const { return entries_; }
  // How many there have been for that reason, also before Clear().
  uint64_t count(Denied reason) const { return counts_[static_cast<size_t>(reason)]; }

 private:
  size_t entries_max_ = 128;
  uint64_t next_id_ = 0;
  std::array<uint64_t, kDeniedKinds> counts_{};
  std::deque<DenialEntry> entries_;
};

}  // namespace rha::acl
