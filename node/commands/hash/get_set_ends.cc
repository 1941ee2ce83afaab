// HGETEX, HSETEX and HGETDEL of Redis 8: values of fields, and in the same step their lifetimes or
// their end. Replicas are told in words of Redis 7.4.
#include <algorithm>
#include <map>
#include <optional>
#include <vector>

#include "node/commands/families.h"
#include "node/commands/hash/field_words.h"

namespace rha::node::commands {
namespace {

using keyspace::Edit;
using keyspace::Item;
using keyspace::Type;
using types::Hash;
using types::HashView;
using types::kEndless;
namespace events = keyspace::events;

void ReplyNulls(Context& ctx, size_t count) {
  ctx.reply.Array(static_cast<int64_t>(count));
  for (size_t i = 0; i < count; ++i) ctx.reply.Null();
}

bool ReplyValue(Context& ctx, const HashView& hash, std::string_view field) {
  const std::optional<std::string_view> value = hash.Find(field);
  value ? ctx.reply.Bulk(*value) : ctx.reply.Null();
  return value.has_value();
}

void HGetDel(Context& ctx) {
  Args fields;
  if (!ParseFields(ctx, 3, 1, &fields)) return;
  Edit edit = ctx.db().Write(ctx.arg(1));
  if (!IsOrAbsent(ctx, edit.item(), Type::kHash)) return;
  if (!edit) return ReplyNulls(ctx, fields.size());
  std::vector<std::string_view> erased;
  Hash hash = edit.As<Hash>();
  ctx.reply.Array(static_cast<int64_t>(fields.size()));
  for (const std::string_view field : fields) {
    if (!ReplyValue(ctx, hash, field)) continue;
    hash.Erase(field);
    erased.push_back(field);
  }
  edit.Commit(events::kHDel, erased.size());
  ctx.PropagateNothing();
  PropagateErased(ctx, ctx.arg(1), erased);
}

// Of fields that are there.
void ChangeEnds(Context& ctx, Edit edit, const FieldOptions& options, int64_t end_ms) {
  const std::string_view key = ctx.arg(1);
  const bool at_once = options.expiry && EndsAtOnce(ctx, end_ms);
  std::vector<std::string_view> changed;
  Hash hash = edit.As<Hash>();
  ctx.reply.Array(static_cast<int64_t>(options.fields.size()));
  for (const std::string_view field : options.fields) {
    if (!ReplyValue(ctx, hash, field)) continue;
    if (options.persists && hash.EndOf(field) == kEndless) continue;
    at_once ? static_cast<void>(hash.Erase(field)) : hash.SetEnd(field, end_ms);
    changed.push_back(field);
  }
  edit.Commit(options.persists ? events::kHPersist
              : at_once        ? events::kHDel
                               : events::kHExpire,
              changed.size());
  ctx.PropagateNothing();
  if (options.persists) return PropagatePersisted(ctx, key, changed);
  at_once ? PropagateErased(ctx, key, changed) : PropagateEnd(ctx, key, end_ms, changed);
}

// key [EX ... | PERSIST] FIELDS numfields field [field ...]
void HGetEx(Context& ctx) {
  FieldOptions options;
  if (!ParseFieldOptions(ctx, FieldCommand::kGet, &options)) return;
  int64_t end_ms = kEndless;
  if (options.expiry && !ParseFieldEnd(ctx, *options.expiry, &end_ms)) return;
  if (options.expiry || options.persists) {
    Edit edit = ctx.db().Write(ctx.arg(1));
    if (!IsOrAbsent(ctx, edit.item(), Type::kHash)) return;
    if (!edit) return ReplyNulls(ctx, options.fields.size());
    return ChangeEnds(ctx, std::move(edit), options, end_ms);
  }
  const Item item = ctx.db().Read(ctx.arg(1));
  if (!IsOrAbsent(ctx, item, Type::kHash)) return;
  if (!item) return ReplyNulls(ctx, options.fields.size());
  const auto hash = item.As<HashView>();
  ctx.reply.Array(static_cast<int64_t>(options.fields.size()));
  for (const std::string_view field : options.fields) ReplyValue(ctx, hash, field);
}

// Fields and values in turn.
bool Admits(const FieldOptions& options, const Item& item) {
  using If = FieldOptions::If;
  if (options.condition == If::kAlways) return true;
  const bool want = options.condition == If::kAllPresent;
  for (size_t i = 0; i < options.fields.size(); i += 2) {
    const bool there = item && item.As<HashView>().Find(options.fields[i]).has_value();
    if (there != want) return false;
  }
  return true;
}

// What lets a replica come to the same: HSET, which ends lifetimes, and then what lifetimes there
// are.
void PropagateSet(Context& ctx, const HashView& hash, Args fields) {
  if (!ctx.state().feed_active()) return;
  std::vector<std::string_view> words = {"HSET", ctx.arg(1)};
  words.insert(words.end(), fields.begin(), fields.end());
  ctx.PropagateArgs(words);
  std::map<int64_t, std::vector<std::string_view>> by_end;
  for (size_t i = 0; i < fields.size(); i += 2) {
    by_end[hash.EndOf(fields[i]).value_or(kEndless)].push_back(fields[i]);
  }
  by_end.erase(kEndless);
  for (const auto& [end_ms, ending] : by_end) PropagateEnd(ctx, ctx.arg(1), end_ms, ending);
}

void EraseFields(Context& ctx, Edit edit, Args fields) {
  std::vector<std::string_view> erased;
  Hash hash = edit.As<Hash>();
  for (size_t i = 0; i < fields.size(); i += 2) {
    if (hash.Erase(fields[i])) erased.push_back(fields[i]);
  }
  edit.Commit(events::kHDel, erased.size());
  PropagateErased(ctx, ctx.arg(1), erased);
}

// key [FNX | FXX] [EX ... | KEEPTTL] FIELDS numfields field value [field value ...]
void HSetEx(Context& ctx) {
  FieldOptions options;
  if (!ParseFieldOptions(ctx, FieldCommand::kSet, &options)) return;
  int64_t end_ms = kEndless;
  if (options.expiry && !ParseFieldEnd(ctx, *options.expiry, &end_ms)) return;
  {
    const Item item = ctx.db().Peek(ctx.arg(1));
    if (!IsOrAbsent(ctx, item, Type::kHash)) return;
    if (!Admits(options, item)) return ctx.reply.Integer(0);
  }
  ctx.PropagateNothing();
  ctx.reply.Integer(1);
  const bool at_once = options.expiry && EndsAtOnce(ctx, end_ms);
  if (at_once)
    return EraseFields(ctx, ctx.db().WriteOrCreate(ctx.arg(1), Type::kHash), options.fields);
  Edit edit = ctx.db().WriteOrCreate(ctx.arg(1), Type::kHash);
  Hash hash = edit.As<Hash>();
  for (size_t i = 0; i < options.fields.size(); i += 2) {
    const std::string_view field = options.fields[i], value = options.fields[i + 1];
    options.keeps_end ? hash.SetKeepingEnd(field, value) : hash.Set(field, value);
    if (options.expiry) hash.SetEnd(field, end_ms);
  }
  edit.Commit(events::kHSet, options.fields.size() / 2);
  PropagateSet(ctx, hash, options.fields);
  if (options.expiry) ctx.db().Notify(events::kHExpire, ctx.arg(1));
}

constexpr CommandSpec kRows[] = {
    {"hgetdel", HGetDel, -5, kWrite | kFast, kAclHash, {At(1, kTakes)}},
    {"hgetex", HGetEx, -5, kWrite | kFast, kAclHash, {At(1, kReadsUpdates)}},
    {"hsetex", HSetEx, -6, kWrite | kDenyOom | kFast, kAclHash, {At(1, kUpdates)}},
};
static_assert(RowsAreSound(kRows));

}  // namespace

CommandRows HashGetSetEndRows() { return kRows; }

}  // namespace rha::node::commands
