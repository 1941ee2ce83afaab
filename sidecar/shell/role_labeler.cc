#include "sidecar/shell/role_labeler.h"

#include <algorithm>
#include <condition_variable>
#include <optional>
#include <thread>
#include <utility>

#include "common/base/log.h"

namespace rha::sidecar::shell {

using SteadyClock = std::chrono::steady_clock;

struct RoleLabeler::State {
  std::unique_ptr<PodPatcher> patcher;
  Millis check_period{};
  mutable std::mutex mutex;
  std::condition_variable changed;
  // Guarded by mutex.
  PodFacts wanted;
  uint64_t wish = 1;  // counts what was wanted; the first is to say how many voters there are
  bool ending = false;
  LabelStats stats;
  std::function<void(Millis)> told;
  std::optional<SteadyClock::time_point>
      role_since;  // when a role was wanted that is not there yet

  std::thread thread;
};

RoleLabeler::RoleLabeler(std::unique_ptr<PodPatcher> patcher, Millis check_period)
    : state_(std::make_unique<State>()) {
  state_->patcher = std::move(patcher);
  state_->check_period = check_period;
  if (!state_->patcher) return;
  state_->stats.enabled = true;
  state_->thread = std::thread([state = state_.get()] { Work(*state); });
}

RoleLabeler::~RoleLabeler() {
  {
    const std::lock_guard lock(state_->mutex);
    state_->ending = true;
  }
  state_->changed.notify_all();
  if (state_->thread.joinable()) state_->thread.join();
}

void RoleLabeler::Set(PodFacts facts) {
  {
    const std::lock_guard lock(state_->mutex);
    if (facts == state_->wanted) return;
    const bool is_news = facts.role != state_->wanted.role && facts.role != core::Role::kUnknown;
    if (is_news) state_->role_since = SteadyClock::now();
    state_->wanted = std::move(facts);
    ++state_->wish;
  }
  state_->changed.notify_all();
}

void RoleLabeler::OnRole(std::function<void(Millis)> told) {
  const std::lock_guard lock(state_->mutex);
  state_->told = std::move(told);
}

LabelStats RoleLabeler::stats() const {
  const std::lock_guard lock(state_->mutex);
  return state_->stats;
}

// Waits until there is something to tell: a new wish, or the last one again.
void RoleLabeler::AwaitWork(State& state, std::unique_lock<std::mutex>& lock, uint64_t done) {
  const auto wished = [&] { return state.ending || state.wish != done; };
  while (!state.changed.wait_for(lock, state.check_period, wished)) {
    const PodFacts facts = state.wanted;
    lock.unlock();
    const auto says = state.patcher->Says(facts);  // an error: looked at again next time
    if (says.ok() && !*says) {
      log::Warn("{} does not say any more what it was told; telling it again",
                state.patcher->Describe());
    }
    lock.lock();
    if (says.ok() && !*says) return;
  }
}

void RoleLabeler::Work(State& state) {
  std::unique_lock lock(state.mutex);
  uint64_t done = 0;
  bool failing = false;
  Millis pause = kLabelRetryMin;
  while (true) {
    AwaitWork(state, lock, done);
    if (state.ending) return;
    const uint64_t wish = state.wish;
    const PodFacts facts = state.wanted;
    lock.unlock();
    const Status status = state.patcher->Tell(facts);
    const char* name = facts.role == core::Role::kPrimary   ? "primary"
                       : facts.role == core::Role::kReplica ? "replica"
                                                            : "member";
    if (status.ok()) {
      log::Info("labelled {} as {}", state.patcher->Describe(), name);
    } else if (!failing) {
      log::Warn("cannot label {} as {}, trying on: {}", state.patcher->Describe(), name,
                status.message());
    }
    failing = !status.ok();
    lock.lock();
    if (status.ok()) {
      ++state.stats.patches;
      done = wish;
      if (state.role_since && facts.role == state.wanted.role) {
        const auto took = SteadyClock::now() - *std::exchange(state.role_since, std::nullopt);
        if (state.told) state.told(std::chrono::duration_cast<Millis>(took));
      }
      pause = kLabelRetryMin;
      continue;
    }
    ++state.stats.errors;
    // A new wish cuts the pause short: it is news, and a failover should not wait for an old error.
    state.changed.wait_for(lock, pause, [&] { return state.ending || state.wish != wish; });
    pause = std::min(pause * 2, kLabelRetryMax);
  }
}

}  // namespace rha::sidecar::shell
