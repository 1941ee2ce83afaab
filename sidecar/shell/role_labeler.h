// The role label of the own pod: ha.redisha.io/role = primary | replica, which Services select by.
//
// One worker thread patches; a slow or forbidden API server never reaches the loop. Only the newest
// wish counts: it is tried until it succeeds, with growing pauses. Each change of outcome is logged
// once. At the start, and with every role, it also says on the pod how many voters this sidecar
// goes by (ha.redisha.io/voters), which the operator waits for when it changes them. Outside
// Kubernetes the labeler is off and says so once.
// Thread rule: Set and the counters from any thread.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "common/base/status.h"
#include "sidecar/core/types.h"

namespace rha::sidecar::shell {

// Makes one attempt; blocks. Called on the worker thread only.
class PodPatcher {
 public:
  virtual ~PodPatcher() = default;
  // kUnknown leaves the label as it is.
  virtual Status SetRole(core::Role role) = 0;
  virtual std::string Describe() const = 0;  // "pod default/demo-0"
};

// Patches $POD_NAMESPACE/$POD_NAME through the API server of the usual configuration order.
// kNotFound: this is no pod.
Result<std::unique_ptr<PodPatcher>> MakePodPatcher(const std::string& kubeconfig, size_t voters);

struct LabelStats {
  bool enabled = false;
  uint64_t patches = 0, errors = 0;
};

class RoleLabeler {
 public:
  // `patcher` null: off.
  explicit RoleLabeler(std::unique_ptr<PodPatcher> patcher);
  ~RoleLabeler();  // gives up what is not done; waits for an attempt under way
  RoleLabeler(const RoleLabeler&) = delete;
  RoleLabeler& operator=(const RoleLabeler&) = delete;

  void Set(core::Role role);
  LabelStats stats() const;

 private:
  struct State;
  static void Work(State& state);
  std::unique_ptr<State> state_;
};

}  // namespace rha::sidecar::shell
