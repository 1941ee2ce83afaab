// Makes one RedisHA what it should be: observe → decide → apply → report. Level-based: it is told
// only a name, looks at everything, and may be called any number of times.
//
// Any thread, but only one at a time for the same name (the work queue sees to that). Blocks for
// the requests it makes; at rest it makes none.
#pragma once

#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>

#include "common/base/clock.h"
#include "common/k8s/api.h"
#include "operator/api/redisha.h"
#include "operator/reconcile/caches.h"
#include "operator/reconcile/event_recorder.h"
#include "operator/reconcile/plan.h"
#include "operator/reconcile/scale.h"
#include "operator/reconcile/status.h"

namespace rha::op::reconcile {

struct ReconcilerOptions {
  std::string default_image;
  int server_minor = 34;
  bool shared_loopback = false;
};

struct ReconcileResult {
  Status status;  // an error is retried with backoff
  std::optional<Millis> requeue_after;
};

class Reconciler {
 public:
  // Where Reconcile finds what is there; the caches, or a test's own.
  using ObserveFn = std::function<Observed(const k8s::ObjectKey&)>;

  Reconciler(k8s::Api& api, ObserveFn observe, const Clock& clock, ReconcilerOptions options,
             std::string instance);

  ReconcileResult Reconcile(const k8s::ObjectKey& key);

 private:
  // What is remembered about one RedisHA between calls; losing it costs a few needless requests.
  struct Memory {
    AppliedRecords records;
    std::string status_version;  // resourceVersion after our last write of the status
    MonoTime status_at{};
    std::map<std::string, MonoTime> secrets;  // NAME/KEY...: when it was last found
    std::string cluster_uid_told;  // of the earlier dataset that an event was written about
    int members_marked = 0;        // as many members the claims' marks were last compared with
  };

  Memory& MemoryOf(const k8s::ObjectKey& key);
  struct Outcome {
    std::vector<Problem> problems;
    Status error;  // to be retried with backoff
    bool awaits_cache = false;
    bool initialised = false;  // WasInitialised()
  };

  Status LookForSet(const api::RedisHa& redisha, Observed* observed);
  // One pass over the children of a valid RedisHA.
  Outcome Converge(const api::RedisHa& redisha, const std::string& image, Observed* observed,
                   Memory* memory);
  // What was made earlier and is not asked for any more.
  Status DeleteMonitors(const api::RedisHa& redisha, const Observed& observed);
  Status ApplyOne(const api::RedisHa& redisha, const PlannedApply& planned, Memory* memory,
                  std::vector<Problem>* problems);
  // Which dataset the volumes hold or will hold; empty where the set's claims do not say. Nothing
  // where that cannot be said yet, which is then among the problems. Before there is a set it also
  // observes how many pods the claims ask for.
  Result<std::optional<std::string>> FindDataset(const api::RedisHa& redisha, Observed* observed,
                                                 Memory* memory, std::vector<Problem>* problems);
  // To be done before the set is written. Marks the claims of members that have left once nobody
  // counts their votes, and unmarks the claim of one that is to come before anybody counts its.
  Status MarkClaims(const api::RedisHa& redisha, const Observed& observed,
                    const std::string& cluster_uid, const ScaleStep& step, Memory* memory);
  Status SetMarks(const api::RedisHa& redisha, const std::string& cluster_uid, int members,
                  bool left_over);
  // What pods are given of a Secret, and how it comes to be.
  struct NeededSecret {
    std::string name;
    std::string field;  // of the spec that names it; empty: none does
    std::vector<std::string> keys;
    std::function<k8s::Json()> generate;  // null: somebody else makes it
    EventNote told;                       // once it was generated
  };
  Status EnsureSecret(const api::RedisHa& redisha, const NeededSecret& needed, Memory* memory,
                      std::vector<Problem>* problems);
  Status EnsurePeerSecret(const api::RedisHa& redisha, Memory* memory,
                          std::vector<Problem>* problems);
  Status EnsureAuthSecret(const api::RedisHa& redisha, Memory* memory,
                          std::vector<Problem>* problems);
  Status WriteStatus(const api::RedisHa& redisha, const Observed& observed, const k8s::Json& status,
                     Memory* memory);

  k8s::Api& api_;
  const ObserveFn observe_;
  const Clock& clock_;
  const ReconcilerOptions options_;
  EventRecorder events_;
  std::mutex mutex_;  // guards the map, not its elements
  std::map<k8s::ObjectKey, Memory> memories_;
};

}  // namespace rha::op::reconcile
