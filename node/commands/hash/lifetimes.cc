// Lifetimes of a hash's fields, as in Redis 7.4: HEXPIRE and its three relatives, HTTL and its
// three, HPERSIST.
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

// What is answered for each field.
enum Outcome : int64_t {
  kNoField = -2,
  kNoLifetime = -1,
  kConditionNotMet = 0,
  kDone = 1,
  kErased = 2,  // its end is past
};

void ReplyNoFields(Context& ctx, size_t fields) {
  ctx.reply.Array(static_cast<int64_t>(fields));
  for (size_t i = 0; i < fields; ++i) ctx.reply.Integer(kNoField);
}

enum class If : uint8_t { kAlways, kNone, kSome, kLater, kEarlier };

If ReadCondition(std::string_view word) {
  if (EqualsIgnoreCase(word, "nx")) return If::kNone;
  if (EqualsIgnoreCase(word, "xx")) return If::kSome;
  if (EqualsIgnoreCase(word, "gt")) return If::kLater;
  if (EqualsIgnoreCase(word, "lt")) return If::kEarlier;
  return If::kAlways;
}

// Without a lifetime a field ends later than at any time.
bool Admits(If condition, int64_t old_ms, int64_t end_ms) {
  switch (condition) {
    case If::kAlways:
      return true;
    case If::kNone:
      return old_ms == kEndless;
    case If::kSome:
      return old_ms != kEndless;
    case If::kLater:
      return old_ms != kEndless && end_ms > old_ms;
    case If::kEarlier:
      return old_ms == kEndless || end_ms < old_ms;
  }
  return false;
}

void SetEnds(Context& ctx, Edit edit, int64_t end_ms, If condition, Args fields) {
  const bool at_once = EndsAtOnce(ctx, end_ms);
  std::vector<std::string_view> changed;
  Hash hash = edit.As<Hash>();
  ctx.reply.Array(static_cast<int64_t>(fields.size()));
  for (const std::string_view field : fields) {
    const std::optional<int64_t> old_ms = hash.EndOf(field);
    if (!old_ms || !Admits(condition, *old_ms, end_ms)) {
      ctx.reply.Integer(old_ms ? kConditionNotMet : kNoField);
      continue;
    }
    at_once ? static_cast<void>(hash.Erase(field)) : hash.SetEnd(field, end_ms);
    changed.push_back(field);
    ctx.reply.Integer(at_once ? kErased : kDone);
  }
  edit.Commit(at_once ? events::kHDel : events::kHExpire, changed.size());
  ctx.PropagateNothing();
  at_once ? PropagateErased(ctx, ctx.arg(1), changed)
          : PropagateEnd(ctx, ctx.arg(1), end_ms, changed);
}

// key time [NX | XX | GT | LT] FIELDS numfields field [field ...]
void ExpireGeneric(Context& ctx, bool in_seconds, bool absolute) {
  int64_t end_ms = 0;
  if (!ParseFieldEnd(ctx, {ctx.arg(2), in_seconds, absolute, true}, &end_ms)) return;
  const If condition = ReadCondition(ctx.arg(3));
  Args fields;
  if (!ParseFields(ctx, condition == If::kAlways ? 4 : 5, 1, &fields)) return;
  Edit edit = ctx.db().Write(ctx.arg(1));
  if (!IsOrAbsent(ctx, edit.item(), Type::kHash)) return;
  if (!edit) return ReplyNoFields(ctx, fields.size());
  SetEnds(ctx, std::move(edit), end_ms, condition, fields);
}
void HExpire(Context& ctx) { ExpireGeneric(ctx, true, false); }
void HPExpire(Context& ctx) { ExpireGeneric(ctx, false, false); }
void HExpireAt(Context& ctx) { ExpireGeneric(ctx, true, true); }
void HPExpireAt(Context& ctx) { ExpireGeneric(ctx, false, true); }

// show(end_ms): what is answered for a field that ends.
template <typename Show>
void ReplyEnds(Context& ctx, Show show) {
  Args fields;
  if (!ParseFields(ctx, 3, 1, &fields)) return;
  const Item item = ctx.db().Read(ctx.arg(1));
  if (!IsOrAbsent(ctx, item, Type::kHash)) return;
  if (!item) return ReplyNoFields(ctx, fields.size());
  const auto hash = item.As<HashView>();
  ctx.reply.Array(static_cast<int64_t>(fields.size()));
  for (const std::string_view field : fields) {
    const std::optional<int64_t> end_ms = hash.EndOf(field);
    const bool ends = end_ms && *end_ms != kEndless;
    ctx.reply.Integer(ends ? show(*end_ms) : end_ms ? kNoLifetime : kNoField);
  }
}

int64_t InSeconds(int64_t ms) { return (ms + 999) / 1000; }
// A replica keeps what has ended until its primary says so.
int64_t LeftMs(const Context& ctx, int64_t end_ms) {
  return std::max<int64_t>(end_ms - ctx.now_ms, 0);
}

void HTtl(Context& ctx) {
  ReplyEnds(ctx, [&](int64_t end_ms) { return InSeconds(LeftMs(ctx, end_ms)); });
}
void HPTtl(Context& ctx) {
  ReplyEnds(ctx, [&](int64_t end_ms) { return LeftMs(ctx, end_ms); });
}
void HExpireTime(Context& ctx) { ReplyEnds(ctx, InSeconds); }
void HPExpireTime(Context& ctx) {
  ReplyEnds(ctx, [](int64_t end_ms) { return end_ms; });
}

void HPersist(Context& ctx) {
  Args fields;
  if (!ParseFields(ctx, 3, 1, &fields)) return;
  Edit edit = ctx.db().Write(ctx.arg(1));
  if (!IsOrAbsent(ctx, edit.item(), Type::kHash)) return;
  if (!edit) return ReplyNoFields(ctx, fields.size());
  std::vector<std::string_view> changed;
  Hash hash = edit.As<Hash>();
  ctx.reply.Array(static_cast<int64_t>(fields.size()));
  for (const std::string_view field : fields) {
    const std::optional<int64_t> end_ms = hash.EndOf(field);
    if (!end_ms || *end_ms == kEndless) {
      ctx.reply.Integer(end_ms ? kNoLifetime : kNoField);
      continue;
    }
    hash.SetEnd(field, kEndless);
    changed.push_back(field);
    ctx.reply.Integer(kDone);
  }
  edit.Commit(events::kHPersist, changed.size());
  ctx.PropagateNothing();
  PropagatePersisted(ctx, ctx.arg(1), changed);
}

constexpr uint32_t kChanges = kWrite | kFast;
constexpr uint32_t kSees = kReadonly | kFast;

constexpr CommandSpec kRows[] = {
    {"hexpire", HExpire, -6, kChanges | kDenyOom, kAclHash, {At(1, kUpdates)}},
    {"hpexpire", HPExpire, -6, kChanges | kDenyOom, kAclHash, {At(1, kUpdates)}},
    {"hexpireat", HExpireAt, -6, kChanges | kDenyOom, kAclHash, {At(1, kUpdates)}},
    {"hpexpireat", HPExpireAt, -6, kChanges | kDenyOom, kAclHash, {At(1, kUpdates)}},
    {"httl", HTtl, -5, kSees, kAclHash, {At(1, kReads)}},
    {"hpttl", HPTtl, -5, kSees, kAclHash, {At(1, kReads)}},
    {"hexpiretime", HExpireTime, -5, kSees, kAclHash, {At(1, kReads)}},
    {"hpexpiretime", HPExpireTime, -5, kSees, kAclHash, {At(1, kReads)}},
    {"hpersist", HPersist, -5, kChanges, kAclHash, {At(1, kUpdates)}},
};
static_assert(RowsAreSound(kRows));

}  // namespace

CommandRows HashLifetimeRows() { return kRows; }

}  // namespace rha::node::commands
