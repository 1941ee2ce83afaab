#include "sidecar/core/persistence.h"

#include "sidecar/core/mode.h"

namespace rha::sidecar::core {
namespace {

PersistedGroup MakeGroup(const State& state, const Group& group) {
  PersistedGroup saved;
  saved.name = group.config.name;
  saved.config_epoch = group.config_epoch;
  saved.config_leader = group.config_leader;
  saved.leader_epoch = group.leader_epoch;
  saved.leader_id = group.leader_id;
  saved.lineage = group.lineage;
  group.mode().Save(state, group, &saved);
  return saved;
}

}  // namespace

PersistedState MakeSnapshot(const State& state) {
  PersistedState saved;
  saved.globals = state.globals;
  saved.my_id = state.my_id;
  saved.current_epoch = state.current_epoch;
  saved.may_vote = state.may_vote;
  for (const auto& [name, group] : state.groups) saved.groups[name] = MakeGroup(state, group);
  return saved;
}

void FlushPersist(Context& c) {
  if (!c.s.persist_needed) return;
  c.s.persist_needed = false;
  c.Do(Persist{.seq = ++c.s.persist_seq, .state = MakeSnapshot(c.s)});
}

}  // namespace rha::sidecar::core
