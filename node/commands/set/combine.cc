// SINTER, SUNION, SDIFF: several sets into one, for a reply, a count or another key.
#include <algorithm>
#include <cstdint>
#include <optional>
#include <vector>

#include "node/commands/bulk_list.h"
#include "node/commands/families.h"
#include "node/commands/store.h"
#include "node/types/set.h"

namespace rha::node::commands {
namespace {

using keyspace::Item;
using keyspace::Type;
using types::Draft;
using types::Set;
using types::SetView;
namespace events = keyspace::events;

// A key that is not there counts as an empty set: nullopt.
using Sources = std::vector<std::optional<SetView>>;

// False: one is no set, the error is written.
bool ReadSources(Context& ctx, Args keys, Sources* sources) {
  sources->reserve(keys.size());
  for (const std::string_view key : keys) {
    const Item item = ctx.db().Read(key);
    if (!IsOrAbsent(ctx, item, Type::kSet)) return false;
    sources->push_back(item ? std::optional(item.As<SetView>()) : std::nullopt);
  }
  return true;
}

size_t SizeOf(const std::optional<SetView>& set) { return set ? set->size() : 0; }

// ---------------------------------------------------------------- the three operations

// visit(member) for each member that all have, until `limit` were visited.
template <typename Visit>
void Intersect(Sources& sources, size_t limit, Visit visit) {
  std::sort(sources.begin(), sources.end(),
            [](const auto& a, const auto& b) { return SizeOf(a) < SizeOf(b); });
  if (SizeOf(sources[0]) == 0) return;
  size_t visited = 0;
  uint64_t cursor = 0;
  do {
    cursor = sources[0]->Scan(cursor, [&](std::string_view member) {
      const auto lacks = [&](const auto& set) {
        return set != sources[0] && !set->Contains(member);
      };
      if (visited == limit || std::any_of(sources.begin() + 1, sources.end(), lacks)) return;
      ++visited;
      visit(member);
    });
  } while (cursor != 0 && visited < limit);
}

void Unite(Sources& sources, Set result) {
  for (const std::optional<SetView>& set : sources) {
    if (set) set->ForEach([&](std::string_view member) { result.Add(member); });
  }
}

// Members of the first that none of the others has. Either looks each of them up in every other
// set, or erases all others' members from a copy; whichever is less work.
void Subtract(Sources& sources, Set result) {
  if (!sources[0]) return;
  const SetView first = *sources[0];
  const auto others = sources.begin() + 1;
  if (std::find(others, sources.end(), first) != sources.end()) return;

  size_t lookups = 0, members = 0;
  for (const std::optional<SetView>& set : sources) {
    if (set) lookups += first.size();
    members += SizeOf(set);
  }
  if (lookups / 2 > members) {
    first.ForEach([&](std::string_view member) { result.Add(member); });
    for (auto set = others; set != sources.end() && result.size() > 0; ++set) {
      if (*set) (*set)->ForEach([&](std::string_view member) { result.Erase(member); });
    }
    return;
  }
  // The largest first, since it is the likeliest to have a member.
  std::sort(others, sources.end(),
            [](const auto& a, const auto& b) { return SizeOf(a) > SizeOf(b); });
  first.ForEach([&](std::string_view member) {
    const auto has = [&](const auto& set) { return set && set->Contains(member); };
    if (std::none_of(others, sources.end(), has)) result.Add(member);
  });
}

// ---------------------------------------------------------------- commands

using Operation = void (*)(Sources&, Set result);

void CombineAndReply(Context& ctx, Operation operate) {
  Sources sources;
  if (!ReadSources(ctx, ctx.args.subspan(1), &sources)) return;
  Draft draft = NewDraft(ctx, types::Form::kSetInts);
  operate(sources, draft.As<Set>());
  const auto result = draft.As<SetView>();
  ctx.reply.Set(static_cast<int64_t>(result.size()));
  result.ForEach([&](std::string_view member) { ctx.reply.Bulk(member); });
}
void SUnion(Context& ctx) { CombineAndReply(ctx, Unite); }
void SDiff(Context& ctx) { CombineAndReply(ctx, Subtract); }

void CombineAndStore(Context& ctx, Operation operate, keyspace::Event event) {
  Sources sources;
  if (!ReadSources(ctx, ctx.args.subspan(2), &sources)) return;
  Draft draft = NewDraft(ctx, types::Form::kSetInts);
  operate(sources, draft.As<Set>());
  StoreResult<SetView>(ctx, ctx.arg(1), draft, event);
}
void SInterStore(Context& ctx) {
  const auto intersect = [](Sources& sources, Set result) {
    Intersect(sources, SIZE_MAX, [&](std::string_view member) { result.Add(member); });
  };
  CombineAndStore(ctx, intersect, events::kSInterStore);
}
void SUnionStore(Context& ctx) { CombineAndStore(ctx, Unite, events::kSUnionStore); }
void SDiffStore(Context& ctx) { CombineAndStore(ctx, Subtract, events::kSDiffStore); }

// Needs no set of its own: no member comes twice.
void SInter(Context& ctx) {
  Sources sources;
  if (!ReadSources(ctx, ctx.args.subspan(1), &sources)) return;
  BulkList members;
  Intersect(sources, SIZE_MAX, [&](std::string_view member) { members.Add(member); });
  members.WriteSet(ctx.reply);
}

void SInterCard(Context& ctx) {
  int64_t keys = 0, limit = 0;
  if (!ParseIntegerOr(ctx, ctx.arg(1), 1, "ERR numkeys should be greater than 0", &keys)) return;
  if (keys > static_cast<int64_t>(ctx.argc()) - 2) {
    return ctx.reply.Error("ERR Number of keys can't be greater than number of args");
  }
  const auto end = static_cast<size_t>(keys) + 2;
  for (size_t i = end; i < ctx.argc(); i += 2) {
    if (!EqualsIgnoreCase(ctx.arg(i), "limit") || i + 1 == ctx.argc()) return ctx.SyntaxError();
    const char* const error = "ERR LIMIT can't be negative";
    if (!ParseIntegerOr(ctx, ctx.arg(i + 1), 0, error, &limit)) return;
  }
  Sources sources;
  if (!ReadSources(ctx, ctx.args.subspan(2, end - 2), &sources)) return;
  int64_t count = 0;
  Intersect(sources, limit == 0 ? SIZE_MAX : static_cast<size_t>(limit),
            [&](std::string_view) { ++count; });
  ctx.reply.Integer(count);
}

constexpr CommandSpec kRows[] = {
    {"sinter", SInter, -2, kReadonly, kAclSet, {Keys(1, -1, kReads)}},
    {"sinterstore",
     SInterStore,
     -3,
     kWrite | kDenyOom,
     kAclSet,
     {At(1, kUpdates), Keys(2, -1, kReads)}},
    {"sintercard", SInterCard, -3, kReadonly | kMovableKeys, kAclSet, {Counted(1, kReads)}},
    {"sunion", SUnion, -2, kReadonly, kAclSet, {Keys(1, -1, kReads)}},
    {"sunionstore",
     SUnionStore,
     -3,
     kWrite | kDenyOom,
     kAclSet,
     {At(1, kOverwrites), Keys(2, -1, kReads)}},
    {"sdiff", SDiff, -2, kReadonly, kAclSet, {Keys(1, -1, kReads)}},
    {"sdiffstore",
     SDiffStore,
     -3,
     kWrite | kDenyOom,
     kAclSet,
     {At(1, kOverwrites), Keys(2, -1, kReads)}},
};
static_assert(RowsAreSound(kRows));

}  // namespace

CommandRows SetCombineRows() { return kRows; }

}  // namespace rha::node::commands
