// The time to live of keys: EXPIRE and its family, TTL and its family, PERSIST.
#include <string>
#include <utility>

#include "node/commands/expiry.h"
#include "node/commands/families.h"
#include "node/commands/parse.h"

namespace rha::node::commands {
namespace {

using keyspace::Edit;
using keyspace::Item;
using keyspace::kNoExpiry;
namespace events = keyspace::events;

struct ExpireConditions {
  bool only_without = false;  // NX
  bool only_with = false;     // XX
  bool only_later = false;    // GT
  bool only_earlier = false;  // LT

  // No expiry counts as an endless one.
  bool Allow(int64_t current, int64_t wanted) const {
    const bool has = current != kNoExpiry;
    if (only_without && has) return false;
    if (only_with && !has) return false;
    if (only_later && (!has || wanted <= current)) return false;
    return !(only_earlier && has && wanted >= current);
  }
};

// False: the error is written.
bool ParseConditions(Context& ctx, ExpireConditions* conditions) {
  for (size_t i = 3; i < ctx.argc(); ++i) {
    const std::string_view word = ctx.arg(i);
    if (EqualsIgnoreCase(word, "nx")) {
      conditions->only_without = true;
    } else if (EqualsIgnoreCase(word, "xx")) {
      conditions->only_with = true;
    } else if (EqualsIgnoreCase(word, "gt")) {
      conditions->only_later = true;
    } else if (EqualsIgnoreCase(word, "lt")) {
      conditions->only_earlier = true;
    } else {
      // Redis prints it as a C string.
      ctx.reply.Error("ERR Unsupported option " + std::string(word.substr(0, word.find('\0'))));
      return false;
    }
  }
  if (conditions->only_without &&
      (conditions->only_with || conditions->only_later || conditions->only_earlier)) {
    ctx.reply.Error("ERR NX and XX, GT or LT options at the same time are not compatible");
    return false;
  }
  if (conditions->only_later && conditions->only_earlier) {
    ctx.reply.Error("ERR GT and LT options at the same time are not compatible");
    return false;
  }
  return true;
}

enum class Unit : uint8_t { kSeconds, kMillis };

void ExpireGeneric(Context& ctx, Unit unit, bool absolute) {
  ExpireConditions conditions;
  int64_t when_ms = 0;
  if (!ParseConditions(ctx, &conditions)) return;
  const ExpiryArg arg{ctx.arg(2), unit == Unit::kSeconds, absolute, /*may_be_past=*/true};
  if (!ParseExpiry(ctx, arg, &when_ms)) return;

  Edit edit = ctx.db().Write(ctx.arg(1));
  if (!edit || !conditions.Allow(edit.item().expire_at_ms(), when_ms)) return ctx.reply.Integer(0);
  EndLifeAt(ctx, ctx.arg(1), std::move(edit), when_ms);
  ctx.reply.Integer(1);
}

void Expire(Context& ctx) { ExpireGeneric(ctx, Unit::kSeconds, false); }
void ExpireAt(Context& ctx) { ExpireGeneric(ctx, Unit::kSeconds, true); }
void PExpire(Context& ctx) { ExpireGeneric(ctx, Unit::kMillis, false); }
void PExpireAt(Context& ctx) { ExpireGeneric(ctx, Unit::kMillis, true); }

void TtlGeneric(Context& ctx, Unit unit, bool absolute) {
  const Item item = ctx.db().CountedPeek(ctx.arg(1));
  if (!item) return ctx.reply.Integer(-2);
  if (!item.has_expiry()) return ctx.reply.Integer(-1);
  int64_t ttl = absolute ? item.expire_at_ms() : item.expire_at_ms() - ctx.now_ms;
  if (ttl < 0) ttl = 0;
  ctx.reply.Integer(unit == Unit::kMillis ? ttl : ttl / 1000 + (ttl % 1000 >= 500 ? 1 : 0));
}

void Ttl(Context& ctx) { TtlGeneric(ctx, Unit::kSeconds, false); }
void PTtl(Context& ctx) { TtlGeneric(ctx, Unit::kMillis, false); }
void ExpireTime(Context& ctx) { TtlGeneric(ctx, Unit::kSeconds, true); }
void PExpireTime(Context& ctx) { TtlGeneric(ctx, Unit::kMillis, true); }

void Persist(Context& ctx) {
  Edit edit = ctx.db().Write(ctx.arg(1));
  if (!edit || !edit.item().has_expiry()) return ctx.reply.Integer(0);
  edit.ClearExpiry(events::kPersist);
  ctx.reply.Integer(1);
}

constexpr CommandSpec kRows[] = {
    {"expire", Expire, -3, kWrite | kFast, kAclKeyspace, {At(1, kUpdates)}},
    {"expireat", ExpireAt, -3, kWrite | kFast, kAclKeyspace, {At(1, kUpdates)}},
    {"pexpire", PExpire, -3, kWrite | kFast, kAclKeyspace, {At(1, kUpdates)}},
    {"pexpireat", PExpireAt, -3, kWrite | kFast, kAclKeyspace, {At(1, kUpdates)}},
    {"ttl", Ttl, 2, kReadonly | kFast, kAclKeyspace, {At(1, kReads)}},
    {"pttl", PTtl, 2, kReadonly | kFast, kAclKeyspace, {At(1, kReads)}},
    {"expiretime", ExpireTime, 2, kReadonly | kFast, kAclKeyspace, {At(1, kReads)}},
    {"pexpiretime", PExpireTime, 2, kReadonly | kFast, kAclKeyspace, {At(1, kReads)}},
    {"persist", Persist, 2, kWrite | kFast, kAclKeyspace, {At(1, kUpdates)}},
};
static_assert(RowsAreSound(kRows));

}  // namespace

CommandRows ExpireRows() { return kRows; }

}  // namespace rha::node::commands
