// Where the keys and channels of a command stand among its words, and what it does with them.
//
//   {At(1, kReads)}                                  GET key
//   {Keys(1, -1, kOverwrites, 2)}                    MSET key value [key value ...]
//   {At(1, kOverwrites), Counted(2, kReads)}         ZUNIONSTORE key count key [key ...]
//
// A specification says where the keys begin, how they go on, and how they are used: what COMMAND
// tells clients. Everybody who wants to know the keys of a request walks it by VisitKeys().
// Thread rule: constants and pure functions.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "common/resp/parser.h"

namespace rha::node::dispatch {

// What a command does with a key. One of the first four; then what becomes of the data.
enum KeyUse : uint16_t {
  kKeyRo = 1 << 0,      // reads it
  kKeyRw = 1 << 1,      // reads and changes it
  kKeyOw = 1 << 2,      // gives it a new value, whatever the old one was
  kKeyRm = 1 << 3,      // deletes it
  kKeyAccess = 1 << 4,  // what it holds is returned, copied or compared
  kKeyUpdate = 1 << 5,
  kKeyInsert = 1 << 6,
  kKeyDelete = 1 << 7,
  kKeyNot = 1 << 8,         // it is no key, though placed (in a cluster) like one: a shard channel
  kKeyIncomplete = 1 << 9,  // there may be keys that the specification does not find
  kKeyVariable = 1 << 10,   // options say what is really done with it
  kKeyChannel = 1 << 11,
  kKeyPattern = 1 << 12,  // a pattern of channels

  // What commands usually do.
  kLooksAt = kKeyRo,  // at its length, type or lifetime, but at nothing in it
  kReads = kKeyRo | kKeyAccess,
  kUpdates = kKeyRw | kKeyUpdate,
  kInserts = kKeyRw | kKeyInsert,
  kDeletes = kKeyRw | kKeyDelete,
  kReadsUpdates = kKeyRw | kKeyAccess | kKeyUpdate,
  kReadsInserts = kKeyRw | kKeyAccess | kKeyInsert,
  kTakes = kKeyRw | kKeyAccess | kKeyDelete,
  kRewrites = kKeyRw | kKeyAccess,
  kOverwrites = kKeyOw | kKeyUpdate,
  kCreates = kKeyOw | kKeyInsert,
  kRemoves = kKeyRm | kKeyDelete,
  kChannel = kKeyChannel,
  kShardChannel = kKeyChannel | kKeyNot,
  kChannelPattern = kKeyChannel | kKeyPattern,
};

struct KeySpec {
  enum class Begin : uint8_t {
    kNowhere,     // there is no such specification
    kIndex,       // at `index`; with a `keyword`, unless that word is empty and `keyword` is given
    kKeyword,     // behind `keyword` from `index` on; negative: from `options` on, which
                  // clients are told to find backwards from the end
    kLastOption,  // behind the last `keyword`; COMMAND says "unknown"
    kUnknown,     // only the command's handler knows
  };
  enum class Find : uint8_t {
    kRange,  // up to `last` (relative to the first; negative: from the end), in steps of `step`
    kCount,  // the word where they begin says how many follow, in steps of `step`
  };

  uint16_t use = 0;
  Begin begin = Begin::kNowhere;
  Find find = Find::kRange;
  int8_t index = 0;
  int8_t last = 0;
  int8_t step = 1;
  int8_t share = 1;  // kRange to the end: only the first half (2) of what is left are keys
  const char* keyword = nullptr;
  int8_t options = 0;  // where those begin among which `keyword` is looked for

  // Of no interest to COMMAND: a channel that is not placed like a key.
  constexpr bool hidden() const {
    return begin == Begin::kNowhere || (use & (kKeyChannel | kKeyNot)) == kKeyChannel;
  }
  constexpr bool is_range_at_index() const {
    return begin == Begin::kIndex && find == Find::kRange;
  }
};

// ---- how rows write it
// One word.
constexpr KeySpec At(int8_t index, int use) {
  return {.use = static_cast<uint16_t>(use), .begin = KeySpec::Begin::kIndex, .index = index};
}
// From one word to another, both counted from the command's name; a negative `last` from the end.
constexpr KeySpec Keys(int8_t first, int8_t last, int use, int8_t step = 1) {
  KeySpec spec = At(first, use);
  spec.last = last < 0 ? last : static_cast<int8_t>(last - first);
  spec.step = step;
  return spec;
}
// Their number stands at `index`.
constexpr KeySpec Counted(int8_t index, int use, int8_t step = 1) {
  KeySpec spec = At(index, use);
  spec.find = KeySpec::Find::kCount;
  spec.step = step;
  return spec;
}
// Behind `keyword`, an option from word `from` on (negative: backwards from the end): one word, and
// the last option counts; or behind the first all up to the end, or half of that (XREAD: share 2).
constexpr KeySpec Behind(const char* keyword, int8_t from, int use, int8_t last = 0,
                         int8_t share = 1) {
  return {.use = static_cast<uint16_t>(use),
          .begin = KeySpec::Begin::kKeyword,
          .index = from,
          .last = last,
          .share = share,
          .keyword = keyword};
}
// MIGRATE: one word, or behind `keyword` all up to the end.
constexpr KeySpec AtUnless(int8_t index, const char* keyword, int8_t options, int use) {
  KeySpec spec = At(index, use);
  spec.keyword = keyword;
  spec.options = options;
  return spec;
}
constexpr KeySpec Listed(const char* keyword, int8_t options, int use) {
  KeySpec spec = Behind(keyword, -2, use, -1);
  spec.options = options;
  return spec;
}
// One word behind an option, of which the last one counts.
constexpr KeySpec LastOption(const char* keyword, int use) {
  return {
      .use = static_cast<uint16_t>(use), .begin = KeySpec::Begin::kLastOption, .keyword = keyword};
}
constexpr KeySpec Unknown(int use) {
  return {.use = static_cast<uint16_t>(use), .begin = KeySpec::Begin::kUnknown};
}

struct KeySpecs {
  KeySpec all[3] = {};

  constexpr const KeySpec* begin() const { return all; }
  constexpr const KeySpec* end() const {
    return std::find_if(all, all + 3,
                        [](const KeySpec& s) { return s.begin == KeySpec::Begin::kNowhere; });
  }
};

// Old clients know one range only: the first word, the last (negative: from the end), the step.
struct KeyRange {
  int first = 0;
  int last = 0;
  int step = 0;
};
KeyRange RangeOf(const KeySpecs& specs);

// Words `first`, `first` + `step`, ... before `end`. Not found: the request is not as it should be.
struct KeyWords {
  bool found = true;
  size_t first = 0;
  size_t end = 0;
  size_t step = 1;
};
KeyWords SearchKeyWords(const KeySpec& spec, resp::Args words);
// The ordinary case, a range at an index, is on the way of every command (prefetching).
inline KeyWords FindKeyWords(const KeySpec& spec, resp::Args words) {
  if (!spec.is_range_at_index() || spec.keyword != nullptr) return SearchKeyWords(spec, words);
  const auto first = static_cast<size_t>(spec.index);
  const int64_t end = spec.last < 0 ? static_cast<int64_t>(words.size()) + spec.last + 1
                                    : spec.index + int64_t{spec.last} + 1;
  return {
      .first = first,
      .end = static_cast<size_t>(std::clamp<int64_t>(end, 0, static_cast<int64_t>(words.size()))),
      .step = static_cast<size_t>(spec.step)};
}

// Calls visit(position, use) for each key and channel of a request; visit returns false to end it.
// False: the request does not hold what its specifications say. Allocates nothing.
template <typename Visit>
bool VisitKeys(const KeySpecs& specs, resp::Args words, Visit visit) {
  for (const KeySpec& spec : specs.all) {
    if (spec.begin == KeySpec::Begin::kNowhere) return true;
    const KeyWords keys = FindKeyWords(spec, words);
    if (!keys.found) return false;
    for (size_t at = keys.first; at < keys.end; at += keys.step) {
      if (!visit(at, spec.use)) return true;
    }
  }
  return true;
}

// What is wrong with the keys of a row that has at least so many words; empty: nothing.
constexpr std::string_view KeySpecsFault(const KeySpecs& specs, int least_words, bool movable) {
  for (const KeySpec& spec : specs) {
    const bool needs_search = !spec.is_range_at_index();
    if (needs_search && !movable) return "keys that must be searched for are movable";
    if (spec.begin != KeySpec::Begin::kIndex || (spec.use & kKeyNot) != 0) continue;
    if (spec.index <= 0 || spec.step <= 0) return "bad key range";
    // Of further keys there may be none (PFMERGE).
    const bool may_miss = spec.last < 0 && &spec != specs.begin();
    if (spec.index >= least_words && !may_miss) return "first key may be missing";
    if (spec.last > 0 && spec.index + spec.last >= least_words) return "last key may be missing";
  }
  return "";
}

}  // namespace rha::node::dispatch
