// What lies beside each key for eviction: when it was used last (age_clock.h) or how often it is
// used (frequency.h), as the policy goes by, and which of the two. A policy may be exchanged for
// one of the other kind at any time: a note of the old kind is read as what it says of the new one,
// until a use or the sweep writes it anew.
//
//   age ──▶ frequency   of a new key that has decayed since the last use
//   frequency ──▶ age   last used when the policy was exchanged
//
// Thread rule: a value, for one moment.
#pragma once

#include <algorithm>
#include <cstdint>

#include "common/base/prng.h"
#include "node/keyspace/age_clock.h"
#include "node/keyspace/eviction.h"
#include "node/keyspace/frequency.h"
#include "node/keyspace/key_use.h"
#include "node/structs/bucket.h"

namespace rha::node::keyspace {

class UseNotes {
 public:
  using Note = structs::AgeNote;

  // Both times in Unix seconds. `exchanged_s`: since when the policy is of this kind.
  UseNotes(const EvictionPolicy& policy, int64_t exchanged_s, int64_t now_s)
      : policy_(policy), exchanged_s_(exchanged_s), now_s_(now_s) {}

  Note Fresh() const { return counts() ? Counted(Frequency::kFirst) : Aged(AgeClock::Now(now_s_)); }
  Note AfterUse(Note note, Prng& prng) const {
    if (!counts()) return Aged(AgeClock::Now(now_s_));
    return Counted(Frequency::AfterUse(CounterOf(note), policy_.lfu_log_factor, prng));
  }
  // The sweep has come by. Of `decay_steps` a note that was an age has had its own.
  Note Swept(Note note, uint8_t decay_steps) const {
    if (!counts()) return Aged(AgeClock::Settled(AgeOf(note), now_s_));
    return Counted(Frequency::Decayed(CounterOf(note), note.kind ? decay_steps : 0));
  }
  Note Loaded(KeyUse use) const {
    if (counts()) return Counted(use.frequency().value_or(Frequency::kFirst));
    return Aged(AgeClock::UsedAt(now_s_ - use.idle_seconds().value_or(0), now_s_));
  }

  // REQUIRES: that is what the policy goes by.
  int64_t IdleSeconds(Note note) const { return AgeClock::IdleSeconds(AgeOf(note), now_s_); }
  uint8_t CounterOf(Note note) const {
    if (note.kind) return note.byte;
    const int64_t idle_min = AgeClock::IdleSeconds(note.byte, now_s_) / 60;
    const int64_t steps = policy_.lfu_decay_minutes > 0 ? idle_min / policy_.lfu_decay_minutes : 0;
    return Frequency::Decayed(Frequency::kFirst,
                              static_cast<uint8_t>(std::min<int64_t>(steps, UINT8_MAX)));
  }

 private:
  static Note Aged(uint8_t byte) { return {byte, false}; }
  static Note Counted(uint8_t byte) { return {byte, true}; }
  bool counts() const { return policy_.counts_uses(); }
  uint8_t AgeOf(Note note) const {
    return note.kind ? AgeClock::UsedAt(exchanged_s_, now_s_) : note.byte;
  }

  const EvictionPolicy& policy_;
  int64_t exchanged_s_, now_s_;
};

}  // namespace rha::node::keyspace
