// Which changes of status are worth an event.
#include <nlohmann/json.hpp>

#include "operator/api/conditions.h"
#include "operator/reconcile/limits.h"
#include "operator/reconcile/status.h"

namespace rha::op::reconcile {
namespace {

using k8s::Json;

struct ConditionView {
  std::string status;
  std::string reason;
  std::string message;
};

ConditionView View(const Json& status, std::string_view type) {
  const Json* conditions = k8s::Find(status, "conditions");
  if (conditions != nullptr && conditions->is_array()) {
    for (const Json& condition : *conditions) {
      if (k8s::StringAt(condition, "type") == type) {
        return {k8s::StringAt(condition, "status"), k8s::StringAt(condition, "reason"),
                k8s::StringAt(condition, "message")};
      }
    }
  }
  return {};
}

void PrimaryEvents(const Json& before, const Json& after, std::vector<EventNote>* notes) {
  const std::string from = k8s::StringAt(before, "currentPrimary");
  const std::string to = k8s::StringAt(after, "currentPrimary");
  if (from == to || to.empty()) return;
  if (from.empty()) {
    notes->push_back({false, "PrimaryElected", to + " is the first primary"});
  } else {
    notes->push_back({false, "PrimaryChanged", to + " is primary, " + from + " was before"});
  }
}

}  // namespace

std::vector<EventNote> EventsOf(const Json& before, const Json& after) {
  std::vector<EventNote> notes;
  PrimaryEvents(before, after, &notes);
  const ConditionView was_degraded = View(before, api::kDegraded);
  const ConditionView degraded = View(after, api::kDegraded);
  // Counts in messages move while pods come and go; a new reason is news, a new count is not,
  // unless somebody has to act on the text.
  const bool stalled = IsTrue(after, api::kStalled);
  const bool fresh = degraded.status == "True" &&
                     (was_degraded.status != "True" || was_degraded.reason != degraded.reason ||
                      (stalled && was_degraded.message != degraded.message));
  if (fresh) notes.push_back({true, degraded.reason, degraded.message});
  const ConditionView warning = View(after, api::kConfigurationWarning);
  if (warning.status == "True" && View(before, api::kConfigurationWarning).status != "True") {
    notes.push_back({true, warning.reason, warning.message});
  }
  const ConditionView update = View(after, api::kUpdateAvailable);
  if (update.status == "True" && View(before, api::kUpdateAvailable).message != update.message) {
    notes.push_back({false, std::string(api::kUpdateAvailable), update.message});
  }
  const ConditionView ready = View(after, api::kReady);
  if (ready.status == "True" && View(before, api::kReady).status != "True") {
    notes.push_back({false, "Ready", ready.message});
  }
  return notes;
}

}  // namespace rha::op::reconcile
