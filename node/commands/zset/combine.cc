// Several sorted sets, or sets with the score 1 for each member, made into one: ZUNION, ZINTER,
// ZDIFF, their ...STORE forms, ZINTERCARD.
#include <algorithm>
#include <cmath>
#include <optional>
#include <string>
#include <vector>

#include "node/commands/families.h"
#include "node/commands/store.h"
#include "node/commands/zset/zset_args.h"
#include "node/types/set.h"

namespace rha::node::commands {
namespace {

using keyspace::Item;
using keyspace::Type;
using types::SetView;
using types::Zset;
using types::ZsetView;
namespace events = keyspace::events;

// One input; nothing where there is no such key.
class Source {
 public:
  explicit Source(Item item) : item_(item) {}

  bool fits() const { return !item_ || is_set() || item_.type() == Type::kZset; }
  size_t size() const {
    if (!item_) return 0;
    return is_set() ? item_.As<SetView>().size() : item_.As<ZsetView>().size();
  }
  std::optional<double> Score(std::string_view member) const {
    if (!item_) return std::nullopt;
    if (!is_set()) return item_.As<ZsetView>().Score(member);
    return item_.As<SetView>().Contains(member) ? std::optional(1.0) : std::nullopt;
  }
  // visit(member, score)
  template <typename Visit>
  void ForEach(Visit visit) const {
    if (!item_) return;
    if (!is_set()) return item_.As<ZsetView>().ForEach(visit);
    item_.As<SetView>().ForEach([&](std::string_view member) { visit(member, 1.0); });
  }
  // As ForEach, but in steps, in no order; the cursor ends with 0.
  template <typename Visit>
  uint64_t Scan(uint64_t cursor, Visit visit) const {
    if (!item_) return 0;
    if (!is_set()) return item_.As<ZsetView>().Scan(cursor, visit);
    return item_.As<SetView>().Scan(cursor, [&](std::string_view member) { visit(member, 1.0); });
  }

  double weight = 1;

 private:
  bool is_set() const { return item_.type() == Type::kSet; }
  Item item_;
};
using Sources = std::vector<Source>;

enum class Aggregate : uint8_t { kSum, kMin, kMax };

struct CombineForm {
  size_t count_at;         // where the number of keys stands
  bool weighted = true;    // WEIGHTS and AGGREGATE are options
  bool may_score = false;  // WITHSCORES is one
  bool may_limit = false;  // LIMIT is one
};

struct CombineRequest {
  Sources sources;
  Aggregate aggregate = Aggregate::kSum;
  bool with_scores = false;
  int64_t limit = 0;  // 0: none
};

bool ParseSources(Context& ctx, const CombineForm& form, Sources* sources) {
  int64_t count = 0;
  if (!ParseInteger(ctx, ctx.arg(form.count_at), &count)) return false;
  if (count < 1) {
    ctx.reply.Error("ERR at least 1 input key is needed for '" + std::string(ctx.spec.name) +
                    "' command");
    return false;
  }
  const size_t first = form.count_at + 1;
  if (static_cast<uint64_t>(count) > ctx.argc() - first) return ctx.SyntaxError(), false;
  sources->reserve(static_cast<size_t>(count));
  for (const std::string_view key : ctx.args.subspan(first, static_cast<size_t>(count))) {
    sources->emplace_back(ctx.db().Read(key));
    if (!sources->back().fits()) return ctx.WrongType(), false;
  }
  return true;
}

bool ParseWeights(Context& ctx, size_t at, Sources* sources) {
  for (Source& source : *sources) {
    if (ParseScore(ctx.arg(at++), &source.weight)) continue;
    return ctx.reply.Error("ERR weight value is not a float"), false;
  }
  return true;
}

bool ParseAggregate(Context& ctx, std::string_view word, Aggregate* aggregate) {
  if (EqualsIgnoreCase(word, "sum")) return *aggregate = Aggregate::kSum, true;
  if (EqualsIgnoreCase(word, "min")) return *aggregate = Aggregate::kMin, true;
  if (EqualsIgnoreCase(word, "max")) return *aggregate = Aggregate::kMax, true;
  return ctx.SyntaxError(), false;
}

// Looks the keys up before it reads the options, so that a wrong type comes before a wrong word.
bool ParseCombine(Context& ctx, const CombineForm& form, CombineRequest* request) {
  if (!ParseSources(ctx, form, &request->sources)) return false;
  const size_t keys = request->sources.size();
  for (size_t i = form.count_at + 1 + keys; i < ctx.argc(); ++i) {
    const std::string_view word = ctx.arg(i);
    const size_t words_behind = ctx.argc() - i - 1;
    if (form.weighted && words_behind >= keys && EqualsIgnoreCase(word, "weights")) {
      if (!ParseWeights(ctx, i + 1, &request->sources)) return false;
      i += keys;
    } else if (form.weighted && words_behind >= 1 && EqualsIgnoreCase(word, "aggregate")) {
      if (!ParseAggregate(ctx, ctx.arg(++i), &request->aggregate)) return false;
    } else if (form.may_score && EqualsIgnoreCase(word, "withscores")) {
      request->with_scores = true;
    } else if (form.may_limit && words_behind >= 1 && EqualsIgnoreCase(word, "limit")) {
      const char* const error = "ERR LIMIT can't be negative";
      if (!ParseIntegerOr(ctx, ctx.arg(++i), 0, error, &request->limit)) return false;
    } else {
      return ctx.SyntaxError(), false;
    }
  }
  return true;
}

// ---------------------------------------------------------------- operating

double Weighted(const Source& source, double score) {
  const double weighted = source.weight * score;
  return std::isnan(weighted) ? 0 : weighted;  // 0 times infinity
}

double Aggregated(Aggregate aggregate, double a, double b) {
  switch (aggregate) {
    case Aggregate::kMin:
      return b < a ? b : a;
    case Aggregate::kMax:
      return b > a ? b : a;
    case Aggregate::kSum:
      break;
  }
  const double sum = a + b;
  return std::isnan(sum) ? 0 : sum;  // both infinities
}

// Sums depend on the order of their terms: it is Redis', by size.
void SmallestFirst(Sources* sources) {
  std::stable_sort(sources->begin(), sources->end(),
                   [](const Source& a, const Source& b) { return a.size() < b.size(); });
}

void Union(CombineRequest& request, Zset result) {
  SmallestFirst(&request.sources);
  result.Reserve(request.sources.back().size());
  for (const Source& source : request.sources) {
    source.ForEach([&](std::string_view member, double score) {
      score = Weighted(source, score);
      if (const auto known = result.Score(member)) {
        score = Aggregated(request.aggregate, *known, score);
        if (score == 0) result.Erase(member);  // or else it would keep the sign of another zero
      }
      result.Put(member, score);
    });
  }
}

void Intersect(CombineRequest& request, Zset result) {
  Sources& sources = request.sources;
  SmallestFirst(&sources);
  sources[0].ForEach([&](std::string_view member, double score) {
    score = Weighted(sources[0], score);
    for (size_t i = 1; i < sources.size(); ++i) {
      const auto other = sources[i].Score(member);
      if (!other) return;
      score = Aggregated(request.aggregate, score, sources[i].weight * *other);
    }
    result.Put(member, score);
  });
}

void Subtract(CombineRequest& request, Zset result) {
  const Sources& sources = request.sources;
  sources[0].ForEach([&](std::string_view member, double score) {
    for (size_t i = 1; i < sources.size(); ++i) {
      if (sources[i].Score(member)) return;
    }
    result.Put(member, score);
  });
}

size_t CountIntersection(CombineRequest& request) {
  Sources& sources = request.sources;
  SmallestFirst(&sources);
  const size_t limit = request.limit == 0 ? SIZE_MAX : static_cast<size_t>(request.limit);
  size_t count = 0;
  uint64_t cursor = 0;
  do {
    cursor = sources[0].Scan(cursor, [&](std::string_view member, double) {
      for (size_t i = 1; i < sources.size(); ++i) {
        if (!sources[i].Score(member)) return;
      }
      ++count;
    });
  } while (cursor != 0 && count < limit);
  return std::min(count, limit);
}

// ---------------------------------------------------------------- commands

using Operation = void (*)(CombineRequest&, Zset result);

// A tree, however few members there are: it keeps the sign of a zero.
types::Draft TreeDraft(Context& ctx) {
  static constexpr types::FormLimits kNothingFits{.zset_max_listpack_entries = 0};
  return {types::Form::kZsetPacked, kNothingFits, ctx.keyspace.secret()};
}

bool FitsPacked(const ZsetView& zset, const types::FormLimits& limits) {
  if (static_cast<int64_t>(zset.size()) > limits.zset_max_listpack_entries) return false;
  bool fits = true;
  zset.ForEach([&](std::string_view member, double) {
    fits = fits && static_cast<int64_t>(member.size()) <= limits.zset_max_listpack_value;
  });
  return fits;
}

void CombineAndReply(Context& ctx, Operation operate) {
  CombineRequest request;
  const CombineForm form{.count_at = 1, .weighted = operate != Subtract, .may_score = true};
  if (!ParseCombine(ctx, form, &request)) return;
  types::Draft draft = TreeDraft(ctx);
  operate(request, draft.As<Zset>());
  const auto result = draft.As<ZsetView>();
  result.ForEach(PairWriter(ctx.reply, ShapeOf(ctx, request.with_scores), result.size()));
}
void ZUnion(Context& ctx) { CombineAndReply(ctx, Union); }
void ZInter(Context& ctx) { CombineAndReply(ctx, Intersect); }
void ZDiff(Context& ctx) { CombineAndReply(ctx, Subtract); }

void CombineAndStore(Context& ctx, Operation operate, keyspace::Event event) {
  CombineRequest request;
  if (!ParseCombine(ctx, {.count_at = 2, .weighted = operate != Subtract}, &request)) return;
  types::Draft tree = TreeDraft(ctx);
  operate(request, tree.As<Zset>());
  const auto result = tree.As<ZsetView>();
  if (!FitsPacked(result, ctx.keyspace.form_limits())) {
    return StoreResult<ZsetView>(ctx, ctx.arg(1), tree, event);
  }
  types::Draft packed = NewDraft(ctx, types::Form::kZsetPacked);
  Zset members = packed.As<Zset>();
  result.ForEach([&](std::string_view member, double score) { members.Put(member, score); });
  StoreResult<ZsetView>(ctx, ctx.arg(1), packed, event);
}
void ZUnionStore(Context& ctx) { CombineAndStore(ctx, Union, events::kZUnionStore); }
void ZInterStore(Context& ctx) { CombineAndStore(ctx, Intersect, events::kZInterStore); }
void ZDiffStore(Context& ctx) { CombineAndStore(ctx, Subtract, events::kZDiffStore); }

void ZInterCard(Context& ctx) {
  CombineRequest request;
  if (!ParseCombine(ctx, {.count_at = 1, .weighted = false, .may_limit = true}, &request)) return;
  ctx.reply.Integer(static_cast<int64_t>(CountIntersection(request)));
}

constexpr CommandSpec kRows[] = {
    {"zunion", ZUnion, -3, kReadonly | kMovableKeys, kAclSortedSet, {Counted(1, kReads)}},
    {"zinter", ZInter, -3, kReadonly | kMovableKeys, kAclSortedSet, {Counted(1, kReads)}},
    {"zdiff", ZDiff, -3, kReadonly | kMovableKeys, kAclSortedSet, {Counted(1, kReads)}},
    {"zunionstore",
     ZUnionStore,
     -4,
     kWrite | kDenyOom | kMovableKeys,
     kAclSortedSet,
     {At(1, kOverwrites), Counted(2, kReads)}},
    {"zinterstore",
     ZInterStore,
     -4,
     kWrite | kDenyOom | kMovableKeys,
     kAclSortedSet,
     {At(1, kOverwrites), Counted(2, kReads)}},
    {"zdiffstore",
     ZDiffStore,
     -4,
     kWrite | kDenyOom | kMovableKeys,
     kAclSortedSet,
     {At(1, kOverwrites), Counted(2, kReads)}},
    {"zintercard", ZInterCard, -3, kReadonly | kMovableKeys, kAclSortedSet, {Counted(1, kReads)}},
};
static_assert(RowsAreSound(kRows));

}  // namespace

CommandRows ZsetCombineRows() { return kRows; }

}  // namespace rha::node::commands
