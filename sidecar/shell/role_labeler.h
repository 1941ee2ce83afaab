// What a sidecar says on its pod: the label ha.redisha.io/role = primary | replica, which Services
// select by; how many voters it goes by, which the operator waits for when it changes them; and
// whom it waits for before anybody is made primary.
//
// A machine that is gone keeps its pod's label, and Kubernetes takes most of a minute to notice. So
// a new primary's sidecar also takes the label from the pods of the others, but only where it was
// given for an older epoch: a sidecar that has missed its own replacement takes nothing, and gives
// its own back.
//
// One worker thread patches; a slow or forbidden API server never reaches the loop. Only the newest
// wish counts: it is tried until it succeeds, with growing pauses. Each change of outcome is logged
// once. Outside Kubernetes the labeler is off and says so once.
//
// What was said is looked at again, for the API server has no order for requests of which one was
// given up, and people edit: a Service whose primary has no label leads nowhere.
// Thread rule: Set and the counters from any thread.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "common/base/clock.h"
#include "common/base/status.h"
#include "common/k8s/http.h"
#include "common/k8s/object_ref.h"
#include "sidecar/core/types.h"
#include "sidecar/shell/limits.h"

namespace rha::sidecar::shell {

struct PodFacts {
  core::Role role = core::Role::kUnknown;  // kUnknown leaves the label as it is
  core::Epoch epoch = 0;                   // in which the own node is primary
  std::string waits_for;                   // empty: for nobody

  bool operator==(const PodFacts&) const = default;
};

// Makes one attempt; blocks. Called on the worker thread only.
class PodPatcher {
 public:
  virtual ~PodPatcher() = default;
  virtual Status Tell(const PodFacts& facts) = 0;
  // Whether the pod still says what it was last told; changes nothing.
  virtual Result<bool> Says(const PodFacts& facts) = 0;
  virtual std::string Describe() const = 0;  // "pod default/demo-0"
};

// Patches $POD_NAMESPACE/$POD_NAME through the API server of the usual configuration order;
// `members` are the names of all pods. kNotFound: this is no pod.
Result<std::unique_ptr<PodPatcher>> MakePodPatcher(const std::string& kubeconfig,
                                                   std::vector<std::string> members);
// Through `transport`.
std::unique_ptr<PodPatcher> MakeKubePatcher(std::unique_ptr<k8s::HttpTransport> transport,
                                            k8s::ObjectKey pod, std::vector<std::string> members);

struct LabelStats {
  bool enabled = false;
  uint64_t patches = 0, errors = 0;
};

class RoleLabeler {
 public:
  // `patcher` null: off.
  explicit RoleLabeler(std::unique_ptr<PodPatcher> patcher,
                       Millis check_period = kLabelCheckPeriod);
  ~RoleLabeler();  // gives up what is not done; waits for an attempt under way
  RoleLabeler(const RoleLabeler&) = delete;
  RoleLabeler& operator=(const RoleLabeler&) = delete;

  // Told after each new role is on the pod how long that took since Set; on the worker's thread.
  // Empty: nobody any more, once this has returned.
  void OnRole(std::function<void(Millis)> told);
  // Costs nothing while the facts are the same.
  void Set(PodFacts facts);
  LabelStats stats() const;

 private:
  struct State;
  static void Work(State& state);
  static void AwaitWork(State& state, std::unique_lock<std::mutex>& lock, uint64_t done);
  std::unique_ptr<State> state_;
};

}  // namespace rha::sidecar::shell
