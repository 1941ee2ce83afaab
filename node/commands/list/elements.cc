// Elements by index and by text: LLEN, LINDEX, LRANGE, LPOS, LSET, LINSERT, LREM, LTRIM.
#include <cstdlib>
#include <string>
#include <vector>

#include "node/commands/families.h"
#include "node/commands/list/taking.h"

namespace rha::node::commands {
namespace {

using keyspace::Edit;
using keyspace::Item;
using keyspace::Type;
using types::List;
using types::ListView;
namespace events = keyspace::events;

void LLen(Context& ctx) { ReplySize<ListView>(ctx, Type::kList); }

void LIndex(Context& ctx) {
  const Item item = ctx.db().Read(ctx.arg(1));
  if (!IsOrAbsent(ctx, item, Type::kList)) return;
  if (!item) return ctx.reply.Null();
  int64_t index = 0;
  if (!ParseInteger(ctx, ctx.arg(2), &index)) return;
  const auto reply = [&](std::string_view text) { ctx.reply.Bulk(text); };
  if (!item.As<ListView>().At(index, reply)) ctx.reply.Null();
}

void LRange(Context& ctx) {
  Indexes indexes;
  if (!ParseIndexes(ctx, 2, &indexes)) return;
  const Item item = ctx.db().Read(ctx.arg(1));
  if (!IsOrAbsent(ctx, item, Type::kList)) return;
  if (!item) return ctx.reply.Array(0);
  const ListView list = item.As<ListView>();
  const IndexRange range = Within(list.size(), indexes);
  ctx.reply.Array(static_cast<int64_t>(range.count));
  list.ForRange(range.first, range.count, ListEnd::kFront,
                [&](std::string_view text) { ctx.reply.Bulk(text); });
}

struct Search {
  ListEnd from = ListEnd::kFront;
  uint64_t rank = 1;
  int64_t matches_max = -1;  // 0: all; -1: one, and the reply is no array
  int64_t compared_max = 0;  // 0: all
};

bool ParseRank(Context& ctx, std::string_view text, Search* search) {
  int64_t rank = 0;
  if (!ParseInteger(ctx, text, &rank)) return false;
  if (rank == 0) {
    ctx.reply.Error(
        "ERR RANK can't be zero: use 1 to start from the first match, 2 from the second ... or use "
        "negative to start from the end of the list");
    return false;
  }
  search->from = rank > 0 ? ListEnd::kFront : ListEnd::kBack;
  // The least number of all has no opposite: Redis takes it for -1.
  search->rank = rank == INT64_MIN ? 1 : static_cast<uint64_t>(std::abs(rank));
  return true;
}

bool ParseSearch(Context& ctx, Search* search) {
  for (size_t i = 3; i < ctx.argc(); i += 2) {
    const std::string_view option = ctx.arg(i);
    if (i + 1 == ctx.argc()) return ctx.SyntaxError(), false;
    const std::string_view value = ctx.arg(i + 1);
    bool valid = false;
    if (EqualsIgnoreCase(option, "rank")) {
      valid = ParseRank(ctx, value, search);
    } else if (EqualsIgnoreCase(option, "count")) {
      valid = ParseIntegerOr(ctx, value, 0, "ERR COUNT can't be negative", &search->matches_max);
    } else if (EqualsIgnoreCase(option, "maxlen")) {
      valid = ParseIntegerOr(ctx, value, 0, "ERR MAXLEN can't be negative", &search->compared_max);
    } else {
      ctx.SyntaxError();
    }
    if (!valid) return false;
  }
  return true;
}

void LPos(Context& ctx) {
  Search search;
  if (!ParseSearch(ctx, &search)) return;
  const Item item = ctx.db().Read(ctx.arg(1));
  if (!IsOrAbsent(ctx, item, Type::kList)) return;
  const bool one = search.matches_max == -1;
  const size_t matches_max =
      search.matches_max == 0 ? SIZE_MAX : static_cast<size_t>(one ? 1 : search.matches_max);
  const size_t compared_max =
      search.compared_max == 0 ? SIZE_MAX : static_cast<size_t>(search.compared_max);
  std::vector<int64_t> found;
  if (item) {
    uint64_t matches = 0;
    item.As<ListView>().FindAll(ctx.arg(2), search.from, compared_max, [&](size_t index) {
      if (++matches >= search.rank) found.push_back(static_cast<int64_t>(index));
      return found.size() < matches_max;
    });
  }
  if (one) return found.empty() ? ctx.reply.Null() : ctx.reply.Integer(found[0]);
  ctx.reply.Array(static_cast<int64_t>(found.size()));
  for (const int64_t index : found) ctx.reply.Integer(index);
}

void LSet(Context& ctx) {
  Edit edit = ctx.db().Write(ctx.arg(1));
  if (!edit) return ctx.reply.Error("ERR no such key");
  if (edit.type() != Type::kList) return ctx.WrongType();
  int64_t index = 0;
  if (!ParseInteger(ctx, ctx.arg(2), &index)) return;
  const bool set = edit.As<List>().Set(index, ctx.arg(3));
  edit.Commit(events::kLSet, set ? 1 : 0);
  set ? ctx.reply.Ok() : ctx.reply.Error("ERR index out of range");
}

void LInsert(Context& ctx) {
  const bool after = EqualsIgnoreCase(ctx.arg(2), "after");
  if (!after && !EqualsIgnoreCase(ctx.arg(2), "before")) return ctx.SyntaxError();
  Edit edit = ctx.db().Write(ctx.arg(1));
  if (!edit) return ctx.reply.Integer(0);
  if (edit.type() != Type::kList) return ctx.WrongType();
  List list = edit.As<List>();
  const bool inserted =
      list.Insert(after ? List::Side::kAfter : List::Side::kBefore, ctx.arg(3), ctx.arg(4));
  const auto size = static_cast<int64_t>(list.size());
  edit.Commit(events::kLInsert, inserted ? 1 : 0);
  ctx.reply.Integer(inserted ? size : -1);
}

void LRem(Context& ctx) {
  int64_t count = 0;
  if (!ParseInteger(ctx, ctx.arg(2), &count)) return;
  Edit edit = ctx.db().Write(ctx.arg(1));
  if (!edit) return ctx.reply.Integer(0);
  if (edit.type() != Type::kList) return ctx.WrongType();
  const auto asked = static_cast<size_t>(count);
  const size_t max = count == 0 ? SIZE_MAX : (count > 0 ? asked : 0 - asked);
  const ListEnd from = count < 0 ? ListEnd::kBack : ListEnd::kFront;
  const size_t erased = edit.As<List>().EraseEqual(ctx.arg(3), from, max);
  edit.Commit(events::kLRem, erased);
  ctx.reply.Integer(static_cast<int64_t>(erased));
}

void LTrim(Context& ctx) {
  Indexes indexes;
  if (!ParseIndexes(ctx, 2, &indexes)) return;
  Edit edit = ctx.db().Write(ctx.arg(1));
  if (!edit) return ctx.reply.Ok();
  if (edit.type() != Type::kList) return ctx.WrongType();
  List list = edit.As<List>();
  const size_t size = list.size();
  const IndexRange kept = Within(size, indexes);
  list.Drop(ListEnd::kBack, size - kept.first - kept.count);
  list.Drop(ListEnd::kFront, kept.first);
  // As in Redis, WATCH and listeners learn of it even if nothing went.
  const size_t changes = size - kept.count;
  changes > 0 ? edit.Commit(events::kLTrim, changes) : edit.CommitUncounted(events::kLTrim);
  ctx.reply.Ok();
}

constexpr CommandSpec kRows[] = {
    {"llen", LLen, 2, kReadonly | kFast, kAclList, {At(1, kLooksAt)}},
    {"lindex", LIndex, 3, kReadonly, kAclList, {At(1, kReads)}},
    {"lrange", LRange, 4, kReadonly, kAclList, {At(1, kReads)}},
    {"lpos", LPos, -3, kReadonly, kAclList, {At(1, kReads)}},
    {"lset", LSet, 4, kWrite | kDenyOom, kAclList, {At(1, kUpdates)}},
    {"linsert", LInsert, 5, kWrite | kDenyOom, kAclList, {At(1, kInserts)}},
    {"lrem", LRem, 4, kWrite, kAclList, {At(1, kDeletes)}},
    {"ltrim", LTrim, 4, kWrite, kAclList, {At(1, kDeletes)}},
};
static_assert(RowsAreSound(kRows));

}  // namespace

CommandRows ListElementRows() { return kRows; }

}  // namespace rha::node::commands
