// What to do about the pods of a StatefulSet, as a pure function of what there is. The rules are
// those of pkg/controller/statefulset/stateful_set_control.go. Any thread.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace rha::local::controllers {

struct SetPod {
  int64_t ordinal = 0;
  std::string revision;
  bool ready = false;
  bool deleting = false;
  bool finished = false;  // phase Failed or Succeeded
};

struct SetView {
  int64_t replicas = 1;
  int64_t start = 0;      // spec.ordinals.start
  int64_t partition = 0;  // of a rolling update
  bool parallel = false;
  bool rolling = true;  // false: OnDelete
  std::string current_revision, update_revision;
  std::vector<SetPod> pods;
};

struct SetPlan {
  struct Creation {
    int64_t ordinal;
    std::string revision;
    bool operator==(const Creation&) const = default;
  };
  std::vector<Creation> create;
  std::vector<int64_t> remove;
  bool operator==(const SetPlan&) const = default;
};

SetPlan PlanStatefulSet(const SetView& view);

}  // namespace rha::local::controllers
