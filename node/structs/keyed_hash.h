// The hash of keys and members: 64 good bits from bytes and a secret.
//
// Each step multiplies two words, both masked by parts of the secret, to 128 bits and folds them
// (the construction of wyhash and rapidhash). The secret is drawn from the kernel, once per
// process; without it nobody can choose keys that collide, short of watching timings. What happens
// if somebody still does is bounded by the table (entry_table.h, "Attack").
//
// Cost: 2 multiplications up to 16 bytes, one more for each further 16.
// Thread rule: any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "common/base/prng.h"
#include "common/base/random_id.h"

namespace rha::node::structs {

struct HashSecret {
  uint64_t words[4];

  // From the kernel, never from a generator whose output anybody sees.
  static HashSecret Fresh() {
    return {{RandomSeed(), RandomSeed(), RandomSeed() | 1, RandomSeed()}};
  }
  // The same each time, for tests.
  static HashSecret FromSeed(uint64_t seed) {
    Prng prng(seed);
    return {{prng.Next(), prng.Next(), prng.Next() | 1, prng.Next()}};
  }
};

namespace internal {

inline uint64_t Load64(const char* bytes) {
  uint64_t word;
  std::memcpy(&word, bytes, sizeof word);
  return word;
}

inline uint64_t Load32(const char* bytes) {
  uint32_t word;
  std::memcpy(&word, bytes, sizeof word);
  return word;
}

inline uint64_t Fold(uint64_t a, uint64_t b) {
  const auto product = static_cast<unsigned __int128>(a) * b;
  return static_cast<uint64_t>(product) ^ static_cast<uint64_t>(product >> 64);
}

}  // namespace internal

inline uint64_t KeyedHash(const HashSecret& secret, std::string_view key) {
  using internal::Fold;
  using internal::Load32;
  using internal::Load64;
  const char* bytes = key.data();
  size_t left = key.size();
  uint64_t state = secret.words[0];
  while (left > 16) {
    state = Fold(Load64(bytes) ^ secret.words[1], Load64(bytes + 8) ^ state);
    bytes += 16;
    left -= 16;
  }
  uint64_t head = 0;
  uint64_t tail = 0;
  if (left >=
      8) {  // the two words overlap unless there are 16 bytes; together they cover all of them
    head = Load64(bytes);
    tail = Load64(bytes + left - 8);
  } else if (left >= 4) {
    head = Load32(bytes);
    tail = Load32(bytes + left - 4);
  } else if (left > 0) {
    head = static_cast<uint64_t>(static_cast<uint8_t>(bytes[0])) << 16 |
           static_cast<uint64_t>(static_cast<uint8_t>(bytes[left / 2])) << 8 |
           static_cast<uint8_t>(bytes[left - 1]);
  }
  const uint64_t mixed = Fold(head ^ secret.words[1], tail ^ state);
  return Fold(mixed ^ secret.words[2], key.size() ^ secret.words[3]);
}

// For the standard's containers of what clients name.
struct KeyedHasher {
  using is_transparent = void;
  HashSecret secret;
  size_t operator()(std::string_view key) const { return KeyedHash(secret, key); }
};

}  // namespace rha::node::structs
