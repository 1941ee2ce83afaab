#include "node/dispatch/keys.h"

#include "node/dispatch/table.h"
#include "node/structs/decimal.h"

namespace rha::node::dispatch {
namespace {

constexpr KeyWords kMissing{.found = false};

// Where the value of the last such option stands; 0: nowhere. What follows BY, GET and LIMIT (SORT)
// is no option, whatever it is called.
size_t FindLastOption(std::string_view option, resp::Args words) {
  size_t found = 0;
  for (size_t i = 2; i + 1 < words.size(); ++i) {
    if (EqualsIgnoreCase(words[i], option)) {
      found = ++i;
    } else if (EqualsIgnoreCase(words[i], "by") || EqualsIgnoreCase(words[i], "get")) {
      ++i;
    } else if (EqualsIgnoreCase(words[i], "limit")) {
      i += 2;
    }
  }
  return found;
}

// Where the keys begin; 0: nowhere.
size_t FindBegin(const KeySpec& spec, resp::Args words) {
  switch (spec.begin) {
    case KeySpec::Begin::kIndex:
      return static_cast<size_t>(spec.index);
    case KeySpec::Begin::kKeyword: {
      const bool backwards = spec.index < 0;
      const int step = backwards ? -1 : 1;
      const auto size = static_cast<int64_t>(words.size());
      for (int64_t i = backwards ? size + spec.index : spec.index; i > 0 && i + 1 < size;
           i += step) {
        if (EqualsIgnoreCase(words[static_cast<size_t>(i)], spec.keyword)) {
          return static_cast<size_t>(i) + 1;
        }
      }
      return 0;
    }
    case KeySpec::Begin::kLastOption:
      return FindLastOption(spec.keyword, words);
    case KeySpec::Begin::kNowhere:
    case KeySpec::Begin::kUnknown:
      return 0;
  }
  return 0;
}

KeyWords CountedFrom(size_t at, resp::Args words) {
  int64_t count = 0;
  const bool fits = at < words.size() && structs::ParseDecimal(words[at], &count) && count > 0 &&
                    static_cast<uint64_t>(count) < words.size() - at;
  if (!fits) return kMissing;
  return {.first = at + 1, .end = at + 1 + static_cast<size_t>(count)};
}

}  // namespace

KeyWords SearchKeyWords(const KeySpec& spec, resp::Args words) {
  const size_t first = FindBegin(spec, words);
  if (first == 0) return {};  // an option that was not given
  if (spec.find == KeySpec::Find::kCount) return CountedFrom(first, words);
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
