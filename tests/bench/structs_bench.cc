// Time and memory of the containers in node/structs, next to the standard library's.
//
//   ninja -C build/release structs_bench && build/release/bin/structs_bench
//   --benchmark_filter=Bytes   memory only: jemalloc's own count of allocated bytes per element
//   --benchmark_filter=Step    the longest single step (CPU time of the thread, so neighbours on
//                              the machine do not count) while millions grow, shrink, are freed
#include <benchmark/benchmark.h>
#include <jemalloc/jemalloc.h>
#include <time.h>

#include <algorithm>
#include <cstdio>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "common/base/prng.h"
#include "node/structs/entry_table.h"
#include "node/structs/int_set.h"
#include "node/structs/listpack.h"
#include "node/structs/member_table.h"
#include "node/structs/quick_list.h"
#include "node/structs/sorted_set.h"

namespace rha::node::structs {
namespace {

const HashSecret kSecret = HashSecret::FromSeed(1);

// What this thread holds, in the allocator's classes.
int64_t HeapBytes() {
  static uint64_t* allocated = nullptr;
  static uint64_t* freed = nullptr;
  if (allocated == nullptr) {
    size_t size = sizeof allocated;
    mallctl("thread.allocatedp", &allocated, &size, nullptr, 0);
    mallctl("thread.deallocatedp", &freed, &size, nullptr, 0);
  }
  return static_cast<int64_t>(*allocated - *freed);
}

// CPU time of this thread.
class Stopwatch {
 public:
  double Micros() const { return NowMicros() - start_; }

 private:
  static double NowMicros() {
    timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) * 1e6 + static_cast<double>(now.tv_nsec) / 1e3;
  }
  double start_ = NowMicros();
};

// Seconds for each of the items that one iteration deals with.
benchmark::Counter PerItem(const benchmark::State& state, double items) {
  return {static_cast<double>(state.iterations()) * items,
          benchmark::Counter::kIsRate | benchmark::Counter::kInvert};
}

// Remembers the longest of many steps.
class Longest {
 public:
  template <typename Step>
  void Time(Step&& step) {
    const Stopwatch watch;
    step();
    const double micros = watch.Micros();
    micros_ = std::max(micros_, micros);
    over_500_ += micros > 500 ? 1 : 0;
  }
  double micros() const { return micros_; }
  // How many steps took longer than half a millisecond.
  double over_500() const { return over_500_; }

 private:
  double micros_ = 0;
  double over_500_ = 0;
};

// 16-byte keys, as redis-benchmark and our tools make them.
std::string_view KeyText(uint64_t number, char (&text)[32]) {
  std::snprintf(text, sizeof text, "key:%012llu", static_cast<unsigned long long>(number));
  return {text, 16};
}

// A fixed random sequence of the keys 0..n-1, laid out one behind the other so that reading it
// costs nothing.
class KeyStream {
 public:
  explicit KeyStream(uint64_t n, uint64_t first = 0) : bytes_(kLength * 16, '\0') {
    Prng prng(n);
    char text[32];
    for (size_t i = 0; i < kLength; ++i) {
      KeyText(first + prng.Below(n), text).copy(&bytes_[i * 16], 16);
    }
  }
  std::string_view Next() {
    at_ = (at_ + 16) % bytes_.size();
    return {&bytes_[at_], 16};
  }

 private:
  static constexpr size_t kLength = 1 << 20;
  std::string bytes_;
  size_t at_ = 0;
};

const std::string kValue(64, 'v');

// ---------------------------------------------------------------- keys

std::unique_ptr<KeyTable> MakeTable(uint64_t n, std::string_view value) {
  auto table = std::make_unique<KeyTable>(kSecret);
  char text[32];
  for (uint64_t i = 0; i < n; ++i) {
    const std::string_view key = KeyText(i, text);
    table->Insert(Entry::Make(key, EntryValue::Bytes(value)), table->Hash(key));
  }
  return table;
}

// One table for all benchmarks of a size.
KeyTable& TableOf(uint64_t n) {
  static uint64_t size = 0;
  static std::unique_ptr<KeyTable> table;
  if (size != n) {
    table.reset();
    table = MakeTable(n, kValue);
    size = n;
  }
  return *table;
}

using StdMap = std::unordered_map<std::string, std::string>;

StdMap& StdMapOf(uint64_t n) {
  static uint64_t size = 0;
  static StdMap map;
  if (size != n) {
    map.clear();
    char text[32];
    for (uint64_t i = 0; i < n; ++i) map.emplace(KeyText(i, text), kValue);
    size = n;
  }
  return map;
}

void BM_KeyGet(benchmark::State& state) {
  KeyTable& table = TableOf(state.range(0));
  KeyStream keys(state.range(0));
  for (auto _ : state) {
    Entry* found = table.Find(keys.Next());
    benchmark::DoNotOptimize(found->bytes()[0]);
  }
}

void BM_KeyGetBatch16(benchmark::State& state) {
  KeyTable& table = TableOf(state.range(0));
  KeyStream stream(state.range(0));
  std::string_view keys[16];
  Entry* found[16];
  for (auto _ : state) {
    for (std::string_view& key : keys) key = stream.Next();
    table.FindBatch(keys, found);
    for (Entry* one : found) benchmark::DoNotOptimize(one->bytes()[0]);
  }
  state.counters["per_key"] = PerItem(state, 16);
}

void BM_KeyMiss(benchmark::State& state) {
  KeyTable& table = TableOf(state.range(0));
  KeyStream keys(state.range(0), 1'000'000'000);
  for (auto _ : state) benchmark::DoNotOptimize(table.Find(keys.Next()));
}

void BM_KeySet(benchmark::State& state) {
  KeyTable& table = TableOf(state.range(0));
  KeyStream keys(state.range(0));
  for (auto _ : state) table.SetValue(table.Find(keys.Next()), EntryValue::Bytes(kValue));
}

void BM_KeyEraseInsert(benchmark::State& state) {
  KeyTable& table = TableOf(state.range(0));
  KeyStream keys(state.range(0));
  for (auto _ : state) {
    const std::string_view key = keys.Next();
    const uint64_t hash = table.Hash(key);
    table.Take(table.Find(key, hash), hash).Free();
    table.Insert(Entry::Make(key, EntryValue::Bytes(kValue)), hash);
  }
}

void BM_KeySetBatch16(benchmark::State& state) {
  KeyTable& table = TableOf(state.range(0));
  KeyStream stream(state.range(0));
  std::string_view keys[16];
  Entry* found[16];
  for (auto _ : state) {
    for (std::string_view& key : keys) key = stream.Next();
    table.FindBatch(keys, found);
    for (Entry* one : found) table.SetValue(one, EntryValue::Bytes(kValue));
  }
  state.counters["per_key"] = PerItem(state, 16);
}

// A whole walk with a mark for each entry, as a snapshot makes it; time for each key.
void BM_KeyWalk(benchmark::State& state) {
  KeyTable& table = TableOf(state.range(0));
  bool mark = false;
  size_t bytes = 0;
  for (auto _ : state) {
    mark = !mark;
    uint64_t cursor = 0;
    do {
      cursor = table.Scan(cursor, [&](Entry& entry) {
        bytes += entry.bytes()[0];
        entry.set_mark(mark);
      });
    } while (cursor != 0);
  }
  benchmark::DoNotOptimize(bytes);
  state.counters["per_key"] = PerItem(state, static_cast<double>(state.range(0)));
}

// The handles alone tell which keys have an expiry: what a search for expired keys costs.
void BM_KeyWalkForTimed(benchmark::State& state) {
  KeyTable& table = TableOf(state.range(0));
  size_t timed = 0;
  for (auto _ : state) {
    uint64_t cursor = 0;
    do {
      cursor = table.Scan(cursor, [&](Entry& entry) { timed += entry.is_timed() ? 1 : 0; });
    } while (cursor != 0);
  }
  benchmark::DoNotOptimize(timed);
  state.counters["per_key"] = PerItem(state, static_cast<double>(state.range(0)));
}

// Loading a file: 1 with Reserve() in front.
void BM_KeyLoad(benchmark::State& state) {
  for (auto _ : state) {
    KeyTable table(kSecret);
    if (state.range(1) != 0) table.Reserve(static_cast<size_t>(state.range(0)));
    char text[32];
    for (int64_t i = 0; i < state.range(0); ++i) {
      const std::string_view key = KeyText(i, text);
      table.Insert(Entry::Make(key, EntryValue::Bytes(kValue)), table.Hash(key));
    }
    state.PauseTiming();
    table.Clear();
    state.ResumeTiming();
  }
  state.counters["per_key"] = PerItem(state, static_cast<double>(state.range(0)));
}

void BM_StdMapGet(benchmark::State& state) {
  StdMap& map = StdMapOf(state.range(0));
  KeyStream keys(state.range(0));
  std::string key;
  for (auto _ : state) {
    key = keys.Next();
    benchmark::DoNotOptimize(map.find(key)->second[0]);
  }
}

void BM_StdMapSet(benchmark::State& state) {
  StdMap& map = StdMapOf(state.range(0));
  KeyStream keys(state.range(0));
  std::string key;
  for (auto _ : state) {
    key = keys.Next();
    map.find(key)->second = kValue;
  }
}

#define SIZES Arg(1000)->Arg(100'000)->Arg(1'000'000)->Arg(10'000'000)
BENCHMARK(BM_KeyGet)->SIZES;
BENCHMARK(BM_KeyGetBatch16)->SIZES;
BENCHMARK(BM_KeySetBatch16)->SIZES;
BENCHMARK(BM_KeyMiss)->SIZES;
BENCHMARK(BM_KeySet)->SIZES;
BENCHMARK(BM_KeyEraseInsert)->SIZES;
BENCHMARK(BM_KeyWalk)->SIZES;
BENCHMARK(BM_KeyWalkForTimed)->SIZES;
BENCHMARK(BM_KeyLoad)->Args({1'000'000, 0})->Args({1'000'000, 1})->Unit(benchmark::kMillisecond);
BENCHMARK(BM_StdMapGet)->SIZES;
BENCHMARK(BM_StdMapSet)->SIZES;

// ---------------------------------------------------------------- bytes per key

// range: keys, value bytes, 1 with expiry
void BM_BytesPerKey(benchmark::State& state) {
  for (auto _ : state) {
    const int64_t before = HeapBytes();
    auto table = std::make_unique<KeyTable>(kSecret);
    const std::string value(state.range(1), 'v');
    char text[32];
    double worst = 0;
    for (int64_t i = 0; i < state.range(0); ++i) {
      const std::string_view key = KeyText(i, text);
      const int64_t expire_at = state.range(2) != 0 ? 1'700'000'000'000 + i : kEntryUntimed;
      table->Insert(Entry::Make(key, EntryValue::Bytes(value), expire_at), table->Hash(key));
      if (i >= state.range(0) / 2 && i % 1000 == 0) {
        worst = std::max(worst, static_cast<double>(HeapBytes() - before) / (i + 1));
      }
    }
    const auto n = static_cast<double>(state.range(0));
    state.counters["bytes_per_key"] = static_cast<double>(HeapBytes() - before) / n;
    state.counters["worst"] = worst;
    state.counters["by_own_count"] = static_cast<double>(table->heap_bytes()) / n;
    state.counters["load"] = table->load();
  }
}
BENCHMARK(BM_BytesPerKey)
    ->Args({1'000'000, 8, 0})
    ->Args({1'000'000, 32, 0})
    ->Args({1'100'000, 32, 0})
    ->Args({1'000'000, 128, 0})
    ->Args({1'100'000, 128, 0})
    ->Args({1'000'000, 32, 1})
    ->Args({10'000'000, 32, 0})
    ->Iterations(1)
    ->Unit(benchmark::kMillisecond);

void BM_StdMapBytesPerKey(benchmark::State& state) {
  for (auto _ : state) {
    const int64_t before = HeapBytes();
    StdMap map;
    const std::string value(state.range(1), 'v');
    char text[32];
    for (int64_t i = 0; i < state.range(0); ++i) map.emplace(KeyText(i, text), value);
    state.counters["bytes_per_key"] =
        static_cast<double>(HeapBytes() - before) / static_cast<double>(state.range(0));
  }
}
BENCHMARK(BM_StdMapBytesPerKey)
    ->Args({1'000'000, 32})
    ->Iterations(1)
    ->Unit(benchmark::kMillisecond);

// ---------------------------------------------------------------- collections

std::string MemberText(uint64_t number) {  // 10 bytes
  char text[32];
  std::snprintf(text, sizeof text, "m%09llu", static_cast<unsigned long long>(number));
  return text;
}

double RandomScore(Prng& prng, bool fractional) {
  const auto whole = static_cast<double>(prng.Below(1'000'000));
  return fractional ? whole + static_cast<double>(prng.Below(1000)) / 1000 : whole;
}

// Members of 10 bytes in sets, fields with values of 16 bytes in hashes.
void BM_BytesPerMember(benchmark::State& state) {
  for (auto _ : state) {
    const int64_t before = HeapBytes();
    MemberTable table(kSecret);
    const std::string value(static_cast<size_t>(state.range(1)), 'v');
    for (int64_t i = 0; i < state.range(0); ++i) table.Put(MemberText(i * 7919), value);
    state.counters["bytes"] =
        static_cast<double>(HeapBytes() - before) / static_cast<double>(state.range(0));
  }
}
BENCHMARK(BM_BytesPerMember)
    ->Args({1000, 16})
    ->Args({10'000, 0})
    ->Args({11'000, 0})
    ->Args({13'000, 0})
    ->Args({1'000'000, 0})
    ->Iterations(1)
    ->Unit(benchmark::kMillisecond);

void BM_BytesPerStdSetMember(benchmark::State& state) {
  for (auto _ : state) {
    const int64_t before = HeapBytes();
    std::unordered_set<std::string> set;
    for (int64_t i = 0; i < state.range(0); ++i) set.insert(MemberText(i * 7919));
    state.counters["bytes"] =
        static_cast<double>(HeapBytes() - before) / static_cast<double>(state.range(0));
  }
}
BENCHMARK(BM_BytesPerStdSetMember)->Arg(10'000)->Iterations(1)->Unit(benchmark::kMillisecond);

// range: members, 1 for scores with a fraction
void BM_BytesPerScored(benchmark::State& state) {
  for (auto _ : state) {
    const int64_t before = HeapBytes();
    SortedSet set(kSecret);
    Prng prng(1);
    for (int64_t i = 0; i < state.range(0); ++i) {
      set.Put(MemberText(i), RandomScore(prng, state.range(1) != 0));
    }
    const auto n = static_cast<double>(state.range(0));
    state.counters["bytes"] = static_cast<double>(HeapBytes() - before) / n;
    state.counters["tree"] = static_cast<double>(set.order().heap_bytes()) / n;
  }
}
BENCHMARK(BM_BytesPerScored)
    ->Args({10'000, 0})
    ->Args({10'000, 1})
    ->Args({1'000'000, 1})
    ->Iterations(1)
    ->Unit(benchmark::kMillisecond);

void BM_BytesPerListElement(benchmark::State& state) {
  for (auto _ : state) {
    const int64_t before = HeapBytes();
    QuickList list;
    const std::string text(16, 'e');
    for (int64_t i = 0; i < state.range(0); ++i) list.PushBack(text);
    state.counters["bytes"] =
        static_cast<double>(HeapBytes() - before) / static_cast<double>(state.range(0));
  }
}
BENCHMARK(BM_BytesPerListElement)
    ->Arg(100)
    ->Arg(100'000)
    ->Iterations(1)
    ->Unit(benchmark::kMillisecond);

std::vector<std::string> RandomMembers(uint64_t n) {
  Prng prng(n);
  std::vector<std::string> members(1 << 16);
  for (std::string& member : members) member = MemberText(prng.Below(n));
  return members;
}

void BM_MemberContains(benchmark::State& state) {
  MemberTable table(kSecret);
  for (int64_t i = 0; i < state.range(0); ++i) table.Add(MemberText(i));
  const std::vector<std::string> members = RandomMembers(state.range(0));
  size_t at = 0;
  for (auto _ : state) {
    benchmark::DoNotOptimize(table.Contains(members[at++ % members.size()]));
  }
}
BENCHMARK(BM_MemberContains)->Arg(1000)->Arg(100'000)->Arg(1'000'000);

void BM_StdSetContains(benchmark::State& state) {
  std::unordered_set<std::string> set;
  for (int64_t i = 0; i < state.range(0); ++i) set.insert(MemberText(i));
  const std::vector<std::string> members = RandomMembers(state.range(0));
  size_t at = 0;
  for (auto _ : state) {
    benchmark::DoNotOptimize(set.contains(members[at++ % members.size()]));
  }
}
BENCHMARK(BM_StdSetContains)->Arg(1000)->Arg(100'000)->Arg(1'000'000);

void BM_ScorePut(benchmark::State& state) {
  SortedSet set(kSecret);
  Prng prng(1);
  for (int64_t i = 0; i < state.range(0); ++i) set.Put(MemberText(i), RandomScore(prng, true));
  const std::vector<std::string> members = RandomMembers(state.range(0));
  size_t at = 0;
  for (auto _ : state) set.Put(members[at++ % members.size()], RandomScore(prng, true));
}
BENCHMARK(BM_ScorePut)->Arg(1000)->Arg(10'000)->Arg(1'000'000);

void BM_StdScorePut(benchmark::State& state) {
  std::set<std::pair<double, std::string>> order;
  std::unordered_map<std::string, double> scores;
  Prng prng(1);
  for (int64_t i = 0; i < state.range(0); ++i) {
    const double score = RandomScore(prng, true);
    order.emplace(score, MemberText(i));
    scores[MemberText(i)] = score;
  }
  const std::vector<std::string> members = RandomMembers(state.range(0));
  size_t at = 0;
  for (auto _ : state) {
    const std::string& member = members[at++ % members.size()];
    double& score = scores[member];
    order.erase({score, member});
    score = RandomScore(prng, true);
    order.emplace(score, member);
  }
}
BENCHMARK(BM_StdScorePut)->Arg(1000)->Arg(10'000)->Arg(1'000'000);

void BM_ScoreRange10(benchmark::State& state) {
  SortedSet set(kSecret);
  Prng prng(1);
  for (int64_t i = 0; i < state.range(0); ++i) set.Put(MemberText(i), RandomScore(prng, true));
  for (auto _ : state) {
    auto at = set.order().At(prng.Below(state.range(0) - 10));
    for (int i = 0; i < 10; ++i, ++at) benchmark::DoNotOptimize((*at).key()[0]);
  }
}
BENCHMARK(BM_ScoreRange10)->Arg(1000)->Arg(10'000)->Arg(1'000'000);

void BM_ScoreRank(benchmark::State& state) {
  SortedSet set(kSecret);
  Prng prng(1);
  for (int64_t i = 0; i < state.range(0); ++i) set.Put(MemberText(i), RandomScore(prng, true));
  const std::vector<std::string> members = RandomMembers(state.range(0));
  size_t at = 0;
  for (auto _ : state) benchmark::DoNotOptimize(set.Rank(members[at++ % members.size()]));
}
BENCHMARK(BM_ScoreRank)->Arg(1000)->Arg(10'000)->Arg(1'000'000);

void BM_ListPushPop(benchmark::State& state) {
  QuickList list;
  const std::string text(16, 'e');
  for (int64_t i = 0; i < state.range(0); ++i) list.PushBack(text);
  for (auto _ : state) {
    list.PushFront(text);
    list.Erase(list.Last());
  }
}
BENCHMARK(BM_ListPushPop)->Arg(100)->Arg(1'000'000);

void BM_ListIndex(benchmark::State& state) {
  QuickList list;
  Prng prng(1);
  for (int64_t i = 0; i < state.range(0); ++i) list.PushBack("element");
  for (auto _ : state) {
    benchmark::DoNotOptimize(list.Get(list.Seek(static_cast<int64_t>(prng.Below(list.size())))));
  }
}
BENCHMARK(BM_ListIndex)->Arg(100)->Arg(1'000'000);

void BM_ListpackFindIn128Pairs(benchmark::State& state) {
  Listpack list;
  for (uint64_t i = 0; i < 128; ++i) {
    list.Append(MemberText(i));
    list.Append("value-of-16-byte");
  }
  Prng prng(1);
  const std::vector<std::string> members = RandomMembers(128);
  size_t at = 0;
  for (auto _ : state) {
    benchmark::DoNotOptimize(list.Find(list.First(), members[at++ % members.size()], 2));
  }
}
BENCHMARK(BM_ListpackFindIn128Pairs);

void BM_ListpackValidate8k(benchmark::State& state) {
  Listpack list;
  while (list.bytes_size() < 8100) list.Append("element-of-16-by");
  for (auto _ : state) benchmark::DoNotOptimize(ListpackView::Validate(list.bytes()).ok());
  state.SetBytesProcessed(state.iterations() * static_cast<int64_t>(list.bytes_size()));
}
BENCHMARK(BM_ListpackValidate8k);

void BM_IntSetContains512(benchmark::State& state) {
  IntSet set;
  Prng prng(1);
  while (set.size() < 512) set.Insert(static_cast<int64_t>(prng.Below(100'000)));
  for (auto _ : state) {
    benchmark::DoNotOptimize(set.Contains(static_cast<int64_t>(prng.Below(100'000))));
  }
}
BENCHMARK(BM_IntSetContains512);

// ---------------------------------------------------------------- the longest step

void BM_KeyStepMax(benchmark::State& state) {
  for (auto _ : state) {
    KeyTable table(kSecret);
    char text[32];
    Longest insert, erase, release, scan;
    for (int64_t i = 0; i < state.range(0); ++i) {
      const std::string_view key = KeyText(i, text);
      const Entry entry = Entry::Make(key, EntryValue::Bytes(kValue));
      insert.Time([&] { table.Insert(entry, table.Hash(key)); });
    }
    for (uint64_t cursor = 1; cursor != 0;) {
      scan.Time([&] { cursor = table.Scan(cursor == 1 ? 0 : cursor, [](Entry&) {}); });
    }
    for (int64_t i = 0; i < state.range(0) / 2; ++i) {
      const std::string_view key = KeyText(i, text);
      erase.Time([&] { table.Erase(key); });
    }
    for (bool done = false; !done;) {
      release.Time([&] { done = table.FreeSome(1000, [](Entry) {}); });
    }
    state.counters["insert_max_us"] = insert.micros();
    state.counters["inserts_over_500_us"] = insert.over_500();
    state.counters["scan_max_us"] = scan.micros();
    state.counters["erase_max_us"] = erase.micros();
    state.counters["free_1000_max_us"] = release.micros();
  }
}
BENCHMARK(BM_KeyStepMax)->Arg(10'000'000)->Iterations(1)->Unit(benchmark::kMillisecond);

void BM_ScoreStepMax(benchmark::State& state) {
  for (auto _ : state) {
    SortedSet set(kSecret);
    Prng prng(1);
    Longest put, release;
    for (int64_t i = 0; i < state.range(0); ++i) {
      const std::string member = MemberText(i);
      const double score = RandomScore(prng, true);
      put.Time([&] { set.Put(member, score); });
    }
    for (bool done = false; !done;) release.Time([&] { done = set.FreeSome(1000); });
    state.counters["put_max_us"] = put.micros();
    state.counters["puts_over_500_us"] = put.over_500();
    state.counters["free_1000_max_us"] = release.micros();
  }
}
BENCHMARK(BM_ScoreStepMax)->Arg(10'000'000)->Iterations(1)->Unit(benchmark::kMillisecond);

void BM_ListStepMax(benchmark::State& state) {
  for (auto _ : state) {
    QuickList list;
    Prng prng(1);
    Longest push, insert, release;
    for (int64_t i = 0; i < state.range(0); ++i)
      push.Time([&] { list.PushBack("element-of-16-by"); });
    for (int i = 0; i < 1000; ++i) {
      const auto index = static_cast<int64_t>(prng.Below(list.size()));
      insert.Time([&] { list.InsertBefore(list.Seek(index), "x"); });
    }
    for (bool done = false; !done;) release.Time([&] { done = list.FreeSome(100); });
    state.counters["push_max_us"] = push.micros();
    state.counters["pushes_over_500_us"] = push.over_500();
    state.counters["insert_max_us"] = insert.micros();
    state.counters["free_100_nodes_max_us"] = release.micros();
  }
}
BENCHMARK(BM_ListStepMax)->Arg(10'000'000)->Iterations(1)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace rha::node::structs
