#include "node/commands/draws.h"

#include "node/commands/parse.h"

namespace rha::node::commands {

bool ParseDraws(Context& ctx, std::string_view option, int64_t* count, bool* in_pairs) {
  if (!ParseIntegerInRange(ctx, ctx.arg(2), -INT64_MAX, INT64_MAX, count)) return false;
  *in_pairs = ctx.argc() == 4 && EqualsIgnoreCase(ctx.arg(3), option);
  if (ctx.argc() > 3 && !*in_pairs) return ctx.SyntaxError(), false;
  if (*in_pairs && (*count < -INT64_MAX / 2 || *count > INT64_MAX / 2)) {
    return ctx.reply.Error("ERR value is out of range"), false;
  }
  return true;
}

bool TooManyDraws(Context& ctx, int64_t count) {
  if (count >= -kDrawsMax) return false;
  constexpr int64_t kDrawBytesLeast = std::string_view("$0\r\n\r\n").size();
  const int64_t draws = std::min(-count, INT64_MAX / 2 / kDrawBytesLeast);
  if (ctx.reply.out()->MayHold(static_cast<size_t>(draws * kDrawBytesLeast))) {
    ctx.reply.Error("ERR value is out of range");
  }
  return true;
}

}  // namespace rha::node::commands
