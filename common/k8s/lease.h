// Leader election by a Lease, decided without clock or network.
//
// Others' times are never compared with ours: a lease counts as expired when its record has not
// changed for its duration by our own monotonic clock, so skewed clocks cannot make two leaders.
// We count ourselves leader for renew_deadline after our last successful write began, which is
// shorter than the duration others wait.
//
//   election.Observe(record, now);        after each read
//   election.Decide(now, unix_us)         what to write, or how long to wait
//   election.Written(record, began)       after a successful write
//
// One owner.
#pragma once

#include <optional>
#include <string>
#include <variant>

#include "common/base/clock.h"
#include "common/k8s/json.h"

namespace rha::k8s {

struct LeaseTimings {
  Millis duration{15'000};
  Millis renew_deadline{10'000};
  Millis retry_period{2'000};
};

// The spec of a Lease object, with the version that makes a write conditional.
struct LeaseRecord {
  std::string holder;
  int duration_s = 0;
  std::string acquire_time;
  std::string renew_time;
  int transitions = 0;
  std::string resource_version;

  bool operator==(const LeaseRecord&) const = default;
};
LeaseRecord ParseLease(const Json& object);
Json LeaseToJson(const ObjectKey& key, const LeaseRecord& record);

class LeaseElection {
 public:
  struct Create {
    LeaseRecord record;
  };
  struct Update {  // renews, or takes over
    LeaseRecord record;
  };
  struct Wait {
    Millis delay;
  };
  using Decision = std::variant<Create, Update, Wait>;

  LeaseElection(std::string identity, LeaseTimings timings)
      : identity_(std::move(identity)), timings_(timings) {}

  // What a read found; nothing when there is no Lease yet.
  void Observe(const std::optional<LeaseRecord>& record, MonoTime now);
  Decision Decide(MonoTime now, int64_t unix_us) const;
  void Written(const LeaseRecord& record, MonoTime began);

  bool IsLeader(MonoTime now) const;
  const std::string& holder() const { return observed_.holder; }
  // What a leader that stops writes, so that the next need not wait out the duration.
  std::optional<LeaseRecord> Released(int64_t unix_us) const;

 private:
  const std::string identity_;
  const LeaseTimings timings_;
  bool exists_ = false;
  LeaseRecord observed_;
  MonoTime observed_at_{};
  std::optional<MonoTime> renewed_at_;
};

}  // namespace rha::k8s
