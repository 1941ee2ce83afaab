#include "node/structs/stream_log.h"

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "common/base/prng.h"

namespace rha::node::structs {
namespace {

using Entries = std::map<StreamId, std::vector<std::string>>;

std::vector<std::string> TextsOf(const StreamEntry& entry) {
  std::vector<std::string> texts;
  entry.ForEach([&](std::string_view field, std::string_view value) {
    texts.emplace_back(field);
    texts.emplace_back(value);
  });
  return texts;
}

Entries AllOf(const StreamLog& log) {
  Entries all;
  log.ForRange({}, StreamId::Max(), [&](const StreamEntry& entry) {
    all[entry.id] = TextsOf(entry);
    return true;
  });
  return all;
}

void Append(StreamLog& log, StreamId id, const std::vector<std::string>& texts,
            const StreamLimits& limits = {}) {
  const std::vector<std::string_view> views(texts.begin(), texts.end());
  log.Append(id, views, limits);
}

std::vector<std::string> AnyTexts(Prng& prng) {
  static const std::vector<std::string> kTexts = {"",
                                                  "v",
                                                  "0",
                                                  "-1",
                                                  "127",
                                                  "128",
                                                  "9223372036854775807",
                                                  "-12",
                                                  "007",
                                                  "-0",
                                                  "-9223372036854775808",
                                                  "+1",
                                                  std::string(70, 'x'),
                                                  "255",
                                                  "256",
                                                  "65535",
                                                  "-65536"};
  std::vector<std::string> texts;
  for (size_t pairs = 1 + prng.Below(3); pairs > 0; --pairs) {
    texts.push_back(prng.Chance(0.8) ? "field" + std::to_string(pairs) : kTexts[prng.Below(17)]);
    texts.push_back(kTexts[prng.Below(17)]);
  }
  return texts;
}

TEST(StreamLog, BehavesLikeAMap) {
  for (uint64_t seed = 1; seed <= 4; ++seed) {
    Prng prng(seed);
    StreamLog log;
    Entries model;
    StreamId id{1000, 0};
    const StreamLimits limits{.block_bytes = 300 * seed, .block_entries = 3 * seed * seed};
    for (int step = 0; step < 20000; ++step) {
      if (prng.Chance(0.6) || model.empty()) {
        id = prng.Chance(0.5) ? StreamId{id.ms + 1 + prng.Below(5000), prng.Below(2) * 9}
                              : StreamId{id.ms, id.seq + 1 + prng.Below(200)};
        model[id] = AnyTexts(prng);
        Append(log, id, model[id], limits);
      } else if (prng.Chance(0.97)) {
        const StreamId wanted{1000 + prng.Below(id.ms - 999), prng.Below(3)};
        auto at = model.lower_bound(wanted);
        if (at == model.end()) at = model.begin();
        EXPECT_TRUE(log.Erase(at->first));
        EXPECT_FALSE(log.Contains(at->first));
        model.erase(at);
      } else {
        const size_t kept = model.size() - prng.Below(model.size() / 4 + 1);
        EXPECT_EQ(log.TrimFront({.kept_entries = kept}), model.size() - kept);
        while (model.size() > kept) model.erase(model.begin());
      }
      if (step % 1000 == 0) log.CheckInvariants();
    }
    log.CheckInvariants();
    EXPECT_EQ(log.size(), model.size());
    EXPECT_EQ(AllOf(log), model);
  }
}

TEST(StreamLog, RangesEndWhereTheyShouldInBothDirections) {
  StreamLog log;
  for (uint64_t i = 1; i <= 1000; ++i) Append(log, {i * 10, i % 3}, {"f", std::to_string(i)});
  for (const auto& [first, last] :
       std::vector<std::pair<StreamId, StreamId>>{{{0, 0}, {5, 0}},
                                                  {{10, 1}, {10, 1}},
                                                  {{995, 0}, {2005, 7}},
                                                  {{9990, 0}, StreamId::Max()},
                                                  {{10001, 0}, StreamId::Max()},
                                                  {{50, 0}, {40, 0}}}) {
    std::vector<StreamId> up, down;
    log.ForRange(first, last,
                 [&](const StreamEntry& entry) { return up.push_back(entry.id), true; });
    log.ForRangeDown(first, last,
                     [&](const StreamEntry& entry) { return down.push_back(entry.id), true; });
    std::vector<StreamId> expected;
    for (uint64_t i = 1; i <= 1000; ++i) {
      const StreamId id{i * 10, i % 3};
      if (first <= id && id <= last) expected.push_back(id);
    }
    EXPECT_EQ(up, expected);
    EXPECT_EQ(std::vector<StreamId>(down.rbegin(), down.rend()), expected);
  }
}

TEST(StreamLog, KeepsIdsAtTheirLimits) {
  StreamLog log;
  const std::vector<StreamId> ids = {{0, 1},          {0, UINT64_MAX}, {1, 0}, {UINT64_MAX >> 1, 5},
                                     {UINT64_MAX, 0}, StreamId::Max()};
  for (const StreamId& id : ids) Append(log, id, {"f", "v"});
  log.CheckInvariants();
  for (const StreamId& id : ids) EXPECT_TRUE(log.Contains(id));
  EXPECT_EQ(log.FirstId(), ids.front());
  EXPECT_EQ(log.LastId(), ids.back());
}

TEST(StreamLog, ApproximateTrimmingTakesWholeBlocks) {
  StreamLog log;
  for (uint64_t i = 1; i <= 1000; ++i) Append(log, {i, 0}, {"f", "v"});
  EXPECT_EQ(log.TrimFront({.exact = false, .kept_entries = 555}), 400u);
  EXPECT_EQ(log.TrimFront({.exact = false, .removed_max = 99, .kept_entries = 0}), 0u);
  EXPECT_EQ(log.TrimFront({.exact = false, .kept_from = {555, 0}}), 100u);
  EXPECT_EQ(log.TrimFront({.kept_from = {555, 0}}), 54u);
  EXPECT_EQ(log.FirstId(), (StreamId{555, 0}));
  log.CheckInvariants();
}

TEST(StreamLog, TakesFewBytesForAnEntry) {
  StreamLog log;
  for (uint64_t i = 0; i < 100000; ++i) {
    Append(log, {1700000000000 + i / 3, i % 3}, {"f", "value" + std::to_string(100 + i % 900)});
  }
  const double bytes = static_cast<double>(log.heap_bytes()) / 100000;
  EXPECT_LT(bytes, 16.0);
}

TEST(StreamLog, RefusesBlocksThatOverlap) {
  StreamLog log;
  const std::vector<std::string_view> entry = {"f", "v"};
  const auto block = [&](std::initializer_list<StreamId> ids) {
    StreamBlock made = StreamBlock::Make(*ids.begin(), entry);
    for (const StreamId& id : ids) made.Append(id, entry);
    return made;
  };
  EXPECT_TRUE(log.Adopt(block({{10, 0}, {20, 0}})));
  EXPECT_TRUE(log.Adopt(block({{5, 0}, {9, 0}})));
  for (const auto& ids : std::vector<std::pair<StreamId, StreamId>>{{{10, 0}, {11, 0}},
                                                                    {{15, 0}, {16, 0}},
                                                                    {{20, 0}, {30, 0}},
                                                                    {{1, 0}, {5, 0}},
                                                                    {{1, 0}, {40, 0}},
                                                                    {{7, 0}, {12, 0}}}) {
    StreamBlock refused = block({ids.first, ids.second});
    EXPECT_FALSE(log.Adopt(refused));
    refused.Free();
  }
  log.CheckInvariants();
  EXPECT_EQ(log.size(), 4u);
}

class Seen final : public BlockWatcher {
 public:
  Entries entries;

 private:
  void OnBlock(const StreamBlockView& block) override {
    for (auto at = block.First(); at != block.End(); at = block.Next(at)) {
      EXPECT_TRUE(entries.emplace(block.IdAt(at), TextsOf(block.Get(at))).second);
    }
  }
};

TEST(StreamLog, AWatcherSeesEachBlockOnceAsItWas) {
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    Prng prng(seed);
    StreamLog log;
    uint64_t last = 0;
    const StreamLimits limits{.block_entries = 4};
    for (; last < 500; ++last) Append(log, {last, 1}, {"f", std::to_string(last)}, limits);
    for (int round = 0; round < 3; ++round) {
      const Entries before = AllOf(log);
      Seen seen;
      log.Watch(&seen);
      while (!log.SeeSome(1 + prng.Below(3))) {
        for (int i = 0; i < 5; ++i) {
          const StreamId id{prng.Below(last), 1};
          log.Erase(id);
          Append(log, {last, 1}, {"f", std::to_string(last)}, limits);
          ++last;
        }
        if (prng.Chance(0.1)) log.TrimFront({.kept_entries = log.size() - 3});
      }
      log.Unwatch();
      EXPECT_EQ(seen.entries, before);
      log.CheckInvariants();
    }
  }
}

}  // namespace
}  // namespace rha::node::structs
