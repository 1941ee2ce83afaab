// A HyperLogLog as Redis keeps it in a string, byte for byte: 16,384 registers of 6 bits.
//
//   "HYLL" | encoding | 3 unused | cached count: 8 bytes, their top bit: out of date | registers
//   dense:  6 bits a register, lowest bits first: 12,288 bytes
//   sparse: runs; 00llllll, 01llllll llllllll: l+1 zeros; 1vvvvvll: l+1 times the value v+1
//
// The bytes may come from anywhere (SET, a file): whatever they say, nothing outside them is read,
// and what is no HyperLogLog is told. Source: Redis 7.0's format; the estimate is Ertl's (2017).
// Thread rule: values. Pure.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "common/base/prng.h"

namespace rha::node::structs {

constexpr size_t kHllRegisters = 1 << 14;
using HllRegisters = std::array<uint8_t, kHllRegisters>;

enum class HllEncoding : uint8_t { kDense = 0, kSparse = 1 };

// An empty one, sparse.
std::string NewHll();
// Header and size are right; none: it is no HyperLogLog. A sparse one may still be corrupt.
std::optional<HllEncoding> HllEncodingOf(std::string_view hll);

enum class HllChange : uint8_t { kNone, kChanged, kCorrupt };
// REQUIRES of all below: HllEncodingOf(hll) says that it is one.
// Turns to the dense form where the sparse one would have more than `sparse_bytes_max` bytes.
HllChange AddToHll(std::string* hll, std::string_view element, size_t sparse_bytes_max);
// True: changed. REQUIRES: it is dense.
bool AddToDenseHll(std::span<char> hll, std::string_view element);
// Raises registers to those of `other`. False: corrupt.
bool RaiseHll(std::string* hll, const HllRegisters& other, size_t sparse_bytes_max);
// False: corrupt.
bool MakeHllDense(std::string* hll);
// Each register becomes the larger of the two. False: corrupt.
bool MergeHll(std::string_view hll, HllRegisters* into);
uint64_t EstimateHll(const HllRegisters& registers);
// The runs as PFDEBUG DECODE shows them, "v:3,1 z:5", also if corrupt. REQUIRES: it is sparse.
std::string DescribeSparseHll(std::string_view hll);

// ---- the count that is kept in the header
std::optional<uint64_t> CachedCount(std::string_view hll);
void CacheCount(std::span<char> hll, uint64_t count);
void ForgetCount(std::span<char> hll);

// Whether both forms keep what they are given, agree, and count as exactly as they should; takes
// some tens of milliseconds. Empty: all is well.
std::string TestHll(Prng& prng, size_t sparse_bytes_max);

}  // namespace rha::node::structs
