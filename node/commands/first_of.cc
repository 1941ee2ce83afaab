#include "node/commands/first_of.h"

namespace rha::node::commands {

bool ParseCountedPop(Context& ctx, size_t at, const EndWords& ends, CountedPop* pop) {
  int64_t key_count = 0;
  if (!ParseIntegerOr(ctx, ctx.arg(at), 1, "ERR numkeys should be greater than 0", &key_count)) {
    return false;
  }
  const size_t words = ctx.argc() - at - 1;
  if (static_cast<uint64_t>(key_count) >= words) return ctx.SyntaxError(), false;
  pop->keys = ctx.args.subspan(at + 1, static_cast<size_t>(key_count));
  const Args options = ctx.args.subspan(at + 1 + pop->keys.size());
  pop->second_end = EqualsIgnoreCase(options[0], ends.second);
  if (!pop->second_end && !EqualsIgnoreCase(options[0], ends.first)) {
    return ctx.SyntaxError(), false;
  }
  if (options.size() == 1) return true;
  if (options.size() == 2 || !EqualsIgnoreCase(options[1], "count")) {
    return ctx.SyntaxError(), false;
  }
  if (!ParseIntegerOr(ctx, options[2], 1, "ERR count should be greater than 0", &pop->count)) {
    return false;
  }
  return options.size() == 3 || (ctx.SyntaxError(), false);
}

}  // namespace rha::node::commands
