// Writes Kubernetes events about RedisHA resources; repeats become a count on the first one.
//
// Best effort: a failure is logged and forgotten, since an event must never hold up the work it is
// about. Any thread; a call blocks for one request.
#pragma once

#include <map>
#include <mutex>
#include <string>

#include "common/base/clock.h"
#include "common/k8s/api.h"
#include "operator/api/redisha.h"
#include "operator/reconcile/status.h"

namespace rha::op::reconcile {

class EventRecorder {
 public:
  // `instance` names this process in the events (the pod's name).
  EventRecorder(k8s::Api& api, const Clock& clock, std::string instance);

  void Record(const api::RedisHa& redisha, const EventNote& note);

  // The Event object; pure, for tests.
  static k8s::Json Build(const api::RedisHa& redisha, const EventNote& note,
                         const std::string& instance, int64_t now_us);

 private:
  struct Sent {
    std::string name;
    int count = 1;
    MonoTime last{};
  };

  k8s::Api& api_;
  const Clock& clock_;
  const std::string instance_;
  std::mutex mutex_;
  std::map<std::string, Sent> sent_;  // by uid, reason and message
};

}  // namespace rha::op::reconcile
