#include "common/k8s/lease.h"

#include <nlohmann/json.hpp>

#include "common/k8s/time_format.h"

namespace rha::k8s {

LeaseRecord ParseLease(const Json& object) {
  return {.holder = StringAt(object, "spec.holderIdentity"),
          .duration_s = static_cast<int>(IntAt(object, "spec.leaseDurationSeconds")),
          .acquire_time = StringAt(object, "spec.acquireTime"),
          .renew_time = StringAt(object, "spec.renewTime"),
          .transitions = static_cast<int>(IntAt(object, "spec.leaseTransitions")),
          .resource_version = ResourceVersionOf(object)};
}

Json LeaseToJson(const ObjectKey& key, const LeaseRecord& record) {
  Json object = NewObject(kLeases, key);
  if (!record.resource_version.empty()) {
    object["metadata"]["resourceVersion"] = record.resource_version;
  }
  object["spec"] = {{"holderIdentity", record.holder},
                    {"leaseDurationSeconds", record.duration_s},
                    {"acquireTime", record.acquire_time},
                    {"renewTime", record.renew_time},
                    {"leaseTransitions", record.transitions}};
  return object;
}

void LeaseElection::Observe(const std::optional<LeaseRecord>& record, MonoTime now) {
  exists_ = record.has_value();
  const LeaseRecord seen = record.value_or(LeaseRecord{});
  if (!(seen == observed_)) {
    observed_ = seen;
    observed_at_ = now;
  }
  if (observed_.holder != identity_) renewed_at_.reset();
}

LeaseElection::Decision LeaseElection::Decide(MonoTime now, int64_t unix_us) const {
  LeaseRecord next = observed_;
  next.holder = identity_;
  next.duration_s = static_cast<int>(timings_.duration.count() / 1000);
  next.renew_time = FormatMicroTime(unix_us);
  if (!exists_) {
    next.acquire_time = next.renew_time;
    next.transitions = 0;
    return Create{next};
  }
  if (observed_.holder == identity_) {
    // Also after a restart under the same identity: the lease is ours to renew.
    const bool due = !renewed_at_ || now - *renewed_at_ >= timings_.retry_period;
    if (due) return Update{next};
    return Wait{timings_.retry_period - std::chrono::duration_cast<Millis>(now - *renewed_at_)};
  }
  const Millis duration(static_cast<int64_t>(observed_.duration_s) * 1000);
  const bool expired = observed_.holder.empty() || now - observed_at_ >= duration;
  if (!expired) return Wait{timings_.retry_period};
  next.acquire_time = next.renew_time;
  next.transitions = observed_.transitions + 1;
  return Update{next};
}

void LeaseElection::Written(const LeaseRecord& record, MonoTime began) {
  exists_ = true;
  observed_ = record;
  observed_at_ = began;
  if (record.holder == identity_) {
    renewed_at_ = began;
  } else {
    renewed_at_.reset();
  }
}

bool LeaseElection::IsLeader(MonoTime now) const {
  return renewed_at_ && now - *renewed_at_ < timings_.renew_deadline;
}

std::optional<LeaseRecord> LeaseElection::Released(int64_t unix_us) const {
  if (!renewed_at_) return std::nullopt;
  LeaseRecord next = observed_;
  next.holder.clear();
  next.duration_s = 1;
  next.renew_time = FormatMicroTime(unix_us);
  return next;
}

}  // namespace rha::k8s
