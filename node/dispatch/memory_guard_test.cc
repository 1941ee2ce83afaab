// Which memory counts, and for which no key goes.
#include "node/dispatch/memory_guard.h"

#include <gtest/gtest.h>

namespace rha::node::dispatch {
namespace {

using Room = MemoryGuard::Room;

// Ten keys that may go, and a tenth too much memory, however many of them go.
class MemoryGuardTest : public testing::Test {
 protected:
  MemoryGuardTest() {
    keyspace_.set_eviction({.from = keyspace::EvictionPolicy::From::kAll});
    for (int i = 0; i < 10; ++i) {
      keyspace_.db(0).Put("k" + std::to_string(i), "v", keyspace::kNoExpiry,
                          keyspace::events::kSet);
    }
    state_.held = &keyspace_.held();
    state_.memory.Set(110);
    state_.memory_max_bytes = 100;
  }
  size_t keys() const { return keyspace_.db(0).size(); }

  keyspace::Keyspace keyspace_{1, 1};
  NodeState state_;
  SystemClock clock_;
  MemoryGuard guard_{keyspace_, state_, clock_};
};

TEST_F(MemoryGuardTest, KeysGoForWhatIsTooMuch) {
  EXPECT_EQ(guard_.MakeRoom(), Room::kNone);
  EXPECT_EQ(keys(), 0u);
}

TEST_F(MemoryGuardTest, NoKeyGoesForWhatAnImageKeeps) {
  const keyspace::HeldMemory::Share share(&keyspace_.held(), 10);
  EXPECT_EQ(guard_.MakeRoom(), Room::kEnough);
  EXPECT_EQ(keys(), 10u);
}

TEST_F(MemoryGuardTest, NoKeyGoesWhileItIsNotKnownHowMuchAnImageKeeps) {
  keyspace_.held().BeginMeasuring();
  EXPECT_EQ(guard_.MakeRoom(), Room::kFreeing);
  EXPECT_EQ(keys(), 10u);
  keyspace_.held().EndMeasuring();
  EXPECT_EQ(guard_.MakeRoom(), Room::kNone);
  EXPECT_EQ(keys(), 0u);
}

TEST_F(MemoryGuardTest, NoKeyGoesForWhatWaitsForTheDiskOrForReplicas) {
  state_.log_bytes = 5;
  state_.stream_excess_bytes = 5;
  EXPECT_EQ(guard_.MakeRoom(), Room::kEnough);
  EXPECT_EQ(keys(), 10u);
}

class NobodyTold : public keyspace::Observer {
 public:
  void OnEvent(int, keyspace::Event, std::string_view) override {}
  void OnFieldsEnded(int, std::string_view, const std::vector<std::string>&) override {}
  void OnChanged(int, std::string_view, keyspace::Change) override {}
  void OnCleared(int) override {}
  void OnSwapped(int, int) override {}
};

// Somebody who is told of each key that goes, in messages as large as what it gave back.
class Told final : public NobodyTold {
 public:
  Told(NodeState& state, MemoryGuard& guard) : state_(state), guard_(guard) {}
  void OnDeleted(int, std::string_view) override {
    state_.memory.Set(state_.memory.bytes() - 5);
    const MemoryGuard::Telling telling(guard_);
    state_.memory.Set(state_.memory.bytes() + 5);
  }

 private:
  NodeState& state_;
  MemoryGuard& guard_;
};

TEST_F(MemoryGuardTest, NoKeyGoesForWhatOthersAreToldOfThoseThatWent) {
  Told told(state_, guard_);
  keyspace_.set_observer(&told);
  EXPECT_EQ(guard_.MakeRoom(), Room::kEnough);
  EXPECT_EQ(keys(), 8u);
}

TEST_F(MemoryGuardTest, WhatIsGivenBackWhileOthersAreToldCounts) {
  class GivesBack final : public NobodyTold {
   public:
    GivesBack(NodeState& state, MemoryGuard& guard) : state_(state), guard_(guard) {}
    void OnDeleted(int, std::string_view) override {
      const MemoryGuard::Telling telling(guard_);
      state_.memory.Set(state_.memory.bytes() - 5);
    }

   private:
    NodeState& state_;
    MemoryGuard& guard_;
  };
  GivesBack observer(state_, guard_);
  keyspace_.set_observer(&observer);
  EXPECT_EQ(guard_.MakeRoom(), Room::kEnough);
  EXPECT_EQ(keys(), 8u);
}

}  // namespace
}  // namespace rha::node::dispatch
