#include "node/dispatch/keys.h"

#include "node/dispatch/table.h"
#include "node/structs/decimal.h"

namespace rha::node::dispatch {
namespace {

constexpr KeyWords kMissing{.found = false};

// How many words an option has behind it; they are no options, whatever they are called (a group
// named STREAMS, a pattern named STORE).
size_t ValuesOf(std::string_view option) {
  struct Row {
    std::string_view option;
    size_t values;
  };
  constexpr Row kRows[] = {{"by", 1},    {"get", 1},       {"limit", 2},  // SORT
                           {"count", 1}, {"block", 1},     {"group", 2},  // XREAD, XREADGROUP
                           {"store", 1}, {"storedist", 1},                // GEORADIUS
                           {"auth", 1},  {"auth2", 2}};                   // MIGRATE
  for (const Row& row : kRows) {
    if (EqualsIgnoreCase(option, row.option)) return row.values;
  }
  return 0;
}

// Where the value of the first or last such option stands, read as its command reads it; words
// before `from` are no such option. 0: nowhere.
size_t FindOption(std::string_view option, resp::Args words, size_t begin, size_t from, bool last) {
  size_t found = 0;
  for (size_t i = begin; i + 1 < words.size() && (last || found == 0); ++i) {
    if (i >= from && EqualsIgnoreCase(words[i], option)) {
      found = ++i;
    } else {
      i += ValuesOf(words[i]);
    }
  }
  return found;
}

// Where the keys begin; 0: nowhere.
size_t FindBegin(const KeySpec& spec, resp::Args words) {
  const auto index = static_cast<size_t>(spec.index);
  const auto options = static_cast<size_t>(spec.options);
  switch (spec.begin) {
    case KeySpec::Begin::kIndex: {
      const bool listed = spec.keyword != nullptr && index < words.size() && words[index].empty() &&
                          FindOption(spec.keyword, words, options, options, false) != 0;
      return listed ? 0 : index;
    }
    case KeySpec::Begin::kKeyword:
      // One key behind an option, of which the last counts (GEORADIUS); no option stands before.
      if (spec.index >= 0 && spec.last == 0) {
        return FindOption(spec.keyword, words, index, index, true);
      }
      if (spec.index >= 0) return FindOption(spec.keyword, words, 1, index, false);
      return FindOption(spec.keyword, words, options, options, false);
    case KeySpec::Begin::kLastOption:
      return FindOption(spec.keyword, words, 2, 2, true);
    case KeySpec::Begin::kNowhere:
    case KeySpec::Begin::kUnknown:
      return 0;
  }
  return 0;
}

KeyWords CountedFrom(size_t at, size_t step, resp::Args words) {
  int64_t count = 0;
  const bool fits = at < words.size() && structs::ParseDecimal(words[at], &count) && count > 0 &&
                    static_cast<uint64_t>(count) <= (words.size() - at - 1) / step;
  if (!fits) return kMissing;
  return {.first = at + 1, .end = at + 1 + static_cast<size_t>(count) * step, .step = step};
}

}  // namespace

KeyWords SearchKeyWords(const KeySpec& spec, resp::Args words) {
  const size_t first = FindBegin(spec, words);
  if (first == 0) return {};  // an option that was not given
  if (spec.find == KeySpec::Find::kCount) {
    return CountedFrom(first, static_cast<size_t>(spec.step), words);
  }
  const auto size = static_cast<int64_t>(words.size());
  int64_t last = static_cast<int64_t>(first) + spec.last;
  if (spec.last < 0) {
    last = spec.share <= 1 ? size + spec.last
                           : static_cast<int64_t>(first) +
                                 (size - static_cast<int64_t>(first)) / spec.share + spec.last;
  }
  const size_t end = static_cast<size_t>(std::clamp<int64_t>(last + 1, 0, size));
  return {.first = first, .end = end, .step = static_cast<size_t>(spec.step)};
}

// As Redis has it: of several specifications those that follow one another are put together.
KeyRange RangeOf(const KeySpecs& specs) {
  const auto alone = specs.begin();
  if (specs.end() - specs.begin() == 1 && alone->is_range_at_index() && !alone->hidden()) {
    return {alone->index, alone->last < 0 ? alone->last : alone->index + alone->last, alone->step};
  }
  KeyRange range;
  for (const KeySpec& spec : specs) {
    if (!spec.is_range_at_index() || spec.hidden() || spec.step != 1) continue;
    if (range.first != 0 && range.last != spec.index - 1) continue;
    if (range.first == 0) range = {spec.index, 0, 1};
    range.last = spec.last < 0 ? spec.last : spec.index + spec.last;
  }
  return range;
}

}  // namespace rha::node::dispatch
