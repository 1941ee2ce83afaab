// Reading stretches of the order: ZRANGE with its older forms, ZRANGESTORE.
#include <algorithm>

#include "node/commands/families.h"
#include "node/commands/store.h"
#include "node/commands/zset/zset_args.h"

namespace rha::node::commands {
namespace {

using keyspace::Item;
using types::Direction;
using types::RankRange;
using types::ZsetView;
namespace events = keyspace::events;

enum class By : uint8_t { kAny, kRank, kScore, kMember };

// What the command's name says already.
struct RangeForm {
  size_t key_at = 1;
  By by = By::kAny;
  bool may_turn = false;  // REV is an option
  bool may_score = true;  // WITHSCORES is one
  Direction direction = Direction::kUp;
};

struct RangeRequest {
  std::string_view key;
  By by = By::kRank;
  Direction direction = Direction::kUp;
  bool with_scores = false;
  int64_t offset = 0;
  int64_t limit = -1;  // negative: none
  Indexes indexes{};
  types::ScoreInterval scores{};
  types::MemberInterval members{};
};

bool ParseOptions(Context& ctx, const RangeForm& form, RangeRequest* request) {
  for (size_t i = form.key_at + 3; i < ctx.argc(); ++i) {
    const std::string_view word = ctx.arg(i);
    if (form.may_score && EqualsIgnoreCase(word, "withscores")) {
      request->with_scores = true;
    } else if (EqualsIgnoreCase(word, "limit") && i + 2 < ctx.argc()) {
      if (!ParseInteger(ctx, ctx.arg(i + 1), &request->offset) ||
          !ParseInteger(ctx, ctx.arg(i + 2), &request->limit)) {
        return false;
      }
      i += 2;
    } else if (form.may_turn && request->direction == Direction::kUp &&
               EqualsIgnoreCase(word, "rev")) {
      request->direction = Direction::kDown;
    } else if (request->by == By::kAny && EqualsIgnoreCase(word, "bylex")) {
      request->by = By::kMember;
    } else if (request->by == By::kAny && EqualsIgnoreCase(word, "byscore")) {
      request->by = By::kScore;
    } else {
      return ctx.SyntaxError(), false;
    }
  }
  return true;
}

bool ParseRange(Context& ctx, const RangeForm& form, RangeRequest* request) {
  request->key = ctx.arg(form.key_at);
  request->by = form.by;
  request->direction = form.direction;
  if (!ParseOptions(ctx, form, request)) return false;
  if (request->by == By::kAny) request->by = By::kRank;
  if (request->limit != -1 && request->by == By::kRank) {
    ctx.reply.Error(
        "ERR syntax error, LIMIT is only supported in combination with either BYSCORE or BYLEX");
    return false;
  }
  if (request->with_scores && request->by == By::kMember) {
    ctx.reply.Error("ERR syntax error, WITHSCORES not supported in combination with BYLEX");
    return false;
  }
  std::string_view low = ctx.arg(form.key_at + 1), high = ctx.arg(form.key_at + 2);
  if (request->by == By::kRank) {
    return ParseIndexes(ctx, form.key_at + 1, &request->indexes);
  }
  if (request->direction == Direction::kDown) std::swap(low, high);
  return request->by == By::kScore ? ParseInterval(ctx, low, high, &request->scores)
                                   : ParseInterval(ctx, low, high, &request->members);
}

RankRange Limited(RankRange range, const RangeRequest& request) {
  const auto count = static_cast<int64_t>(range.count);
  if (request.offset < 0 || request.offset >= count) return {};
  int64_t left = count - request.offset;
  if (request.limit >= 0) left = std::min(left, request.limit);
  const bool up = request.direction == Direction::kUp;
  const int64_t skipped = up ? request.offset : count - request.offset - left;
  return {range.first + static_cast<size_t>(skipped), static_cast<size_t>(left)};
}

RankRange Select(const ZsetView& zset, const RangeRequest& request) {
  switch (request.by) {
    case By::kScore:
      return Limited(zset.Within(request.scores), request);
    case By::kMember:
      return Limited(zset.Within(request.members), request);
    case By::kAny:
    case By::kRank:
      break;
  }
  return RanksAt(zset.size(), request.indexes, request.direction);
}

void RangeGeneric(Context& ctx, const RangeForm& form) {
  RangeRequest request;
  if (!ParseRange(ctx, form, &request)) return;
  const Item item = ctx.db().Read(request.key);
  if (!item) return ctx.reply.Array(0);
  if (item.type() != keyspace::Type::kZset) return ctx.WrongType();
  const auto zset = item.As<ZsetView>();
  const RankRange range = Select(zset, request);
  zset.ForRange(range, request.direction,
                PairWriter(ctx.reply, ShapeOf(ctx, request.with_scores), range.count));
}

void ZRange(Context& ctx) { RangeGeneric(ctx, {.may_turn = true}); }
void ZRevRange(Context& ctx) {
  RangeGeneric(ctx, {.by = By::kRank, .direction = Direction::kDown});
}
void ZRangeByScore(Context& ctx) { RangeGeneric(ctx, {.by = By::kScore}); }
void ZRevRangeByScore(Context& ctx) {
  RangeGeneric(ctx, {.by = By::kScore, .direction = Direction::kDown});
}
void ZRangeByLex(Context& ctx) { RangeGeneric(ctx, {.by = By::kMember}); }
void ZRevRangeByLex(Context& ctx) {
  RangeGeneric(ctx, {.by = By::kMember, .direction = Direction::kDown});
}

void ZRangeStore(Context& ctx) {
  RangeRequest request;
  if (!ParseRange(ctx, {.key_at = 2, .may_turn = true, .may_score = false}, &request)) return;
  const Item item = ctx.db().Read(request.key);
  if (!IsOrAbsent(ctx, item, keyspace::Type::kZset)) return;
  types::Draft draft = NewDraft(ctx, types::Form::kZsetPacked);
  if (item) {
    const auto zset = item.As<ZsetView>();
    auto result = draft.As<types::Zset>();
    const RankRange range = Select(zset, request);
    // The order in which Redis adds them: as long as the result is packed, no zero keeps its sign.
    if (request.by != By::kScore && request.by != By::kMember) result.Reserve(range.count);
    zset.ForRange(range, request.direction,
                  [&](std::string_view member, double score) { result.Put(member, score); });
  }
  StoreResult<ZsetView>(ctx, ctx.arg(1), draft, events::kZRangeStore);
}

constexpr CommandSpec kRows[] = {
    {"zrange", ZRange, -4, kReadonly, kAclSortedSet, {At(1, kReads)}},
    {"zrevrange", ZRevRange, -4, kReadonly, kAclSortedSet, {At(1, kReads)}},
    {"zrangebyscore", ZRangeByScore, -4, kReadonly, kAclSortedSet, {At(1, kReads)}},
    {"zrevrangebyscore", ZRevRangeByScore, -4, kReadonly, kAclSortedSet, {At(1, kReads)}},
    {"zrangebylex", ZRangeByLex, -4, kReadonly, kAclSortedSet, {At(1, kReads)}},
    {"zrevrangebylex", ZRevRangeByLex, -4, kReadonly, kAclSortedSet, {At(1, kReads)}},
    {"zrangestore",
     ZRangeStore,
     -5,
     kWrite | kDenyOom,
     kAclSortedSet,
     {At(1, kOverwrites), At(2, kReads)}},
};
static_assert(RowsAreSound(kRows));

}  // namespace

CommandRows ZsetRangeRows() { return kRows; }

}  // namespace rha::node::commands
