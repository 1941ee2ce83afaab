// SORT and SORT_RO: the elements of a list, set or sorted set, in order.
#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstdlib>
#include <optional>
#include <string>
#include <vector>

#include "node/commands/families.h"
#include "node/commands/store.h"
#include "node/dispatch/permissions.h"
#include "node/types/hash.h"
#include "node/types/list.h"
#include "node/types/set.h"
#include "node/types/zset.h"

namespace rha::node::commands {
namespace {

using keyspace::Edit;
using keyspace::Item;
using keyspace::Type;
using types::Direction;
namespace events = keyspace::events;

struct Request {
  bool sorted = true;  // false: BY a pattern that is the same for all
  bool descending = false;
  bool alpha = false;
  int64_t skipped = 0;
  int64_t count = -1;  // negative: all
  std::optional<std::string_view> by;
  std::vector<std::string_view> gets;
  std::optional<std::string_view> store;
};

struct Element {
  std::string text;
  double score = 0;
};
using Elements = std::vector<Element>;

enum class Access : uint8_t { kReadOnly, kMayStore };

// BY and GET lead to any key. False: the error is written.
bool MayFollow(Context& ctx, bool may_read_every_key, std::string_view option) {
  if (may_read_every_key) return true;
  ctx.reply.Error("ERR " + std::string(option) +
                  " option of SORT denied due to insufficient ACL permissions.");
  return false;
}

bool ParseRequest(Context& ctx, Access access, Request* request) {
  const bool may_read_every_key =
      ctx.permissions().MayReadEveryKey(ctx.session, ctx.spec, ctx.args);
  for (size_t i = 2; i < ctx.argc(); ++i) {
    const std::string_view option = ctx.arg(i);
    const size_t left = ctx.argc() - i - 1;
    if (EqualsIgnoreCase(option, "asc")) {
      request->descending = false;
    } else if (EqualsIgnoreCase(option, "desc")) {
      request->descending = true;
    } else if (EqualsIgnoreCase(option, "alpha")) {
      request->alpha = true;
    } else if (EqualsIgnoreCase(option, "limit") && left >= 2) {
      if (!ParseInteger(ctx, ctx.arg(++i), &request->skipped)) return false;
      if (!ParseInteger(ctx, ctx.arg(++i), &request->count)) return false;
    } else if (EqualsIgnoreCase(option, "store") && left >= 1 && access == Access::kMayStore) {
      request->store = ctx.arg(++i);
    } else if (EqualsIgnoreCase(option, "by") && left >= 1) {
      request->by = ctx.arg(++i);
      if (request->by->find('*') == std::string_view::npos) {
        request->sorted = false;
      } else if (!MayFollow(ctx, may_read_every_key, "BY")) {
        return false;
      }
    } else if (EqualsIgnoreCase(option, "get") && left >= 1) {
      if (!MayFollow(ctx, may_read_every_key, "GET")) return false;
      request->gets.push_back(ctx.arg(++i));
    } else {
      return ctx.SyntaxError(), false;
    }
  }
  return true;
}

// What the pattern leads to with the element in the place of '*': a string, or with "->field"
// behind it a field of a hash; "#" is the element itself.
std::optional<std::string> Follow(Context& ctx, std::string_view pattern,
                                  std::string_view element) {
  constexpr std::string_view kArrow = "->";
  if (pattern == "#") return std::string(element);
  const size_t star = pattern.find('*');
  if (star == std::string_view::npos) return std::nullopt;
  std::string_view rest = pattern.substr(star + 1), field;
  if (const size_t arrow = rest.find(kArrow);
      arrow != std::string_view::npos && arrow + kArrow.size() < rest.size()) {
    field = rest.substr(arrow + kArrow.size());
    rest = rest.substr(0, arrow);
  }
  std::string key(pattern.substr(0, star));
  key.append(element).append(rest);
  const Item item = ctx.db().Read(key);
  if (!item) return std::nullopt;
  if (field.empty()) {
    if (item.type() != Type::kString) return std::nullopt;
    return item.As<types::StringView>().ToString();
  }
  if (item.type() != Type::kHash) return std::nullopt;
  const auto value = item.As<types::HashView>().Find(field);
  return value ? std::optional<std::string>(*value) : std::nullopt;
}

// LIMIT, within what is there.
struct Window {
  size_t first = 0;
  size_t count = 0;
};
Window WindowOf(const Request& request, size_t size) {
  const size_t first = std::min(static_cast<size_t>(std::max<int64_t>(request.skipped, 0)), size);
  const size_t rest = size - first;
  return {first, request.count < 0 ? rest : std::min(static_cast<size_t>(request.count), rest)};
}

// All elements; or, when they stay in the order of their list or sorted set, those of the window
// alone.
Elements Load(const Item& item, const Request& request) {
  Elements elements;
  const auto add = [&](std::string_view text, auto...) { elements.push_back({std::string(text)}); };
  if (!item) return elements;
  const bool down = request.descending && !request.sorted;
  if (item.type() == Type::kSet) {
    const auto set = item.As<types::SetView>();
    elements.reserve(set.size());
    set.ForEach(add);
  } else if (item.type() == Type::kList) {
    const auto list = item.As<types::ListView>();
    const Window window = request.sorted ? Window{0, list.size()} : WindowOf(request, list.size());
    elements.reserve(window.count);
    list.ForRange(down ? list.size() - 1 - window.first : window.first, window.count,
                  down ? types::ListEnd::kBack : types::ListEnd::kFront, add);
  } else {
    const auto zset = item.As<types::ZsetView>();
    const size_t size = zset.size();
    const Window window = request.sorted ? Window{0, size} : WindowOf(request, size);
    elements.reserve(window.count);
    zset.ForRange({down ? size - window.first - window.count : window.first, window.count},
                  down ? Direction::kDown : Direction::kUp, add);
  }
  return elements;
}

constexpr int64_t kExactMax = int64_t{1} << 53;  // up to here every integer is a double

bool ParseScore(const std::string& text, double* score) {
  int64_t number = 0;
  if (structs::ParseDecimal(text, &number) && number <= kExactMax && number >= -kExactMax) {
    *score = static_cast<double>(number);
    return true;
  }
  char* end = nullptr;
  errno = 0;
  *score = std::strtod(text.c_str(), &end);
  return *end == '\0' && errno != ERANGE && !std::isnan(*score);
}

// The values that BY leads to, one for each element; none without BY.
using Weights = std::vector<std::optional<std::string>>;

// False: a number was expected and there is none.
bool Weigh(Context& ctx, const Request& request, Elements& elements, Weights& weights) {
  bool valid = true;
  if (request.by) weights.reserve(elements.size());
  for (Element& element : elements) {
    if (request.by) weights.push_back(Follow(ctx, *request.by, element.text));
    if (request.alpha || (request.by && !weights.back())) continue;
    valid &= ParseScore(request.by ? *weights.back() : element.text, &element.score);
  }
  return valid;
}

// What is sorted: small, and most comparisons need no more.
struct Place {
  double score;
  size_t index;  // of the element
};

// Of texts or of the values that BY has led to: below, at or above zero.
int CompareTexts(const Request& request, const Elements& elements, const Weights& weights,
                 const Place& a, const Place& b) {
  if (!request.alpha || !request.by) {  // numbers that are equal: they have one order everywhere
    return elements[a.index].text.compare(elements[b.index].text);
  }
  const auto &left = weights[a.index], &right = weights[b.index];
  if (!left || !right) return int{left.has_value()} - int{right.has_value()};
  return left->compare(*right);
}

// Those of the window come to stand where they belong. What is in order already, one way or the
// other, as numbers that were counted up, is not sorted.
template <typename Before>
void Arrange(std::vector<Place>& places, const Window& window, Before before) {
  if (std::is_sorted(places.begin(), places.end(), before)) return;
  if (std::is_sorted(places.rbegin(), places.rend(), before)) {
    return std::reverse(places.begin(), places.end());
  }
  const auto first = places.begin() + static_cast<ptrdiff_t>(window.first);
  const auto last = first + static_cast<ptrdiff_t>(window.count);
  if (last != places.end()) std::nth_element(places.begin(), last, places.end(), before);
  if (first != last) std::nth_element(places.begin(), first, last, before);
  std::sort(first, last, before);
}

// Leaves those of the window, in order. False: the error is written.
bool Order(Context& ctx, const Request& request, Elements& elements) {
  Weights weights;
  if (!Weigh(ctx, request, elements, weights)) {
    ctx.reply.Error("ERR One or more scores can't be converted into double");
    return false;
  }
  std::vector<Place> places(elements.size());
  for (size_t i = 0; i < places.size(); ++i) places[i] = {elements[i].score, i};
  const bool descending = request.descending;
  const auto before = [&](const Place& a, const Place& b) {
    if (a.score != b.score) return descending ? a.score > b.score : a.score < b.score;
    const int order = CompareTexts(request, elements, weights, a, b);
    if (order == 0) return a.index < b.index;
    return descending ? order > 0 : order < 0;
  };
  const Window window = WindowOf(request, places.size());
  Arrange(places, window, before);
  Elements ordered;
  ordered.reserve(window.count);
  for (size_t i = window.first; i < window.first + window.count; ++i) {
    ordered.push_back(std::move(elements[places[i].index]));
  }
  elements = std::move(ordered);
  return true;
}

void Cut(const Request& request, Elements& elements) {
  const Window window = WindowOf(request, elements.size());
  const auto first = elements.begin() + static_cast<ptrdiff_t>(window.first);
  elements.erase(first + static_cast<ptrdiff_t>(window.count), elements.end());
  elements.erase(elements.begin(), first);
}

// visit(text or none) for each text of the result.
template <typename Visit>
void ForEachResult(Context& ctx, const Request& request, const Elements& elements, Visit visit) {
  for (const Element& element : elements) {
    if (request.gets.empty()) visit(std::optional<std::string_view>(element.text));
    for (const std::string_view pattern : request.gets) {
      visit(std::optional<std::string_view>(Follow(ctx, pattern, element.text)));
    }
  }
}

void Store(Context& ctx, const Request& request, const Elements& elements) {
  types::Draft draft = NewDraft(ctx, types::Form::kListNodes);
  auto list = draft.As<types::List>();
  ForEachResult(ctx, request, elements,
                [&](std::optional<std::string_view> text) { list.PushBack(text.value_or("")); });
  const size_t size = list.size();
  StoreResult<types::ListView>(ctx, *request.store, draft, events::kSortStore);
  if (size > 0) ctx.keyspace.AddDirty(size - 1);  // each element counts as a change
}

// Redis sorts a sorted set as a tree and leaves it one, which OBJECT ENCODING shows.
Item TreeOf(Context& ctx, std::string_view key) {
  {
    Edit edit = ctx.db().Write(key);
    edit.As<types::Zset>().MakeTree();
    edit.Commit(events::kSortStore, 0);
  }
  return ctx.db().Peek(key);
}

void SortGeneric(Context& ctx, Access access) {
  Request request;
  if (!ParseRequest(ctx, access, &request)) return;
  Item item = ctx.db().Read(ctx.arg(1));
  const bool is_set = item && item.type() == Type::kSet;
  if (item && !is_set && item.type() != Type::kList && item.type() != Type::kZset) {
    return ctx.WrongType();
  }
  const bool lasting = request.store || ctx.session.kind == SessionKind::kScript;
  if (is_set && !request.sorted && lasting) {
    // A set has no order of its own: replicas must not store another one, nor scripts count on it.
    request.sorted = request.alpha = true;
    request.by.reset();
  }
  if (item && item.type() == Type::kZset) item = TreeOf(ctx, ctx.arg(1));
  Elements elements = Load(item, request);
  if (request.sorted && !Order(ctx, request, elements)) return;
  if (!request.sorted && is_set) Cut(request, elements);
  if (request.store) return Store(ctx, request, elements);
  const size_t per_element = std::max<size_t>(request.gets.size(), 1);
  ctx.reply.Array(static_cast<int64_t>(elements.size() * per_element));
  ForEachResult(ctx, request, elements, [&](std::optional<std::string_view> text) {
    text ? ctx.reply.Bulk(*text) : ctx.reply.Null();
  });
}
void Sort(Context& ctx) { SortGeneric(ctx, Access::kMayStore); }
void SortRo(Context& ctx) { SortGeneric(ctx, Access::kReadOnly); }

constexpr uint32_t kAcl = kAclSet | kAclSortedSet | kAclList | kAclDangerous;

constexpr CommandSpec kRows[] = {
    {"sort",
     Sort,
     -2,
     kWrite | kDenyOom | kMovableKeys,
     kAcl,
     {At(1, kReads), Unknown(kReads), LastOption("store", kOverwrites)}},
    {"sort_ro", SortRo, -2, kReadonly | kMovableKeys, kAcl, {At(1, kReads), Unknown(kReads)}},
};
static_assert(RowsAreSound(kRows));

}  // namespace

CommandRows SortRows() { return kRows; }

}  // namespace rha::node::commands
