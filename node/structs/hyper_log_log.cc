#include "node/structs/hyper_log_log.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>

namespace rha::node::structs {
namespace {

constexpr std::string_view kMagic = "HYLL";
constexpr size_t kEncodingAt = 4, kCountAt = 8, kHeaderBytes = 16;
constexpr uint8_t kOutOfDate = 0x80;
constexpr int kIndexBits = 14, kHashBits = 64 - kIndexBits, kRegisterBits = 6;
constexpr size_t kDenseBytes = kHeaderBytes + kHllRegisters * kRegisterBits / 8;
constexpr uint64_t kSeed = 0xadc83b19;

using Bytes = std::span<char>;

// ---- dense registers

// Eight of them lie in six bytes.
constexpr size_t kGroup = 8, kGroupBytes = kGroup * kRegisterBits / 8;

uint8_t DenseGet(std::string_view hll, size_t index) {
  const size_t bit = index * kRegisterBits, at = kHeaderBytes + bit / 8, shift = bit % 8;
  unsigned both = static_cast<uint8_t>(hll[at]);
  if (at + 1 < hll.size()) both |= static_cast<unsigned>(static_cast<uint8_t>(hll[at + 1])) << 8;
  return both >> shift & 63;
}

void DenseSet(Bytes hll, size_t index, uint8_t value) {
  const size_t bit = index * kRegisterBits, at = kHeaderBytes + bit / 8, shift = bit % 8;
  const unsigned mask = 63u << shift, bits = static_cast<unsigned>(value) << shift;
  const auto change = [&](size_t byte, unsigned cleared, unsigned set) {
    hll[byte] = static_cast<char>((static_cast<uint8_t>(hll[byte]) & ~cleared) | set);
  };
  change(at, mask & 0xff, bits & 0xff);
  if (mask > 0xff) change(at + 1, mask >> 8, bits >> 8);
}

bool RaiseDense(Bytes hll, size_t index, uint8_t value) {
  if (DenseGet({hll.data(), hll.size()}, index) >= value) return false;
  DenseSet(hll, index, value);
  return true;
}

// Eight registers of six bits, one after the other, become one a byte: halves are moved apart until
// each stands alone.
uint64_t Spread(uint64_t bits) {
  bits = (bits & 0x0000000000ffffff) | (bits & 0x0000ffffff000000) << 8;
  bits = (bits & 0x00000fff00000fff) | (bits & 0x00fff00000fff000) << 4;
  return (bits & 0x003f003f003f003f) | (bits & 0x0fc00fc00fc00fc0) << 2;
}

uint64_t Gather(uint64_t bytes) {
  bytes = (bytes & 0x003f003f003f003f) | (bytes & 0x3f003f003f003f00) >> 2;
  bytes = (bytes & 0x00000fff00000fff) | (bytes & 0x0fff00000fff0000) >> 4;
  return (bytes & 0x0000000000ffffff) | (bytes & 0x00ffffff00000000) >> 8;
}

// The larger of each pair of bytes. REQUIRES: none is above 127.
uint64_t LargerBytes(uint64_t a, uint64_t b) {
  const uint64_t a_wins = ((a | 0x8080808080808080) - b) >> 7 & 0x0101010101010101;
  const uint64_t from_a = a_wins * 0xff;
  return (a & from_a) | (b & ~from_a);
}

void MergeDense(std::string_view hll, HllRegisters* into) {
  for (size_t i = 0; i < kHllRegisters / kGroup; ++i) {
    // One load, which begins before the group so as not to end behind the last one.
    uint64_t bits, group;
    constexpr size_t kBefore = sizeof bits - kGroupBytes;
    std::memcpy(&bits, hll.data() + kHeaderBytes + i * kGroupBytes - kBefore, sizeof bits);
    std::memcpy(&group, into->data() + i * kGroup, sizeof group);
    group = LargerBytes(group, Spread(bits >> 8 * kBefore));
    std::memcpy(into->data() + i * kGroup, &group, kGroup);
  }
}

void WriteDense(const HllRegisters& registers, Bytes hll) {
  for (size_t i = 0; i < kHllRegisters / kGroup; ++i) {
    uint64_t group;
    std::memcpy(&group, registers.data() + i * kGroup, kGroup);
    const uint64_t bits = Gather(group);
    std::memcpy(hll.data() + kHeaderBytes + i * kGroupBytes, &bits, kGroupBytes);
  }
}

// ---- sparse runs

constexpr size_t kShortZerosMax = 64, kValueRunMax = 4;
constexpr uint8_t kSparseValueMax = 32;
// Of a sound one: each run holds a register at least.
constexpr size_t kSparseBytesMax = kHeaderBytes + 2 * kHllRegisters;

struct Run {
  uint8_t value = 0;
  size_t length = 0;
  size_t bytes = 0;  // 0: there is none
};

bool IsLongZeros(uint8_t first) { return (first & 0xc0) == 0x40; }

// How long the runs of one byte are, by that byte.
constexpr auto kShortRunLengths = [] {
  std::array<uint8_t, 256> lengths{};
  for (size_t byte = 0; byte < lengths.size(); ++byte) {
    lengths[byte] = static_cast<uint8_t>((byte & (byte < 0x80 ? 63 : 3)) + 1);
  }
  return lengths;
}();

Run RunAt(std::string_view hll, size_t at) {
  if (at >= hll.size()) return {};
  const auto first = static_cast<uint8_t>(hll[at]);
  if (!IsLongZeros(first)) {
    const int value = first < 0x80 ? 0 : (first >> 2 & 31) + 1;
    return {static_cast<uint8_t>(value), kShortRunLengths[first], 1};
  }
  // Where the second byte is cut off, it is zero: as Redis has it, whose strings end so.
  const uint8_t second = at + 1 < hll.size() ? static_cast<uint8_t>(hll[at + 1]) : 0;
  return {0, ((first & 63u) << 8 | second) + 1, 2};
}

char ValueRun(uint8_t value, size_t length) {
  return static_cast<char>(0x80 | (value - 1) << 2 | static_cast<int>(length - 1));
}

void AppendRun(std::string* out, uint8_t value, size_t length) {
  if (length == 0) return;
  if (value > 0) {
    *out += ValueRun(value, length);
  } else if (length <= kShortZerosMax) {
    *out += static_cast<char>(length - 1);
  } else {
    *out += static_cast<char>(0x40 | (length - 1) >> 8);
    *out += static_cast<char>((length - 1) & 0xff);
  }
}

// Calls `use(first register, run)`. False: the runs do not make up all registers exactly.
template <typename Use>
bool ForEachRun(std::string_view hll, Use use) {
  if (hll.size() > kSparseBytesMax) return false;
  size_t first = 0, at = kHeaderBytes;
  while (at < hll.size()) {
    const Run run = RunAt(hll, at);
    if (first + run.length > kHllRegisters) return false;
    use(first, run);
    first += run.length;
    at += run.bytes;
  }
  return first == kHllRegisters;
}

// Between two runs: the next one begins there, with that register.
struct Seam {
  size_t at = kHeaderBytes;
  size_t first = 0;
};

// Puts `*here` before the run that holds the register, and `*before` before the run before that;
// this is the time of PFADD. False: there is no such run.
bool FindRun(std::string_view hll, size_t index, Seam* here, Seam* before) {
  Seam seam = *here, last = *here;
  while (seam.at < hll.size()) {
    const auto byte = static_cast<uint8_t>(hll[seam.at]);
    const bool is_long = IsLongZeros(byte);
    const size_t length = is_long ? RunAt(hll, seam.at).length : kShortRunLengths[byte];
    if (index < seam.first + length) {
      *here = seam;
      *before = last;
      return true;
    }
    last = seam;
    seam = {seam.at + (is_long ? 2 : 1), seam.first + length};
  }
  return false;
}

// Neighbours of one value become one run, among the few that a change at `at` can have made equal.
void JoinRuns(std::string* hll, size_t at) {
  constexpr int kLookedAt = 5;
  for (int i = 0; i < kLookedAt && at < hll->size(); ++i) {
    const Run run = RunAt(*hll, at), next = RunAt(*hll, at + run.bytes);
    const bool join = run.value > 0 && next.bytes == 1 && next.value == run.value &&
                      run.length + next.length <= kValueRunMax;
    if (!join) {
      at += run.bytes;
      continue;
    }
    (*hll)[at + 1] = ValueRun(run.value, run.length + next.length);
    hll->erase(at, 1);
  }
}

// `*from`: a seam not behind the register, where the search begins; afterwards one for the next
// search, unless that is for a register before this one.
HllChange RaiseSparse(std::string* hll, size_t index, uint8_t value, size_t bytes_max, Seam* from) {
  if (hll->size() > kSparseBytesMax) return HllChange::kCorrupt;
  Seam here = *from, before;
  if (!FindRun(*hll, index, &here, &before)) return HllChange::kCorrupt;
  if (here.at == from->at && here.at != kHeaderBytes) {
    // What is before it matters too.
    here = {};
    FindRun(*hll, index, &here, &before);
  }
  *from = before;
  const Run run = RunAt(*hll, here.at);
  if (here.at + run.bytes > hll->size()) return HllChange::kCorrupt;
  if (run.value >= value) return HllChange::kNone;
  std::string runs;
  AppendRun(&runs, run.value, index - here.first);
  AppendRun(&runs, value, 1);
  AppendRun(&runs, run.value, here.first + run.length - 1 - index);
  // A change in place is allowed however long it is.
  const bool longer = runs.size() > run.bytes;
  if (longer && hll->size() + runs.size() - run.bytes > bytes_max) {
    if (!MakeHllDense(hll)) return HllChange::kCorrupt;
    return RaiseDense(*hll, index, value) ? HllChange::kChanged : HllChange::kNone;
  }
  hll->replace(here.at, run.bytes, runs);
  JoinRuns(hll, before.at);
  return HllChange::kChanged;
}

HllChange Raise(std::string* hll, size_t index, uint8_t value, size_t bytes_max, Seam* from) {
  if (*HllEncodingOf(*hll) == HllEncoding::kSparse) {
    if (value <= kSparseValueMax) return RaiseSparse(hll, index, value, bytes_max, from);
    if (!MakeHllDense(hll)) return HllChange::kCorrupt;
  }
  return RaiseDense(*hll, index, value) ? HllChange::kChanged : HllChange::kNone;
}

// MurmurHash64A, as the format demands.
uint64_t HashOf(std::string_view bytes) {
  constexpr uint64_t kMultiplier = 0xc6a4a7935bd1e995ull;
  constexpr int kShift = 47;
  uint64_t hash = kSeed ^ bytes.size() * kMultiplier;
  for (; bytes.size() >= 8; bytes.remove_prefix(8)) {
    uint64_t word;
    std::memcpy(&word, bytes.data(), 8);
    word *= kMultiplier;
    word ^= word >> kShift;
    hash = (hash ^ word * kMultiplier) * kMultiplier;
  }
  if (!bytes.empty()) {
    uint64_t rest = 0;
    std::memcpy(&rest, bytes.data(), bytes.size());
    hash = (hash ^ rest) * kMultiplier;
  }
  hash = (hash ^ hash >> kShift) * kMultiplier;
  return hash ^ hash >> kShift;
}

// The register that an element is about, and what it is at least.
struct Place {
  size_t index;
  uint8_t value;
};

Place PlaceOf(std::string_view element) {
  const uint64_t hash = HashOf(element);
  const uint64_t pattern = hash >> kIndexBits | uint64_t{1} << kHashBits;
  return {hash % kHllRegisters, static_cast<uint8_t>(std::countr_zero(pattern) + 1)};
}

double Sigma(double x) {
  if (x == 1) return std::numeric_limits<double>::infinity();
  double y = 1, z = x, before = 0;
  do {
    x *= x;
    before = z;
    z += x * y;
    y += y;
  } while (before != z);
  return z;
}

double Tau(double x) {
  if (x == 0 || x == 1) return 0;
  double y = 1, z = 1 - x, before = 0;
  do {
    x = std::sqrt(x);
    before = z;
    y *= 0.5;
    z -= std::pow(1 - x, 2) * y;
  } while (before != z);
  return z / 3;
}

}  // namespace

std::string NewHll() {
  std::string hll(kHeaderBytes, '\0');
  hll.replace(0, kMagic.size(), kMagic);
  hll[kEncodingAt] = static_cast<char>(HllEncoding::kSparse);
  AppendRun(&hll, 0, kHllRegisters);
  return hll;
}

std::optional<HllEncoding> HllEncodingOf(std::string_view hll) {
  if (hll.size() < kHeaderBytes || !hll.starts_with(kMagic)) return std::nullopt;
  const auto encoding = static_cast<uint8_t>(hll[kEncodingAt]);
  if (encoding > static_cast<uint8_t>(HllEncoding::kSparse)) return std::nullopt;
  if (encoding == static_cast<uint8_t>(HllEncoding::kDense) && hll.size() != kDenseBytes) {
    return std::nullopt;
  }
  return static_cast<HllEncoding>(encoding);
}

HllChange AddToHll(std::string* hll, std::string_view element, size_t sparse_bytes_max) {
  const auto [index, value] = PlaceOf(element);
  Seam begin;
  const HllChange change = Raise(hll, index, value, sparse_bytes_max, &begin);
  if (change == HllChange::kChanged) ForgetCount(*hll);
  return change;
}

bool AddToDenseHll(std::span<char> hll, std::string_view element) {
  const auto [index, value] = PlaceOf(element);
  const bool changed = RaiseDense(hll, index, value);
  if (changed) ForgetCount(hll);
  return changed;
}

bool RaiseHll(std::string* hll, const HllRegisters& other, size_t sparse_bytes_max) {
  Seam from;
  for (size_t i = 0; i < kHllRegisters; ++i) {
    if (*HllEncodingOf(*hll) == HllEncoding::kDense) {
      HllRegisters registers = other;
      MergeDense(*hll, &registers);
      WriteDense(registers, *hll);
      break;
    }
    if (other[i] == 0) continue;
    if (Raise(hll, i, other[i], sparse_bytes_max, &from) == HllChange::kCorrupt) return false;
  }
  ForgetCount(*hll);
  return true;
}

bool MakeHllDense(std::string* hll) {
  if (*HllEncodingOf(*hll) == HllEncoding::kDense) return true;
  std::string dense(kDenseBytes, '\0');
  dense.replace(0, kHeaderBytes, *hll, 0, kHeaderBytes);
  dense[kEncodingAt] = static_cast<char>(HllEncoding::kDense);
  const bool sound = ForEachRun(*hll, [&](size_t first, const Run& run) {
    if (run.value == 0) return;
    for (size_t i = 0; i < run.length; ++i) DenseSet(dense, first + i, run.value);
  });
  if (sound) *hll = std::move(dense);
  return sound;
}

bool MergeHll(std::string_view hll, HllRegisters* into) {
  if (*HllEncodingOf(hll) == HllEncoding::kDense) {
    MergeDense(hll, into);
    return true;
  }
  return ForEachRun(hll, [&](size_t first, const Run& run) {
    for (size_t i = first; run.value > 0 && i < first + run.length; ++i) {
      (*into)[i] = std::max((*into)[i], run.value);
    }
  });
}

uint64_t EstimateHll(const HllRegisters& registers) {
  constexpr double kAlphaInfinity = 0.721347520444481703680;
  constexpr double kCount = kHllRegisters;
  // Several, since equal registers that follow one another would wait for each other.
  std::array<std::array<int, 64>, 4> histograms{};
  for (size_t i = 0; i < kHllRegisters; i += histograms.size()) {
    for (size_t j = 0; j < histograms.size(); ++j) ++histograms[j][registers[i + j] & 63];
  }
  std::array<int, 64> histogram{};
  for (const auto& each : histograms) {
    for (size_t i = 0; i < each.size(); ++i) histogram[i] += each[i];
  }
  double z = kCount * Tau((kCount - histogram[kHashBits + 1]) / kCount);
  for (size_t i = kHashBits; i >= 1; --i) z = (z + histogram[i]) * 0.5;
  z += kCount * Sigma(histogram[0] / kCount);
  return static_cast<uint64_t>(std::llroundl(kAlphaInfinity * kCount * kCount / z));
}

std::string DescribeSparseHll(std::string_view hll) {
  std::string text;
  for (size_t at = kHeaderBytes; at < hll.size();) {
    const Run run = RunAt(hll, at);
    if (!text.empty()) text += ' ';
    text += run.value > 0 ? fmt::format("v:{},{}", run.value, run.length)
                          : fmt::format("{}:{}", run.bytes == 2 ? 'Z' : 'z', run.length);
    at += run.bytes;
  }
  return text;
}

std::optional<uint64_t> CachedCount(std::string_view hll) {
  if ((static_cast<uint8_t>(hll[kHeaderBytes - 1]) & kOutOfDate) != 0) return std::nullopt;
  uint64_t count = 0;
  for (size_t i = kHeaderBytes; i-- > kCountAt;) count = count << 8 | static_cast<uint8_t>(hll[i]);
  return count;
}

void CacheCount(std::span<char> hll, uint64_t count) {
  for (size_t i = kCountAt; i < kHeaderBytes; ++i, count >>= 8) {
    hll[i] = static_cast<char>(count & 0xff);
  }
}

void ForgetCount(std::span<char> hll) {
  char& last = hll[kHeaderBytes - 1];
  last = static_cast<char>(static_cast<uint8_t>(last) | kOutOfDate);
}

namespace {

std::string FaultOfRegisters(Prng& prng) {
  std::string hll = NewHll();
  MakeHllDense(&hll);
  HllRegisters given{};
  for (int i = 0; i < 1'000'000; ++i) {
    const size_t index = prng.Below(kHllRegisters);
    const auto value = static_cast<uint8_t>(prng.Below(64));
    given[index] = std::max(given[index], value);
    RaiseDense(hll, index, value);
  }
  HllRegisters kept{};
  MergeDense(hll, &kept);
  for (size_t i = 0; i < kHllRegisters; ++i) {
    if (kept[i] == given[i] && DenseGet(hll, i) == given[i]) continue;
    return fmt::format("Register {} should be {} but is {}", i, given[i], kept[i]);
  }
  return "";
}

std::string FaultOfCounts(Prng& prng, size_t sparse_bytes_max) {
  constexpr double kStandardError = 1.04 / 128;
  const uint64_t seed = prng.Next();
  std::string either = NewHll(), dense = NewHll();
  MakeHllDense(&dense);
  for (uint64_t i = 1, looked_at = 1; i <= 1'000'000; ++i) {
    const uint64_t number = i ^ seed;
    const std::string_view element(reinterpret_cast<const char*>(&number), sizeof number);
    AddToHll(&either, element, sparse_bytes_max);
    AddToDenseHll(dense, element);
    if (i != looked_at) continue;
    looked_at *= 10;
    if (i < sparse_bytes_max / 2 && HllEncodingOf(either) != HllEncoding::kSparse) {
      return "sparse encoding not used";
    }
    HllRegisters a{}, b{};
    MergeHll(either, &a);
    MergeHll(dense, &b);
    if (a != b) return "dense/sparse disagree";
    const auto count = static_cast<double>(EstimateHll(a)), real = static_cast<double>(i);
    // Among few, one that meets another is a large error already.
    if (std::abs(count - real) <= std::ceil(6 * kStandardError * real) + 1) continue;
    return fmt::format("Too big error. card:{} abserr:{}", i, std::abs(count - real));
  }
  return "";
}

}  // namespace

std::string TestHll(Prng& prng, size_t sparse_bytes_max) {
  const std::string fault = FaultOfRegisters(prng);
  return fault.empty() ? FaultOfCounts(prng, sparse_bytes_max) : fault;
}

}  // namespace rha::node::structs
