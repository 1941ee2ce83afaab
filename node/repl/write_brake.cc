#include "node/repl/write_brake.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "common/base/log.h"
#include "node/dispatch/engine.h"
#include "node/repl/limits.h"
#include "node/repl/replica.h"

namespace rha::node::repl {

using std::chrono::microseconds;

int64_t BrakePercent(const Lag& lag, int64_t percent_max) {
  const uint64_t quarter = lag.limit_bytes / 4;
  if (quarter == 0 || lag.pending_bytes <= 2 * quarter) return 0;
  const uint64_t beyond = std::min(lag.pending_bytes - 2 * quarter, quarter);
  const double share = static_cast<double>(beyond) / static_cast<double>(quarter);
  return static_cast<int64_t>(share * static_cast<double>(percent_max));
}

Millis BrakeHold(microseconds gone_on, int64_t percent) {
  const microseconds counted = std::min<microseconds>(gone_on, kBrakeHoldMax);
  const auto hold = std::chrono::floor<Millis>(counted * percent / (100 - percent));
  return std::min(hold, kBrakeHoldMax);
}

WriteBrake::~WriteBrake() { given_.reactor.Cancel(timer_); }

microseconds WriteBrake::Since(MonoTime then) const {
  return std::chrono::duration_cast<microseconds>(given_.reactor.Now() - then);
}

void WriteBrake::Look() {
  const int64_t percent_max = given_.percent_max();
  if (timer_ != 0 || (percent_max == 0 && !on_)) return;
  const Lag lag = given_.lag();
  percent_ = BrakePercent(lag, percent_max);
  if (on_ && (percent_max == 0 || lag.pending_bytes < lag.limit_bytes / 4 || !lag.whose)) {
    return End();
  }
  if (percent_ == 0) return;
  if (!on_) Begin(lag);
  const Millis hold = BrakeHold(Since(free_since_), percent_);
  if (hold == Millis(0)) return;
  timer_ = given_.reactor.After(Millis(0), [this, hold] { Hold(hold); });
}

void WriteBrake::Begin(const Lag& lag) {
  on_ = true;
  free_since_ = given_.reactor.Now();
  log::Warn(
      "replica {}:{} lags by {} bytes, and would be sent away at {}: writes are held back for up "
      "to {} % of the time (redisha-slow-replica-brake-percent)",
      lag.whose->ip(), lag.whose->identity.port, lag.pending_bytes, lag.limit_bytes,
      given_.percent_max());
}

void WriteBrake::Hold(Millis hold) {
  timer_ = given_.reactor.After(hold, [this] { Release(); });
  holding_ = true;
  held_since_ = given_.reactor.Now();
  given_.engine.SetPause(dispatch::PauseReason::kReplicas,
                         {dispatch::Pause::Scope::kWrite, std::numeric_limits<int64_t>::max()});
}

void WriteBrake::Release() {
  timer_ = 0;
  holding_ = false;
  held_ += Since(held_since_);
  free_since_ = given_.reactor.Now();
  given_.engine.EndPause(dispatch::PauseReason::kReplicas);
}

void WriteBrake::End() {
  on_ = false;
  percent_ = 0;
  log::Info("no replica lags so far that writes are held back; they were for {} ms in all",
            held_ms());
}

int64_t WriteBrake::held_ms() const {
  const microseconds now = holding_ ? Since(held_since_) : microseconds(0);
  return std::chrono::floor<Millis>(held_ + now).count();
}

}  // namespace rha::node::repl
