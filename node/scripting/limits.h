// Named limits of scripts. None of them is Redis': there a script may take the server with it.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

namespace rha::node::scripting {

// All that one interpreter may hold at once, garbage included, which Lua lets grow to as much as it
// uses: beyond it a script ends with "not enough memory". An eighth of maxmemory, beside which it
// is, so that no script takes a small pod with it.
constexpr int64_t kLuaBytesMax = int64_t{1} << 30;
constexpr int64_t kLuaBytesLeast = int64_t{64} << 20;
constexpr int64_t LuaBytesMax(int64_t maxmemory) {
  if (maxmemory == 0) return kLuaBytesMax;
  return std::clamp(maxmemory / 8, kLuaBytesLeast, kLuaBytesMax);
}
// One text that a library makes (string.rep, cjson.encode, cmsgpack.pack, struct.pack, load).
constexpr size_t kTextBytesMax = size_t{512} << 20;
// A pattern of string.find and its kin: matching goes one level deeper for each of its items.
constexpr size_t kPatternBytesMax = 4096;
// Elements of one reply: a table that holds itself twice would have no end.
constexpr size_t kReplyItemsMax = size_t{1} << 24;
// How deep the tables of a reply may stand in one another.
constexpr int kReplyDepthMax = 1000;
// How deep what cmsgpack.unpack reads may nest: each level is one of the C stack.
constexpr int kUnpackDepthMax = 1000;
// Instructions between two looks at the clock.
constexpr int kInstructionsBetweenLooks = 100'000;
// The garbage collector goes a step every so many scripts.
constexpr int kScriptsPerCollection = 50;
// Scripts that only EVAL has brought: the one longest unused makes room. SCRIPT LOAD's stay.
constexpr size_t kEvalScriptsMax = 500;

}  // namespace rha::node::scripting
