#include "common/k8s/leader_elector.h"

#include <condition_variable>
#include <mutex>
#include <nlohmann/json.hpp>

#include "common/base/log.h"

namespace rha::k8s {

LeaderElector::LeaderElector(Api& api, const Clock& clock, LeaderElectorOptions options)
    : api_(api),
      clock_(clock),
      options_(std::move(options)),
      election_(options_.identity, options_.timings) {}

void LeaderElector::Run(std::stop_token stop, const std::function<void()>& on_started) {
  std::mutex mutex;
  std::condition_variable_any never;
  std::string last_holder;
  while (!stop.stop_requested()) {
    const Millis delay = Tick();
    const bool leads = election_.IsLeader(clock_.Now());
    if (!leads && leader_) {
      leader_ = false;
      log::Error("lost the lease {} to '{}'", options_.lease.ToString(), election_.holder());
      return;
    }
    if (leads && !leader_) {
      leader_ = true;
      log::Info("leading as '{}' by lease {}", options_.identity, options_.lease.ToString());
      on_started();
    } else if (!leads && election_.holder() != last_holder) {
      last_holder = election_.holder();
      log::Info("standing by; lease {} is held by '{}'", options_.lease.ToString(), last_holder);
    }
    std::unique_lock lock(mutex);
    never.wait_for(lock, stop, delay, [] { return false; });
  }
  Release();
}

Status LeaderElector::Read() {
  auto read = api_.Get({&kLeases, options_.lease});
  if (read.ok()) {
    election_.Observe(ParseLease(*read), clock_.Now());
  } else if (read.status().code() == Code::kNotFound) {
    election_.Observe(std::nullopt, clock_.Now());
  } else {
    return read.status();
  }
  return {};
}

Millis LeaderElector::Tick() {
  // A leader renews what it wrote last; only a conflict makes it look again.
  if (!leader_ || must_read_) {
    const Status read = Read();
    must_read_ = !read.ok();
    if (!read.ok()) {
      log::Warn("leader election: {}", read.message());
      return options_.timings.retry_period;
    }
  }
  const MonoTime began = clock_.Now();
  const auto decision = election_.Decide(began, clock_.UnixMicros());
  if (const auto* wait = std::get_if<LeaseElection::Wait>(&decision)) return wait->delay;
  const auto* create = std::get_if<LeaseElection::Create>(&decision);
  const LeaseRecord& record =
      create != nullptr ? create->record : std::get<LeaseElection::Update>(decision).record;
  const Json object = LeaseToJson(options_.lease, record);
  auto written = create != nullptr ? api_.Create(kLeases, object) : api_.Replace(kLeases, object);
  if (written.ok()) {
    election_.Written(ParseLease(*written), began);
    return options_.timings.retry_period;
  }
  must_read_ = true;
  const Code code = written.status().code();
  if (code != Code::kConflict && code != Code::kExists) {
    log::Warn("leader election: {}", written.status().message());
  }
  return options_.timings.retry_period;
}

void LeaderElector::Release() {
  leader_ = false;
  const auto record = election_.Released(clock_.UnixMicros());
  if (!record) return;
  auto written = api_.Replace(kLeases, LeaseToJson(options_.lease, *record));
  if (!written.ok()) log::Warn("release of the lease: {}", written.status().message());
}

}  // namespace rha::k8s
