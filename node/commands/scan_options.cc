#include "node/commands/scan_options.h"

#include <cctype>
#include <cerrno>
#include <cstdlib>
#include <string>

namespace rha::node::commands {

bool ParseScanCursor(Context& ctx, std::string_view text, uint64_t* cursor) {
  // strtoul, since Redis takes all that it takes: "", "+1", "-1", "007".
  const std::string copy(text);
  char* end = nullptr;
  errno = 0;
  *cursor = std::strtoul(copy.c_str(), &end, 10);
  const bool blank = std::isspace(static_cast<unsigned char>(copy[0])) != 0;
  if (!blank && *end == '\0' && errno != ERANGE) return true;
  ctx.reply.Error("ERR invalid cursor");
  return false;
}

bool ParseScanOptions(Context& ctx, size_t first, ScanOf what, ScanOptions* options) {
  for (size_t i = first; i < ctx.argc(); i += 2) {
    const std::string_view word = ctx.arg(i);
    if (what == ScanOf::kFields && EqualsIgnoreCase(word, "novalues")) {
      options->no_values = true;
      --i;  // it stands alone
      continue;
    }
    if (i + 1 == ctx.argc()) return ctx.SyntaxError(), false;
    const std::string_view value = ctx.arg(i + 1);
    if (EqualsIgnoreCase(word, "count")) {
      if (!ParseInteger(ctx, value, &options->count)) return false;
      if (options->count < 1) return ctx.SyntaxError(), false;
    } else if (EqualsIgnoreCase(word, "match")) {
      options->pattern = value;
    } else if (what == ScanOf::kKeys && EqualsIgnoreCase(word, "type")) {
      options->type = value;
    } else {
      return ctx.SyntaxError(), false;
    }
  }
  return true;
}

void ReplyScan(Context& ctx, uint64_t cursor, BulkList& found) {
  ctx.reply.Array(2);
  ctx.reply.Bulk(std::to_string(cursor));
  found.WriteArray(ctx.reply);
}

}  // namespace rha::node::commands
