// Time and memory of the containers in node/structs, next to the standard library's.
//
//   ninja -C build/release structs_bench && build/release/bin/structs_bench
//   --benchmark_filter=Bytes     memory only: jemalloc's own count of allocated bytes, for each element
//   --benchmark_filter=Step      the longest single step while a container of ten million grows, shrinks or is freed
#include <benchmark/benchmark.h>
#include <jemalloc/jemalloc.h>

#include <chrono>
#include <cstdio>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "common/base/prng.h"
#include "node/structs/entry_table.h"

namespace {

using namespace rha::node::structs;  // NOLINT: a benchmark of that one folder
using rha::Prng;

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

class Stopwatch {
 public:
  double Micros() const {
    return std::chrono::duration<double, std::micro>(Clock::now() - start_).count();
  }

 private:
  using Clock = std::chrono::steady_clock;
  Clock::time_point start_ = Clock::now();
};

// 16-byte keys, as redis-benchmark and our tools make them.
std::string_view KeyText(uint64_t number, char (&text)[32]) {
  std::snprintf(text, sizeof text, "key:%012llu", static_cast<unsigned long long>(number));
  return {text, 16};
}

// A fixed random sequence of the keys 0..n-1, laid out one behind the other so that reading it costs nothing.
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
  state.SetItemsProcessed(state.iterations() * 16);
  state.counters["ns_per_key"] = benchmark::Counter(
      static_cast<double>(state.iterations()) * 16e-9,
      benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
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
BENCHMARK(BM_KeyMiss)->SIZES;
BENCHMARK(BM_KeySet)->SIZES;
BENCHMARK(BM_KeyEraseInsert)->SIZES;
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

// ---------------------------------------------------------------- the longest step

void BM_KeyStepMax(benchmark::State& state) {
  for (auto _ : state) {
    KeyTable table(kSecret);
    char text[32];
    double insert_us = 0;
    for (int64_t i = 0; i < state.range(0); ++i) {
      const std::string_view key = KeyText(i, text);
      const Entry entry = Entry::Make(key, EntryValue::Bytes(kValue));
      const Stopwatch watch;
      table.Insert(entry, table.Hash(key));
      insert_us = std::max(insert_us, watch.Micros());
    }
    double erase_us = 0;
    for (int64_t i = 0; i < state.range(0) / 2; ++i) {
      const std::string_view key = KeyText(i, text);
      const Stopwatch watch;
      table.Erase(key);
      erase_us = std::max(erase_us, watch.Micros());
    }
    double free_us = 0;
    for (bool done = false; !done;) {
      const Stopwatch watch;
      done = table.FreeSome(1000, [](Entry) {});
      free_us = std::max(free_us, watch.Micros());
    }
    state.counters["insert_max_us"] = insert_us;
    state.counters["erase_max_us"] = erase_us;
    state.counters["free_1000_max_us"] = free_us;
  }
}
BENCHMARK(BM_KeyStepMax)->Arg(10'000'000)->Iterations(1)->Unit(benchmark::kMillisecond);

}  // namespace
