// One collection in each encoding that Redis 2.x to 7.0 wrote, built byte by byte: for tests and as
// the corpus of the fuzzer.
#pragma once

#include <bit>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include "node/codec/endian.h"
#include "node/codec/rdb_format.h"
#include "node/structs/decimal.h"
#include "node/structs/int_set.h"
#include "node/structs/listpack.h"

namespace rha::node::codec::testing {

using Texts = std::vector<std::string>;

inline std::string Little(uint64_t value, size_t bytes) {
  std::string out(bytes, '\0');
  StoreLittle(out.data(), value, bytes);
  return out;
}

inline std::string Length(uint64_t length) {
  std::string out(5, '\0');
  out[0] = static_cast<char>(kLength32);
  StoreBig(out.data() + 1, length, 4);
  return length < 64 ? std::string(1, static_cast<char>(length)) : out;
}

inline std::string String(std::string_view text) { return Length(text.size()) + std::string(text); }

inline std::string ZiplistInteger(int64_t value) {
  const auto with = [&](uint8_t head, size_t bytes) {
    return static_cast<char>(head) + Little(static_cast<uint64_t>(value), bytes);
  };
  if (value >= 0 && value <= 12) return with(static_cast<uint8_t>(0xf1 + value), 0);
  if (value == static_cast<int8_t>(value)) return with(0xfe, 1);
  if (value == static_cast<int16_t>(value)) return with(0xc0, 2);
  if (value >= -(1 << 23) && value < 1 << 23) return with(0xf0, 3);
  if (value == static_cast<int32_t>(value)) return with(0xd0, 4);
  return with(0xe0, 8);
}

inline std::string Ziplist(const Texts& texts) {
  std::string entries, previous;
  size_t last = 10;
  for (const std::string& text : texts) {
    std::string entry =
        previous.size() < 254 ? Little(previous.size(), 1) : '\xfe' + Little(previous.size(), 4);
    int64_t integer = 0;
    std::string head(5, '\x80');
    if (structs::ParseDecimal(text, &integer)) {
      entry += ZiplistInteger(integer);
    } else if (text.size() < 64) {
      entry += Little(text.size(), 1) + text;
    } else if (text.size() < 16384) {
      StoreBig(head.data(), text.size() | 0x4000, 2);
      entry += head.substr(0, 2) + text;
    } else {
      StoreBig(head.data() + 1, text.size(), 4);
      entry += head + text;
    }
    last = 10 + entries.size();
    entries += entry;
    previous = entry;
  }
  return Little(entries.size() + 11, 4) + Little(last, 4) + Little(texts.size(), 2) + entries +
         '\xff';
}

// Fields and values in turn; every value leaves two bytes unused.
inline std::string Zipmap(const Texts& texts) {
  std::string out = Little(texts.size() / 2, 1);
  for (size_t i = 0; i < texts.size(); ++i) {
    out += texts[i].size() < 254 ? Little(texts[i].size(), 1) : '\xfe' + Little(texts[i].size(), 4);
    out += i % 2 == 0 ? texts[i] : '\x02' + texts[i] + "??";
  }
  return out + '\xff';
}

inline std::string Listpack(const Texts& texts) {
  structs::ListpackWriter writer;
  writer.Begin();
  for (const std::string& text : texts) writer.Append(text);
  return std::string(writer.Finish());
}

inline std::string Intset(const std::vector<int64_t>& ascending, size_t width) {
  std::string out = Little(width, 4) + Little(ascending.size(), 4);
  for (const int64_t value : ascending) out += Little(static_cast<uint64_t>(value), width);
  return out;
}

struct Sample {
  RdbType type;
  std::string value;  // the bytes behind the key
  Texts content;      // elements; fields and values; members and scores. Sets: ascending
};

inline std::vector<Sample> Samples() {
  const std::string text_score = std::string("\x04") + "-1.5";
  const auto infinite = std::bit_cast<uint64_t>(std::numeric_limits<double>::infinity());
  const auto half = std::bit_cast<uint64_t>(0.5);
  const Texts list = {"0",
                      "12",
                      "13",
                      "-1",
                      "127",
                      "-128",
                      "32767",
                      "-",
                      "-8388608",
                      "2147483647",
                      "-99999999",
                      "4294967296",
                      "",
                      "007",
                      "-9223372036854775808",
                      std::string(63, 'a'),
                      std::string(300, 'b'),
                      std::string(17000, 'c')};
  const Texts hash = {"f", "v", "1", "-4097", "", std::string(70, 'x'), std::string(260, 'k'), "7"};
  const Texts zset = {"low", "-inf", "a", "-1.5", "b", "-1.5", "5", "3", "top", "1e+300"};
  const Texts tail = {"x", std::string(9000, 'y'), "z"};
  Texts nodes = list;
  nodes.insert(nodes.end(), tail.begin(), tail.end());
  Texts plain = nodes;
  plain.push_back(std::string(20000, 'p'));
  return {
      {kTypeList, Length(2) + String("x") + std::string("\xc0\xfb"), {"x", "-5"}},
      {kTypeSet,
       Length(3) + String("a") + String("") + std::string("\xc1\x10\x27"),
       {"", "10000", "a"}},
      {kTypeSet, Length(2) + String("9") + std::string("\xc0\x07"), {"7", "9"}},
      {kTypeZset,
       Length(3) + String("a") + '\xff' + String("b") + text_score + String("c") + '\xfe',
       {"a", "-inf", "b", "-1.5", "c", "inf"}},
      {kTypeZset2,
       Length(2) + String("z") + Little(infinite, 8) + String("m") + Little(half, 8),
       {"m", "0.5", "z", "inf"}},
      {kTypeHash,
       Length(2) + String("f") + String("v") + String("") + String(std::string(100, 'x')),
       {"", std::string(100, 'x'), "f", "v"}},
      {kTypeHashZipmap, String(Zipmap(hash)), hash},
      {kTypeHashZiplist, String(Ziplist(hash)), hash},
      {kTypeHashListpack, String(Listpack(hash)), hash},
      {kTypeZsetZiplist, String(Ziplist(zset)), zset},
      {kTypeZsetListpack, String(Listpack(zset)), zset},
      {kTypeSetIntset, String(Intset({-300, 5, 32767}, 2)), {"-300", "32767", "5"}},
      {kTypeSetIntset, String(Intset({-70000, 1}, 4)), {"-70000", "1"}},
      {kTypeSetIntset,
       String(Intset({INT64_MIN, 0, INT64_MAX}, 8)),
       {"-9223372036854775808", "0", "9223372036854775807"}},
      {kTypeSetListpack, String(Listpack({"5", "a"})), {"5", "a"}},
      {kTypeListZiplist, String(Ziplist(list)), list},
      {kTypeListQuicklist,
       Length(3) + String(Ziplist(list)) + String(Ziplist({})) + String(Ziplist(tail)), nodes},
      {kTypeListQuicklist2,
       Length(4) + Length(kNodePacked) + String(Listpack(list)) + Length(kNodePacked) +
           String(Listpack({})) + Length(kNodePacked) + String(Listpack(tail)) +
           Length(kNodePlain) + String(plain.back()),
       plain},
  };
}

inline std::string StreamId(uint64_t ms, uint64_t seq) {
  std::string out(16, '\0');
  StoreBig(out.data(), ms, 8);
  StoreBig(out.data() + 8, seq, 8);
  return out;
}

// A stream of two entries, 5-0 and 6-1, with a group in which 5-0 is pending for alice; or one with
// something wrong.
struct StreamParts {
  uint64_t nodes = 1;  // each the same
  uint64_t entries = 2;
  std::string second_ms = "1";
  std::vector<uint64_t> claimed = {1, 0};  // how often 5-0 is pending for alice, and for bob

  std::string Value(RdbType type) const {
    const std::string node = String(StreamId(5, 0)) +
                             String(Listpack({"2", "0", "1", "f", "0",             // the node
                                              "2", "0", "0", "v", "4",             // 5-0 f v
                                              "0", second_ms, "1", "2", "a", "1",  // 6-1 a 1 b 2
                                              "b", "2", "8"}));
    std::string out = Length(nodes);
    for (uint64_t i = 0; i < nodes; ++i) out += node;
    const std::string now = Little(1'700'000'000'000, 8);
    out += Length(entries) + Length(9) + Length(0);
    if (type != kTypeStream) {
      out += Length(5) + Length(0) + Length(4) + Length(0) + Length(7);
    }
    out += Length(1) + String("g") + Length(6) + Length(1);
    if (type != kTypeStream) out += Length(7);
    out += Length(1) + StreamId(5, 0) + now + Length(3);
    out += Length(2);
    for (size_t i = 0; i < 2; ++i) {
      out += String(i == 0 ? "alice" : "bob") + now;
      if (type == kTypeStream3) out += now;
      out += Length(claimed[i]);
      for (uint64_t n = 0; n < claimed[i]; ++n) out += StreamId(5, 0);
    }
    return out;
  }
};

inline std::vector<Sample> StreamSamples() {
  std::vector<Sample> samples;
  for (const RdbType type : {kTypeStream, kTypeStream2, kTypeStream3}) {
    samples.push_back({type, StreamParts{}.Value(type), {}});
    samples.push_back({type, StreamParts{.claimed = {1, 1}}.Value(type), {}});
  }
  return samples;
}

// A whole file of one key, its checksum switched off.
inline std::string FileOf(RdbType type, std::string_view value, std::string_view key = "key") {
  return "REDIS0010\xFE" + std::string(1, '\0') + static_cast<char>(type) + String(key) +
         std::string(value) + '\xFF' + std::string(8, '\0');
}

}  // namespace rha::node::codec::testing
