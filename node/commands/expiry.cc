#include "node/commands/expiry.h"

#include <string>

namespace rha::node::commands {

namespace events = keyspace::events;

bool ParseExpiry(Context& ctx, const ExpiryArg& arg, int64_t* expire_at_ms) {
  int64_t value = 0;
  if (!ParseInteger(ctx, arg.text, &value)) return false;
  bool valid = value > 0 || arg.may_be_past;
  if (arg.in_seconds) valid = valid && !__builtin_mul_overflow(value, 1000, &value);
  if (!arg.absolute) valid = valid && !__builtin_add_overflow(value, ctx.now_ms, &value);
  if (!valid) {
    ctx.reply.Error("ERR invalid expire time in '" + std::string(ctx.spec.name) + "' command");
    return false;
  }
  *expire_at_ms = value;
  return true;
}

void EndLifeAt(Context& ctx, std::string_view key, keyspace::Edit edit, int64_t expire_at_ms) {
  // On a replica the key stays, with a time in the past, until the primary deletes it.
  if (expire_at_ms <= ctx.now_ms && !ctx.state().loading && !ctx.state().is_replica) {
    edit.Erase(events::kDel);
    return ctx.Propagate({"DEL", key});
  }
  edit.SetExpiry(expire_at_ms, events::kExpire);
  structs::DecimalText number;
  ctx.Propagate({"PEXPIREAT", key, structs::FormatDecimal(expire_at_ms, number)});
}

}  // namespace rha::node::commands
