// What to write, decided from what should be and what is. Pure; any thread.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "common/base/clock.h"
#include "operator/desired/desired.h"
#include "operator/reconcile/observe.h"
#include "operator/reconcile/problem.h"

namespace rha::op::reconcile {

// What the server answered when we last applied a child.
struct AppliedRecord {
  std::string hash;              // of what we sent
  std::string resource_version;  // of the answer
  std::string fingerprint;       // of the answer, drift.h
  MonoTime at{};
  bool seen = false;  // the cache has shown it since: if it is missing now, it is gone
};
using AppliedRecords = std::map<ChildKey, AppliedRecord>;

struct PlannedApply {
  desired::DesiredObject desired;
  // The cache does not have it: look whether somebody else's object has the name.
  bool check_name = false;
  // What was decided on: the write is refused once it is something else. So an operator that was
  // stopped in the middle, or whose caches are old, undoes nobody's work. Empty: nothing is there.
  std::string version;
  const char* why = "";  // for the log
};

struct Plan {
  std::vector<PlannedApply> applies;
  std::vector<Problem> problems;
  bool awaits_cache = false;  // look again after kCacheLagMax, whether an event comes or not
};

// Notes which of our writes the cache has caught up with.
void MarkSeen(const Observed& observed, AppliedRecords* records);

// `now` only bounds how long a cache may lag behind our own writes.
Plan Decide(const std::string& owner_uid, const std::vector<desired::DesiredObject>& desired,
            const Observed& observed, const AppliedRecords& records, MonoTime now);

// True if `version` is older than `than`. Versions are opaque by contract but are numbers in every
// server; what is no number is never older.
bool IsOlderVersion(const std::string& version, const std::string& than);

}  // namespace rha::op::reconcile
