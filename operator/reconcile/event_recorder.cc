#include "operator/reconcile/event_recorder.h"

#include <nlohmann/json.hpp>

#include "common/base/log.h"
#include "common/k8s/time_format.h"
#include "operator/desired/desired.h"
#include "operator/desired/names.h"
#include "operator/reconcile/limits.h"

namespace rha::op::reconcile {

EventRecorder::EventRecorder(k8s::Api& api, const Clock& clock, std::string instance)
    : api_(api), clock_(clock), instance_(std::move(instance)) {}

k8s::Json EventRecorder::Build(const api::RedisHa& redisha, const EventNote& note,
                               const std::string& instance, int64_t now_us) {
  const std::string time = k8s::FormatTime(now_us);
  // Unique by time, readable by hash of what it says.
  const std::string name = redisha.key.name + "." + std::to_string(now_us) + "." +
                           desired::Hash(note.reason + note.message).substr(0, 8);
  k8s::Json event = k8s::NewObject(k8s::kEvents, {redisha.key.ns, name});
  event["involvedObject"] = {{"apiVersion", api::kRedisHas.ApiVersion()},
                             {"kind", std::string(api::kRedisHas.kind)},
                             {"name", redisha.key.name},
                             {"namespace", redisha.key.ns},
                             {"uid", redisha.uid}};
  event["type"] = note.warning ? "Warning" : "Normal";
  event["reason"] = note.reason;
  event["message"] = note.message.substr(0, kMessageBytesMax);
  event["source"] = {{"component", std::string(desired::kManager)}};
  event["reportingComponent"] = std::string(desired::kManager);
  event["reportingInstance"] = instance;
  event["firstTimestamp"] = time;
  event["lastTimestamp"] = time;
  event["count"] = 1;
  return event;
}

void EventRecorder::Record(const api::RedisHa& redisha, const EventNote& note) {
  const std::string key = redisha.uid + " " + note.reason + " " + note.message;
  const MonoTime now = clock_.Now();
  std::string repeated;
  int count = 0;
  {
    const std::lock_guard lock(mutex_);
    if (sent_.size() > kEventsRemembered) sent_.clear();
    const auto found = sent_.find(key);
    if (found != sent_.end()) {
      Sent& sent = found->second;
      ++sent.count;
      if (now - sent.last < kEventRepeatPeriod) return;
      sent.last = now;
      repeated = sent.name;
      count = sent.count;
    }
  }
  if (!repeated.empty()) {
    const k8s::Json patch = {{"count", count},
                             {"lastTimestamp", k8s::FormatTime(clock_.UnixMicros())}};
    auto patched = api_.MergePatch({&k8s::kEvents, {redisha.key.ns, repeated}}, patch);
    if (patched.ok()) return;  // otherwise it has expired on the server: write a new one
  }
  const k8s::Json event = Build(redisha, note, instance_, clock_.UnixMicros());
  auto created = api_.Create(k8s::kEvents, event);
  if (!created.ok()) {
    log::Warn("{}: event {} not written: {}", redisha.key.ToString(), note.reason,
              created.status().message());
    return;
  }
  const std::lock_guard lock(mutex_);
  sent_[key] = {k8s::KeyOf(event).name, 1, now};
}

}  // namespace rha::op::reconcile
